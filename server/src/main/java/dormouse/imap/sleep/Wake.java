package dormouse.imap.sleep;

import dormouse.auth.LoginResult;
import dormouse.auth.LoginResult.Cause;
import dormouse.imap.backend.BackendConnection;
import dormouse.imap.backend.BackendFeatures;
import dormouse.imap.backend.Capabilities;
import dormouse.imap.backend.Reply;
import dormouse.imap.track.ClientFeatures;
import dormouse.imap.track.Kind;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.track.Verb;
import dormouse.imap.view.MailboxView;
import dormouse.imap.view.UidSet;
import dormouse.ops.EventLog;
import dormouse.session.Client;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Brings a sleeping session back to a backend: the directory, if it is time to ask it again ([LoginAgain]), login, ENABLE, SELECT, and what changed since.
///
/// When the mailbox has the watermark, UIDVALIDITY and count that the client knows, nothing has to be said. Otherwise
/// the UIDs are read, then the flags changed since the watermark; from the UIDs on, whatever the backend says is the
/// client's, in order. A backend that cannot be reached is tried again until `wake-timeout`.
///
/// One object a wake. Lives on the user's event loop.
public final class Wake {
  /// What became of it.
  public sealed interface Result {
    /// @param alerts what the backend wants every user to see; owned by the receiver, may be empty
    /// @param catchUp what the client must hear of its mailbox; null if nothing
    /// @param tainted whether our own commands have switched CONDSTORE on at this connection
    /// @param recent messages that are `\Recent` to the connection, and were so to the client before
    /// @param view what the client knows once it has heard that, but for flags where changes have no numbers; null if that is not known
    record Awake(
        BackendConnection connection,
        Capabilities capabilities,
        ByteBuf alerts,
        @Nullable CatchUp catchUp,
        boolean tainted,
        UidSet recent,
        @Nullable MailboxView view)
        implements Result {}

    /// The session cannot go on.
    record Refused(dormouse.session.CloseReason reason, String bye) implements Result {}

    /// The backend could not be asked in time.
    ///
    /// @param during what it was asked last: `directory` (the one that is not the backend), `login`, `enable`, `notify`, `select`, `search`, `read`
    record Unavailable(String during) implements Result {}
  }

  private static final CompletableFuture<Reply> DONE =
      CompletableFuture.completedFuture(new Reply(Reply.Status.OK, null));
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);
  private static final int MOST_READINGS = 3;
  private static final String ASKING = "directory";
  private static final EventLog LOG = EventLog.of(Wake.class);

  private final UserMailboxes home;
  private final Client client;
  private final String clientId;
  private final Grant grant;
  private final ClientFeatures features;
  private final String notify;
  private final @Nullable Sleeper sleeper;
  private final BooleanSupplier firstLogin;
  private final CompletableFuture<Result> result = new CompletableFuture<>();
  private final Backoff backoff = new Backoff(LONGEST_PAUSE);
  private @Nullable LoginAgain login;
  private boolean doubted; // that the user is where it was
  private String during = "login";
  private int readings; // that were of no use

  /// @param notify the command that sets what the client is told without asking; "" for none
  /// @param sleeper null for a session that had nothing selected
  /// @param firstLogin asked behind a refusal: whether the client's own login is still to be made, so that its being rejected is the answer
  public Wake(
      UserMailboxes home,
      Client client,
      String clientId,
      Grant grant,
      ClientFeatures features,
      String notify,
      @Nullable Sleeper sleeper,
      BooleanSupplier firstLogin) {
    this.home = home;
    this.client = client;
    this.clientId = clientId;
    this.grant = grant;
    this.features = features;
    this.notify = notify;
    this.sleeper = sleeper;
    this.firstLogin = firstLogin;
  }

  public CompletableFuture<Result> begin() {
    home.wheel().after(home.settings().wakeTimeout(), this::cancel);
    attempt();
    return result;
  }

  private void attempt() {
    if (result.isDone()) {
      return;
    }
    LoginAgain trying = loginAgain();
    trying.begin();
    follow(trying);
  }

  private LoginAgain loginAgain() {
    during = "login";
    return new LoginAgain(
        home.backend(),
        client,
        clientId,
        grant,
        () -> home.backend().login(client, clientId, grant, features.enabledNames()));
  }

  private void follow(LoginAgain trying) {
    login = trying;
    trying
        .outcome()
        .thenAccept(outcome -> {
          switch (outcome) {
            case LoginAgain.Outcome.LoggedIn(var connection, var capabilities) -> {
              if (result.isDone()) {
                drop(connection);
                return;
              }
              enable(connection, capabilities);
            }
            case LoginAgain.Outcome.Refused(var refusal) -> end(refusal);
            case LoginAgain.Outcome.NotFromHere _ -> end(Refusal.byDirectory(""));
            case LoginAgain.Outcome.Failed(LoginResult.Rejected _) when firstLogin.getAsBoolean() ->
                end(Refusal.LOGIN);
            case LoginAgain.Outcome.Failed(var why) -> {
              if (why instanceof LoginResult.Unavailable(var cause) && cause == Cause.DIRECTORY) {
                during = ASKING;
              }
              again();
            }
          }
        })
        .exceptionally(bug -> {
          result.completeExceptionally(bug);
          return null;
        });
  }

  private void again() {
    if (!result.isDone()) {
      home.wheel().after(backoff.next(), this::attempt);
    }
  }

  /// What was read cannot be what the client knows, or the backend's answers did not agree: others may have changed the mailbox in
  /// that moment, so another connection is asked before the client is told that its view is lost.
  private void doubted(BackendConnection connection, Sleeper who, String why) {
    LOG.warn(
        "view-doubted", "session", client.sessionId(), "mailbox", who.told().name(), "why", why);
    drop(connection);
    readings++;
    if (readings < MOST_READINGS) {
      again();
    } else {
      refused(Refusal.INCONSISTENT);
    }
  }

  /// What was found where the user logged in cannot be right, unless it has been moved meanwhile.
  private void refused(Refusal refusal) {
    if (doubted || result.isDone()) {
      end(refusal);
      return;
    }
    doubted = true;
    LoginAgain elsewhere = loginAgain();
    elsewhere.beginIfMoved(refusal);
    follow(elsewhere);
  }

  private void end(Refusal refusal) {
    result.complete(new Result.Refused(refusal.reason(), refusal.bye()));
  }

  private void enable(BackendConnection connection, Capabilities capabilities) {
    String names = features.toEnable(connection.enabled());
    if (names.isEmpty()) {
      setNotify(connection, capabilities);
      return;
    }
    during = "enable";
    StringBuilder enabled = new StringBuilder(String.join(" ", connection.enabled()));
    step(
        connection,
        connection.run(
            "ENABLE " + names,
            line -> {
              if (line.kind() == Kind.ENABLED) {
                enabled.append(' ').append(line.data());
              }
            }),
        reply -> {
          if (reply.ok() && features.areIn(enabled.toString())) {
            setNotify(connection, capabilities);
            return;
          }
          drop(connection);
          refused(Refusal.INCONSISTENT);
        });
  }

  /// Comes before SELECT: from then on the connection may tell of changes at any time.
  private void setNotify(BackendConnection connection, Capabilities capabilities) {
    if (notify.isEmpty()) {
      reselect(connection, capabilities);
      return;
    }
    during = "notify";
    step(
        connection,
        connection.run(notify, _ -> {}),
        reply -> {
          if (reply.ok()) {
            reselect(connection, capabilities);
            return;
          }
          drop(connection);
          refused(Refusal.INCONSISTENT);
        });
  }

  /// Goes on with a reply unless the connection was lost, or the wake is over.
  private void step(
      BackendConnection connection,
      CompletableFuture<Reply> running,
      java.util.function.Consumer<Reply> next) {
    running
        .thenAccept(reply -> {
          if (result.isDone()) {
            drop(connection);
            return;
          }
          if (reply.lost()) {
            drop(connection);
            again();
            return;
          }
          next.accept(reply);
        })
        .exceptionally(bug -> {
          drop(connection);
          result.completeExceptionally(bug);
          return null;
        });
  }

  private static void drop(BackendConnection connection) {
    connection.leave();
  }

  private void reselect(BackendConnection connection, Capabilities capabilities) {
    if (sleeper == null) {
      awake(connection, capabilities, Unpooled.EMPTY_BUFFER, null, false, null);
      return;
    }
    during = "select";
    Sleeper who = sleeper;
    SelectedMailbox now = new SelectedMailbox(who.told().name(), who.told().examine());
    ByteBuf alerts = Unpooled.buffer(0);
    AtomicBoolean moved = new AtomicBoolean();
    Verb verb = now.examine() ? Verb.EXAMINE : Verb.SELECT;
    boolean condstore =
        features.implicitCondstore() && capabilities.features().changes().modSequences();
    String opens = now.name() + (condstore ? " (CONDSTORE)" : "");
    SelectQuery query = notify.isEmpty() ? SelectQuery.of(verb, opens, features) : null;
    SelectCache.Asked asked = query == null ? null : home.answers().selects().ask(query);
    step(
        connection,
        connection.run(
            verb + " " + opens,
            line -> {
              now.hear(line);
              if (asked != null) {
                asked.hear(line);
              }
              moved.compareAndSet(false, isNews(line)); // NOTIFY tells it at any time
              if (line.isAlert()) {
                write(alerts, line);
              }
            }),
        reply -> {
          Refusal refusal = null;
          boolean later = false;
          if (reply.ok()) {
            if (asked != null && reply.line() != null) {
              asked.answered(reply.line(), now, /* left= */ false);
            }
            refusal = Refusal.ofMailbox(who.view(), now);
          } else {
            refusal = Refusal.ofSelect(reply);
            later = refusal == null;
          }
          if (refusal != null || later) {
            drop(connection);
            if (refusal != null) {
              refused(refusal);
            } else {
              again();
            }
            return;
          }
          restore(connection, capabilities, who, now, alerts, moved);
        });
  }

  /// Saves the client's search result again, and learns whether it counts a message as `\Recent` twice; before the UIDs are
  /// read, for what is told of changes meanwhile is in them.
  ///
  /// @param moved whether something changed since SELECT
  private void restore(
      BackendConnection connection,
      Capabilities capabilities,
      Sleeper who,
      SelectedMailbox now,
      ByteBuf alerts,
      AtomicBoolean moved) {
    during = "search";
    Consumer<ResponseLine> untagged =
        line -> {
          now.hear(line);
          moved.compareAndSet(false, MailboxReader.tellsOfChange(line));
        };
    UidSearch search = new UidSearch(untagged);
    CompletableFuture<Reply> restored =
        who.own.saved().isEmpty() ? DONE : connection.run(who.own.save(), untagged);
    boolean maybeTwice = !who.own.recent().isEmpty() && now.recent() > 0;
    step(
        connection,
        restored.thenCompose(reply ->
            reply.ok() && maybeTwice
                ? search.run(connection, OwnSets.SEARCH_RECENT)
                : CompletableFuture.completedFuture(reply)),
        reply -> {
          if (!reply.ok()) {
            drop(connection);
            refused(Refusal.INCONSISTENT);
            return;
          }
          recent = search.found().intersect(who.own.recent());
          compare(connection, capabilities, who, now, alerts, moved.get());
        });
  }

  /// @param moved whether something changed since SELECT
  private void compare(
      BackendConnection connection,
      Capabilities capabilities,
      Sleeper who,
      SelectedMailbox now,
      ByteBuf alerts,
      boolean moved) {
    if (!moved && numbersChanges(capabilities, now) && unchanged(who.view(), now)) {
      ByteBuf keywords =
          catchUp(who, now, who.view().uids(), now.highestModSeq(), List.of(), false).flagLists();
      alerts.writeBytes(keywords); // which servers make without a change of any message
      keywords.release();
      awake(connection, capabilities, alerts, null, false, who.view());
      return;
    }
    read(connection, capabilities, who, now, alerts);
  }

  private static boolean isNews(ResponseLine line) {
    return switch (line.kind()) {
      case FETCH, EXPUNGE, VANISHED -> true;
      default -> false;
    };
  }

  private static void write(ByteBuf out, ResponseLine line) {
    out.writeCharSequence(line.text() + "\r\n", StandardCharsets.ISO_8859_1);
  }

  /// Whether changes of the mailbox may have mod-sequences; Dovecot tells of none in SELECT before somebody has asked for them.
  private static boolean numbersChanges(Capabilities capabilities, SelectedMailbox now) {
    return capabilities.features().changes().modSequences() && !now.noModSeq();
  }

  private static boolean unchanged(MailboxView known, SelectedMailbox now) {
    return known.highestModSeq() > 0
        && now.highestModSeq() == known.highestModSeq()
        && now.exists() == known.uids().size()
        && (known.uidNext() == 0 || now.uidNext() == known.uidNext());
  }

  private void read(
      BackendConnection connection,
      Capabilities capabilities,
      Sleeper who,
      SelectedMailbox now,
      ByteBuf alerts) {
    during = "read";
    found = null;
    BackendFeatures can = capabilities.features();
    MailboxView known = who.view();
    boolean numbered = numbersChanges(capabilities, now);
    Refusal refusal =
        numbered ? null : Refusal.ofUnnumbered(known, now, home.settings().plainMaxMessages());
    if (refusal != null) {
      drop(connection);
      refused(refusal);
      return;
    }
    long watermark = numbered ? now.highestModSeq() : 0;
    boolean everyFlag = known.highestModSeq() > watermark;
    ViewReader reader =
        new ViewReader(
            connection, can, ViewReader.Acceptance.CHANGES_AFTER, now::exists, now::hear);
    CompletableFuture<Reply> read =
        reader
            .uids()
            .thenCompose(uids -> {
              if (uids == null) {
                return CompletableFuture.completedFuture(
                    reader.lost() ? Reply.GONE : new Reply(Reply.Status.NO, null));
              }
              CompletableFuture<Reply> flags =
                  known.uids().isEmpty()
                      ? CompletableFuture.completedFuture(new Reply(Reply.Status.OK, null))
                      : reader.thenRun(
                          "UID FETCH 1:"
                              + known.uids().last()
                              + (everyFlag ? MailboxReader.everyFlag(watermark) : newFlags(known)));
              return flags.thenApply(reply -> {
                if (reply.ok()) {
                  found = uids;
                }
                return reply;
              });
            });
    step(
        connection,
        read,
        _ -> {
          var uids = found;
          CatchUp catchUp =
              uids == null ? null : catchUp(who, now, uids, watermark, reader.after(), everyFlag);
          if (catchUp == null) {
            doubted(connection, who, reader.failed() ? "refused" : "unsettled");
            return;
          }
          if (!catchUp.consistent()) {
            doubted(connection, who, "strange-uid");
            return;
          }
          awake(
              connection,
              capabilities,
              alerts,
              catchUp,
              can.changes().modSequences(),
              view(who, now, catchUp.uids(), watermark));
        });
  }

  private static String newFlags(MailboxView known) {
    return known.highestModSeq() > 0
        ? " (FLAGS) (CHANGEDSINCE " + known.highestModSeq() + ")"
        : " (FLAGS)"; // all are compared with those known
  }

  private static @Nullable MailboxView view(
      Sleeper who, SelectedMailbox now, @Nullable UidSet uids, long watermark) {
    MailboxView before = who.view();
    return uids == null
        ? null
        : new MailboxView(
            before.uidValidity(), Math.max(before.uidNext(), now.uidNext()), watermark, uids, null);
  }

  private static CatchUp catchUp(
      Sleeper who,
      SelectedMailbox now,
      UidSet uids,
      long watermark,
      List<ResponseLine> fetched,
      boolean everyFlag) {
    return new CatchUp(
        who.view(),
        new CatchUp.Present(
            uids, now.recent(), UidSet.EMPTY, now.flags(), watermark, fetched, everyFlag),
        who.told(),
        who.form(),
        who.rev2,
        who.own.recent());
  }

  private @Nullable UidSet found; // by the reading that is under way
  private UidSet recent = UidSet.EMPTY;

  private void awake(
      BackendConnection connection,
      Capabilities capabilities,
      ByteBuf alerts,
      @Nullable CatchUp catchUp,
      boolean tainted,
      @Nullable MailboxView view) {
    if (connection.saysBye() && !result.isDone()) { // what the client asks would be lost there
      alerts.release();
      drop(connection);
      again();
      return;
    }
    if (!result.complete(
        new Result.Awake(connection, capabilities, alerts, catchUp, tainted, recent, view))) {
      drop(connection);
    }
  }

  /// The client has gone, or must wait no longer.
  public void cancel() {
    if (login != null && login.asking()) {
      during = ASKING;
    }
    if (result.complete(new Result.Unavailable(during)) && login != null) {
      login.giveUp();
    }
  }
}
