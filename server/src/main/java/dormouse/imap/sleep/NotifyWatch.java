package dormouse.imap.sleep;

import dormouse.backend.Backend;
import dormouse.backend.Priority;
import dormouse.imap.backend.BackendConnection;
import dormouse.imap.backend.BackendFeatures;
import dormouse.imap.backend.Capabilities;
import dormouse.imap.backend.ImapString;
import dormouse.imap.backend.Reply;
import dormouse.imap.track.ResponseLine;
import dormouse.ops.EventLog;
import dormouse.session.Timer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Hears of the changes of all mailboxes of a user on one connection (NOTIFY, RFC 5465), so that not each needs a watch in IDLE.
/// ```text
/// off ──wanted──▶ opening ──NAMESPACE, ENABLE, NOTIFY SET──▶ listening ──not wanted──▶ off
///  ▲                 │ refused: never again                       │ lost, or events were
///  └──────pause──────┴────────────────────────────────────────────┘
/// ```
/// It only says "look", as a feed does: the watches go on without a connection while it listens, and look once each when it begins
/// to, for only what comes behind that is told; and when it ceases.
///
/// NOTIFY SET is said once a connection: Dovecot 2.3 and 2.4 fall silent after a second.
///
/// Lives on the user's event loop.
final class NotifyWatch implements WatchLogin.Host {
  private enum State {
    OFF,
    OPENING,
    LISTENING
  }

  private static final EventLog LOG = EventLog.of(NotifyWatch.class);
  private static final Duration STILL_THERE = Duration.ofMinutes(9); // servers hang up after 30
  private static final String EVENTS =
      "NOTIFY SET STATUS (personal (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange))";

  private final UserMailboxes home;
  private final WatchLogin login;
  private State state = State.OFF;
  private @Nullable BackendConnection connection;
  private boolean wanted;
  private boolean refused; // the backend has no NOTIFY that would do
  private @Nullable Timer timer;

  NotifyWatch(UserMailboxes home) {
    this.home = home;
    this.login = new WatchLogin(home.backend(), this);
  }

  /// Whether every change of the user's own mailboxes is told.
  boolean listening() {
    return state == State.LISTENING;
  }

  /// Whether one that listens would be of use; there must be a sleeper for it.
  void want(boolean wish) {
    if (wish == wanted) {
      return;
    }
    wanted = wish;
    if (wish) {
      open();
    } else {
      close();
    }
  }

  /// Whether it has no connection, and wants none.
  boolean rests() {
    return !wanted && state == State.OFF && connection == null && timer == null;
  }

  /// Whether it was said so.
  boolean wanted() {
    return wanted;
  }

  private void open() {
    if (wanted && !refused && state == State.OFF) {
      cancelTimer();
      state = State.OPENING;
      login.begin(Priority.SYNC);
    }
  }

  void close() {
    wanted = false;
    refused = false;
    login.abandon();
    BackendConnection open = connection;
    end();
    if (open != null) {
      open.leave();
    }
  }

  /// The user is served by this backend now: another is not listened to any more, and what another has refused may be had here.
  void servedBy(Backend backend) {
    BackendConnection open = connection;
    if (open == null ? refused : !open.backend().isSameServer(backend)) {
      close();
    }
  }

  private void end() {
    cancelTimer();
    boolean listened = state == State.LISTENING;
    state = State.OFF;
    connection = null;
    if (listened) {
      home.changes().listens();
    }
  }

  @Override
  public Sleeper applicant() {
    return home.anySleeper();
  }

  @Override
  public @Nullable Sleeper applicant(Grant grant) {
    return home.anySleeper(grant);
  }

  @Override
  public void loggedIn(BackendConnection opened, Capabilities capabilities) {
    connection = opened;
    opened.onClose(() -> lost(opened));
    opened.onUnasked(line -> hear(opened, line));
    if (!can(capabilities)) {
      refuse(opened);
      return;
    }
    home.changes()
        .askForNamespaces(opened, /* utf8= */ false, _ -> {})
        .thenCompose(reply ->
            reply.lost()
                ? CompletableFuture.completedFuture(reply)
                : subscribe(opened, capabilities.features()))
        .thenAccept(reply -> {
          if (connection != opened || reply.lost()) {
            return; // the end of the connection tries again
          }
          if (!reply.ok()) {
            refuse(opened);
            return;
          }
          login.encourage();
          state = State.LISTENING;
          home.changes().listens();
          stayThere(opened);
        })
        .exceptionally(bug -> {
          broke(bug);
          return null;
        });
  }

  /// Whether a backend's NOTIFY tells of every change: without mod-sequences it keeps flags to itself.
  static boolean can(Capabilities capabilities) {
    return capabilities.has("NOTIFY") && capabilities.features().changes().modSequences();
  }

  private static CompletableFuture<Reply> subscribe(
      BackendConnection on, BackendFeatures features) {
    CompletableFuture<Reply> enabled =
        features.enables().contains("CONDSTORE")
            ? on.run("ENABLE CONDSTORE", _ -> {})
            : on.run("STATUS INBOX (HIGHESTMODSEQ)", _ -> {}); // which switches it on too
    return enabled.thenCompose(
        reply -> reply.lost() ? CompletableFuture.completedFuture(reply) : on.run(EVENTS, _ -> {}));
  }

  private void refuse(BackendConnection opened) {
    refused = true;
    end();
    opened.leave();
  }

  private void hear(BackendConnection on, ResponseLine line) {
    if (connection != on || state != State.LISTENING) {
      return;
    }
    switch (line.kind()) {
      case STATUS -> home.changes().mayHaveChanged(ImapString.mailbox(line.data()));
      case LIST -> home.changes().mayHaveChanged(null);
      case NO -> again(on, "events-lost");
      default -> {
        if (line.codeName().equals("NOTIFICATIONOVERFLOW")) {
          again(on, "events-lost");
        }
      }
    }
  }

  /// Events were lost, and on this connection no more may come.
  private void again(BackendConnection on, String why) {
    on.close();
    end();
    retry(why);
  }

  private void stayThere(BackendConnection on) {
    cancelTimer();
    timer =
        home.wheel()
            .after(
                STILL_THERE,
                () ->
                    on.run("NOOP", line -> hear(on, line))
                        .thenAccept(reply -> {
                          if (connection == on && reply.ok()) {
                            stayThere(on);
                          }
                        }));
  }

  private void lost(BackendConnection which) {
    if (connection == which) {
      end();
      retry(WatchLogin.BACKEND_DOWN);
    }
  }

  @Override
  public void refused(Refusal refusal, Predicate<Sleeper> whom) {
    state = State.OFF; // those who sleep will learn it when they are looked after
    refused = true;
  }

  @Override
  public void failed(String why, Predicate<Sleeper> whom) {
    state = State.OFF;
    home.lose(whom, Refusal.LOGIN); // else their login would be said again and again
    retry(why);
  }

  @Override
  public void broke(Throwable bug) {
    LOG.error(bug, "watch-failed", "mailbox", "NOTIFY");
    BackendConnection open = connection;
    end();
    if (open != null) {
      open.close();
    }
    retry(WatchLogin.BACKEND_DOWN);
  }

  private void retry(String why) {
    home.metrics().sync(why, Duration.ZERO);
    if (wanted) {
      timer = home.wheel().after(login.pause(/* clientWaits= */ false), this::open);
    }
  }

  private void cancelTimer() {
    if (timer != null) {
      timer.cancel();
      timer = null;
    }
  }
}
