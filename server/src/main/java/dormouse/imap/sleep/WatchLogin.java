package dormouse.imap.sleep;

import dormouse.auth.LoginResult;
import dormouse.backend.Priority;
import dormouse.imap.backend.BackendConnection;
import dormouse.imap.backend.Capabilities;
import java.time.Duration;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// How a watch comes to a connection: one login at a time, in the name of whoever sleeps there, and ever longer pauses
/// between those that fail.
///
/// Lives on the user's event loop.
final class WatchLogin {
  /// The watch.
  interface Host {
    /// In whose name the login is done.
    Sleeper applicant();

    /// Somebody else who sleeps there and has the same grant, if that one has gone when its turn has come; null if there is nobody.
    @Nullable Sleeper applicant(Grant grant);

    void loggedIn(BackendConnection connection, Capabilities capabilities);

    /// Some are not let in, and never will be, or have lost their mailbox.
    ///
    /// @param whom it concerns
    void refused(Refusal refusal, Predicate<Sleeper> whom);

    /// Another try may help, but none of those whose first login it was: its being rejected is the answer.
    ///
    /// @param why as metrics say it
    /// @param whom it does not help
    void failed(String why, Predicate<Sleeper> whom);

    void broke(Throwable bug);
  }

  static final String BACKEND_DOWN = "backend-down";
  private static final Duration LONGEST_PAUSE_WAITING = Duration.ofSeconds(2);
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(5);

  private final UserBackend backend;
  private final Host host;
  private final Backoff backoff = new Backoff(LONGEST_PAUSE);
  private @Nullable LoginAgain running;

  WatchLogin(UserBackend backend, Host host) {
    this.backend = backend;
    this.host = host;
  }

  /// Logs in; the host hears of the end, unless it lost interest before ([#abandon]).
  void begin(Priority priority) {
    Sleeper first = host.applicant();
    LoginAgain login = login(priority, first);
    login.begin().outcome().whenComplete((outcome, bug) -> ended(login, first.grant, outcome, bug));
  }

  /// The same only if the user has been moved meanwhile; else the host hears of what was found where it was, for those whom that concerns.
  void beginIfMoved(Priority priority, Refusal otherwise, Predicate<Sleeper> whom) {
    Sleeper first = host.applicant();
    LoginAgain login = login(priority, first);
    login
        .beginIfMoved(otherwise)
        .outcome()
        .whenComplete((outcome, bug) -> {
          if (running == login
              && outcome instanceof LoginAgain.Outcome.Refused(var refusal)
              && refusal.equals(otherwise)) {
            running = null;
            host.refused(refusal, whom);
          } else {
            ended(login, first.grant, outcome, bug);
          }
        });
  }

  private LoginAgain login(Priority priority, Sleeper first) {
    LoginAgain login =
        new LoginAgain(
            backend,
            first.client(),
            /* clientId= */ "",
            first.grant,
            () -> backend.login(priority, first, () -> atItsTurn(first.grant)));
    running = login;
    return login;
  }

  /// Null if all have gone who have come in by the grant: others come in by another login, and the directory says something else of them.
  private @Nullable Sleeper atItsTurn(Grant grant) {
    Sleeper sleeper = host.applicant(grant);
    if (sleeper == null) {
      giveUp();
    }
    return sleeper;
  }

  private void ended(
      LoginAgain begun, Grant by, LoginAgain.Outcome outcome, @Nullable Throwable bug) {
    if (running != begun) { // abandoned meanwhile
      if (outcome instanceof LoginAgain.Outcome.LoggedIn(var connection, _)) {
        backend.keep(connection, /* selected= */ false, /* afterLogout= */ false);
      }
      return;
    }
    running = null;
    if (bug != null) {
      host.broke(bug);
      return;
    }
    switch (outcome) {
      case LoginAgain.Outcome.LoggedIn(var connection, var capabilities) ->
          host.loggedIn(connection, capabilities);
      case LoginAgain.Outcome.Refused(var refusal) -> host.refused(refusal, one -> one.grant == by);
      case LoginAgain.Outcome.NotFromHere _ ->
          host.refused(Refusal.byDirectory(""), one -> one.grant == by && !by.allows(one.client()));
      case LoginAgain.Outcome.Failed(var result) -> {
        boolean refused = result instanceof LoginResult.Rejected;
        host.failed(word(result), one -> refused && one.grant == by && one.awaitsFirstLogin());
      }
    }
  }

  private static String word(LoginResult result) {
    return switch (result) {
      case LoginResult.Unavailable(var cause) ->
          switch (cause) {
            case CROWDED -> "crowded";
            case DIRECTORY -> "directory-down";
            default -> BACKEND_DOWN;
          };
      case LoginResult.Rejected _, LoginResult.PutOff _, LoginResult.Accepted _ -> BACKEND_DOWN;
    };
  }

  /// A client has come to wait for it.
  void hurry() {
    if (running != null) {
      running.hurry();
    }
  }

  /// Nobody needs it any more: it leaves the queue; one that has begun goes on, and has its end.
  void giveUp() {
    if (running != null) {
      running.giveUp();
    }
  }

  /// The same, and the host hears no more of it.
  void abandon() {
    LoginAgain abandoned = running;
    running = null;
    if (abandoned != null) {
      abandoned.giveUp();
    }
  }

  /// How long to wait before the next try.
  Duration pause(boolean clientWaits) {
    return backoff.next(clientWaits ? LONGEST_PAUSE_WAITING : LONGEST_PAUSE);
  }

  /// The backend has served, or somebody new waits for it: the next pause is short again.
  void encourage() {
    backoff.reset();
  }
}
