package dormouse.imap.sleep;

import dormouse.backend.Backend;
import dormouse.imap.backend.BackendConnection;
import dormouse.imap.backend.Reply;
import dormouse.imap.track.ResponseLine;
import dormouse.ops.EventLog;
import dormouse.session.Client;
import dormouse.session.Timer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Asks the backend for STATUS in the name of a user's sleeping sessions, on one connection for all of them, which is kept for
/// the next question for `hibernate.sync-linger`, unless a session that wakes needs it sooner. So a client that only polls sleeps on when something has changed.
///
/// Who cannot be answered here wakes, nor does it wait longer than `hibernate.wake-timeout` to be: that it was tried costs no more than that time.
///
/// Lives on the user's event loop.
public final class StatusDesk {
  /// In whose name it is asked.
  public record Asker(Client client, String clientId, Grant grant) {}

  /// A question that waits for its answer.
  ///
  /// @param then hears the answer once, null if there is none; not called if it is forgotten before
  public record Question(
      StatusQuery query, Asker asker, Consumer<StatusCache.@Nullable Answer> then) {}

  /// @param since when it was asked
  /// @param late gives it up
  private record Waiting(Question question, Proof since, Timer late) {}

  private static final EventLog LOG = EventLog.of(StatusDesk.class);

  private final UserMailboxes home;
  private final List<Waiting> waiting = new ArrayList<>();
  private @Nullable LoginAgain login;
  private @Nullable BackendConnection connection;
  private boolean canRefresh;
  private boolean asking;
  private @Nullable Timer timer; // until it leaves, when there is nothing to ask

  StatusDesk(UserMailboxes home) {
    this.home = home;
  }

  /// Asks as soon as it can.
  public void ask(Question question) {
    Timer late = home.wheel().after(home.settings().wakeTimeout(), () -> late(question));
    Proof since = statuses().proof(question.query().mailbox());
    waiting.add(new Waiting(question, since, late));
    if (asking || login != null) {
      return;
    }
    if (connection == null) {
      open();
    } else {
      serve(connection);
    }
  }

  /// Whether it asks nothing and has no connection.
  boolean rests() {
    return waiting.isEmpty() && login == null && connection == null && !asking && timer == null;
  }

  /// Nobody wants to know any more.
  public void forget(Question question) {
    take(question);
    if (waiting.isEmpty() && login != null) {
      login.giveUp();
    }
  }

  /// Returns whether it still waited.
  private boolean take(Question question) {
    Iterator<Waiting> all = waiting.iterator();
    while (all.hasNext()) {
      Waiting one = all.next();
      if (one.question().equals(question)) {
        one.late().cancel();
        all.remove();
        return true;
      }
    }
    return false;
  }

  private void late(Question question) {
    forget(question);
    question.then().accept(null);
  }

  private void open() {
    Asker first = applicant();
    LoginAgain opening =
        new LoginAgain(
            home.backend(),
            first.client(),
            first.clientId(),
            first.grant(),
            () -> home.backend().login(this::applicant));
    login = opening;
    opening
        .begin()
        .outcome()
        .whenComplete((outcome, bug) -> {
          if (outcome instanceof LoginAgain.Outcome.LoggedIn(var opened, var capabilities)) {
            if (login == opening && !waiting.isEmpty()) {
              login = null;
              canRefresh = capabilities.features().listStatus();
              opened.onClose(() -> lost(opened));
              opened.onUnasked(_ -> {});
              connection = opened;
              serve(opened);
              return;
            }
            opened.leave();
          }
          if (login == opening) {
            if (bug != null) {
              LOG.error(bug, "status-failed");
            }
            giveUp();
            home.rests();
          }
        });
  }

  private Asker applicant() {
    return waiting.getFirst().question().asker();
  }

  /// All who wait are on their own.
  private void giveUp() {
    cancelTimer();
    LoginAgain opening = login;
    login = null;
    if (opening != null) {
      opening.giveUp();
    }
    List<Waiting> all = List.copyOf(waiting);
    waiting.clear();
    all.forEach(one -> one.late().cancel());
    all.forEach(one -> one.question().then().accept(null));
  }

  private void lost(BackendConnection which) {
    if (connection == which) {
      connection = null;
      asking = false;
      giveUp();
      home.rests();
    }
  }

  private void serve(BackendConnection on) {
    cancelTimer();
    if (waiting.isEmpty()) {
      timer = home.wheel().after(home.settings().syncLinger(), this::close);
      return;
    }
    asking = true;
    step(on)
        .whenComplete((_, bug) -> {
          if (bug != null) {
            LOG.error(bug, "status-failed");
          }
          if (bug != null || !on.open()) {
            on.close();
            lost(on);
          } else if (connection == on) {
            asking = false;
            serve(on);
          }
        });
  }

  private StatusCache statuses() {
    return home.answers().statuses();
  }

  private CompletableFuture<?> step(BackendConnection on) {
    StatusQuery first = waiting.getFirst().question().query();
    if (home.changes().asksForNamespaces(first.mailbox())) {
      return home.changes().askForNamespaces(on, /* utf8= */ false, _ -> {});
    }
    if (canRefresh
        && StatusRefresh.isDue(statuses(), first, /* modSeqs= */ true, /* here= */ null)) {
      return StatusRefresh.run(on, statuses(), /* modSeqs= */ true, /* here= */ null, _ -> {})
          .thenCompose(reply -> refreshed(on, reply));
    }
    return askFor(on);
  }

  /// Nothing is to be done on a connection that was left meanwhile: who waits now has asked since.
  private CompletableFuture<?> refreshed(BackendConnection on, Reply reply) {
    if (connection != on) {
      return CompletableFuture.completedFuture(reply);
    }
    canRefresh &= reply.ok();
    return askFor(on);
  }

  /// Answers all who wait: from what is kept by now, else each question is asked once.
  private CompletableFuture<?> askFor(BackendConnection on) {
    Map<StatusQuery, List<Question>> open = new LinkedHashMap<>();
    for (Waiting each : List.copyOf(waiting)) {
      Question one = each.question();
      StatusCache.Answer found = statuses().find(one.query(), each.since());
      if (found == null) {
        open.computeIfAbsent(one.query(), _ -> new ArrayList<>(1)).add(one);
      } else if (take(one)) {
        one.then().accept(found);
      }
    }
    return CompletableFuture.allOf(
        open.entrySet().stream()
            .map(entry -> askFor(on, entry.getKey(), entry.getValue()))
            .toArray(CompletableFuture<?>[]::new));
  }

  private CompletableFuture<?> askFor(
      BackendConnection on, StatusQuery query, List<Question> asked) {
    StatusCache.Asked ticket = statuses().ask(query);
    List<String> answer = new ArrayList<>(1);
    return on.run(
            "STATUS " + query.arguments(),
            line -> {
              if (answer.isEmpty() && query.isAnsweredBy(line)) {
                answer.add(line.text());
              }
            })
        .thenAccept(reply -> answered(ticket, answer, reply, asked));
  }

  private void answered(
      StatusCache.Asked ticket, List<String> lines, Reply reply, List<Question> asked) {
    ResponseLine line = reply.line();
    StatusCache.Answer answer = null;
    if (line != null) {
      String text = line.text().substring(line.tag().length() + 1);
      answer = new StatusCache.Answer(lines.isEmpty() ? null : lines.getFirst(), text);
    }
    if (answer != null && reply.ok() && answer.line() != null) {
      ticket.answered(answer);
    } else {
      ticket.failed();
    }
    StatusCache.Answer said = reply.ok() && lines.isEmpty() ? null : answer;
    for (Question one : asked) {
      if (take(one)) {
        one.then().accept(said);
      }
    }
  }

  /// The connection, if nothing is asked on it, given up for a login for which it does; null if there is none.
  @Nullable BackendConnection spare(Predicate<BackendConnection> does) {
    BackendConnection open = connection;
    if (open == null
        || asking
        || !open.restful()
        || !does.test(open)
        || !home.backend().mayKeep(open, /* selected= */ false)) {
      return null;
    }
    cancelTimer();
    connection = null;
    open.switchedOn(open.enabled(), /* numbered= */ true); // by a STATUS for HIGHESTMODSEQ
    return open;
  }

  /// The user is served by this backend now: others are asked no more.
  void servedBy(Backend backend) {
    if (connection != null && !connection.backend().isSameServer(backend)) {
      close();
    }
  }

  /// Nothing is asked any more, until somebody asks again.
  void close() {
    cancelTimer();
    giveUp();
    BackendConnection open = connection;
    connection = null;
    asking = false;
    if (open != null) {
      open.leave();
    }
    home.rests();
  }

  private void cancelTimer() {
    if (timer != null) {
      timer.cancel();
      timer = null;
    }
  }
}
