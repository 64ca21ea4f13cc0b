package dormouse.imap.sleep;

import dormouse.auth.LoginResult;
import dormouse.auth.LoginResult.Cause;
import dormouse.auth.Resumption;
import dormouse.auth.Standing;
import dormouse.imap.backend.BackendConnection;
import dormouse.imap.backend.BackendLogin;
import dormouse.imap.backend.Capabilities;
import dormouse.imap.backend.LoginTry;
import dormouse.ops.EventLog;
import dormouse.route.Route;
import dormouse.session.Client;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Logs a user in again whose client is not asked: the directory first, if what it has said is older than
/// `hibernate.ask-again-every`, then a backend. If that one does not let the user in, the directory is asked in any case, for the user
/// may have been moved.
/// ```text
/// begin ──old──▶ asks ──comes in──▶ logs in ──▶ logged in
///   └────new──────────────────────────▲ └──no──▶ asks ──moved──▶ logs in ──▶ the end
/// ```
/// One object a login. Lives on the user's event loop.
final class LoginAgain {
  /// What became of it.
  sealed interface Outcome {
    record LoggedIn(BackendConnection connection, Capabilities capabilities) implements Outcome {}

    /// The user is not let in, and never will be.
    record Refused(Refusal refusal) implements Outcome {}

    /// The user is let in, but not from where this client is.
    record NotFromHere() implements Outcome {}

    /// Another try may help.
    record Failed(LoginResult result) implements Outcome {}
  }

  /// What the directory has said, taken in: the same for all who have waited for it.
  sealed interface Said {
    /// The user may come in.
    ///
    /// @param anew whether there is another way in than before
    record ComesIn(boolean anew) implements Said {}

    /// The user is let in no more.
    record Refused(Refusal refusal) implements Said {}

    /// Nobody can tell now.
    record Unknown(Cause cause) implements Said {}

    /// A bug of ours.
    record Broke(Throwable bug) implements Said {}
  }

  private static final LoginResult GIVEN_UP = new LoginResult.Unavailable(Cause.CROWDED);

  /// For so long nobody doubts what the directory has said, whatever backends say.
  private static final Duration NEWS = Duration.ofSeconds(10);

  private static final EventLog LOG = EventLog.of(LoginAgain.class);

  private final UserBackend backend;
  private final UserMailboxes.Surroundings in;
  private final Client client;
  private final String clientId;
  private final Grant grant;
  private final Supplier<LoginTry> login;
  private final CompletableFuture<Outcome> outcome = new CompletableFuture<>();
  private @Nullable LoginTry running;
  private boolean asking;
  private boolean asked; // and it has answered
  private boolean hurried;
  private boolean givenUp;

  /// @param client in whose name the directory is asked
  /// @param login begins the login at the backend, where the user belongs by then
  LoginAgain(
      UserBackend backend, Client client, String clientId, Grant grant, Supplier<LoginTry> login) {
    this.backend = backend;
    this.in = backend.surroundings();
    this.client = client;
    this.clientId = clientId;
    this.grant = grant;
    this.login = login;
  }

  LoginAgain begin() {
    Standing standing = grant.standing();
    if (standing != null && standing.isDue(in.settings().askAgainEvery(), in.clock().millis())) {
      ask(standing, /* otherwise= */ null);
    } else if (standing == null || standing.allows(client)) {
      logIn();
    } else {
      later(() -> outcome.complete(new Outcome.NotFromHere()));
    }
    return this;
  }

  /// The same only if the user has been moved meanwhile: what was found where it logged in before cannot be right.
  ///
  /// @param otherwise what is to be said if it has not
  LoginAgain beginIfMoved(Refusal otherwise) {
    Standing standing = grant.standing();
    if (standing == null || !standing.isOlderThan(NEWS, in.clock().millis())) {
      later(() -> outcome.complete(new Outcome.Refused(otherwise)));
    } else {
      ask(standing, new Outcome.Refused(otherwise));
    }
    return this;
  }

  /// One question at a time: whatever is said to who has asked is said to who has come to wait for it, too.
  ///
  /// @param standing of the grant
  /// @param otherwise what became of a login where the user was; that holds unless there is another way in now, or the user is let in
  ///     no more. Null if there was none
  private void ask(Standing standing, @Nullable Outcome otherwise) {
    asking = true;
    CompletableFuture<Said> others = grant.question();
    if (others != null) {
      others.thenAccept(said -> later(() -> heard(standing, said, otherwise)));
      return;
    }
    CompletableFuture<Said> question = new CompletableFuture<>();
    grant.asks(question);
    backend
        .askAgain(standing, client, clientId)
        .whenComplete((answer, bug) ->
            later(() -> {
              grant.asks(null);
              backend.answered();
              Said said = bug == null ? takeIn(standing, answer) : new Said.Broke(bug);
              question.complete(said); // who waits for it hears it later
              heard(standing, said, otherwise);
            }));
  }

  /// Nobody is refused before the one who has asked has done what it was about: to sleep, or to wake.
  private void later(Runnable what) {
    in.loop()
        .execute(() -> {
          try {
            what.run();
          } catch (RuntimeException | AssertionError bug) {
            outcome.completeExceptionally(bug);
          }
        });
  }

  private Said takeIn(Standing standing, Resumption answer) {
    try {
      return said(standing, answer);
    } catch (RuntimeException | AssertionError bug) {
      return new Said.Broke(bug);
    }
  }

  private Said said(Standing standing, Resumption answer) {
    return switch (answer) {
      case Resumption.Unknown(var cause) -> {
        note("failed");
        yield new Said.Unknown(cause);
      }
      case Resumption.Refused(var text) -> {
        note("refused");
        yield new Said.Refused(Refusal.byDirectory(text));
      }
      case Resumption.Stays _ -> {
        standing.confirmed(in.clock().millis());
        note("untold");
        yield new Said.ComesIn(/* anew= */ false);
      }
      case Resumption.Goes goes -> {
        try {
          yield said(standing, goes);
        } finally {
          goes.credentials().wipe();
        }
      }
    };
  }

  private Said said(Standing standing, Resumption.Goes goes) {
    if (!grant.isFor(goes.credentials()) || !standing.isOf(goes.user())) {
      note("renamed");
      return new Said.Refused(Refusal.GONE); // it would be somebody else's mail
    }
    boolean moved = !goes.route().place().equals(standing.place());
    standing.confirmed(goes.route().place(), goes.from(), goes.refresh(), in.clock().millis());
    if (goes.renewed()) {
      grant.renew(goes.credentials());
    }
    boolean otherWay = !goes.route().equals(backend.route());
    if (moved) {
      backend.moved(goes);
    } else {
      backend.stays(goes);
    }
    note(moved ? "moved" : "same");
    return new Said.ComesIn(moved || otherWay || goes.renewed());
  }

  private void heard(Standing standing, Said said, @Nullable Outcome otherwise) {
    asking = false;
    switch (said) {
      case Said.Broke(var bug) -> broke(bug);
      case Said.Unknown(var cause) ->
          outcome.complete(
              otherwise == null
                  ? new Outcome.Failed(new LoginResult.Unavailable(cause))
                  : otherwise);
      case Said.Refused(var refusal) -> outcome.complete(new Outcome.Refused(refusal));
      case Said.ComesIn(var anew) -> {
        asked = true;
        goOn(standing, anew ? null : otherwise);
      }
    }
  }

  private void goOn(Standing standing, @Nullable Outcome otherwise) {
    if (otherwise != null) {
      outcome.complete(otherwise);
    } else if (!standing.allows(client)) {
      outcome.complete(new Outcome.NotFromHere());
    } else {
      logIn();
    }
  }

  private void note(String result) {
    in.metrics().askedAgain(result);
    LOG.debug("asked-again", "session", client.sessionId(), "result", result);
  }

  private void logIn() {
    if (outcome.isDone()) {
      return; // given up meanwhile
    }
    if (givenUp) {
      outcome.complete(new Outcome.Failed(GIVEN_UP));
      return;
    }
    Route way = backend.route();
    LoginTry begun = login.get();
    running = begun;
    if (hurried) {
      begun.hurry();
    }
    begun
        .outcome()
        .thenAccept(result -> {
          switch (result) {
            case BackendLogin.Outcome.LoggedIn(var connection, var capabilities) -> {
              if (backend.servedBy(connection.backend(), way)) {
                grant.letIn(in.clock().instant().minus(connection.loggedInFor()));
                outcome.complete(new Outcome.LoggedIn(connection, capabilities));
              } else { // the user has been sent elsewhere meanwhile
                connection.leave();
                logIn();
              }
            }
            case BackendLogin.Outcome.Failed(var why) -> failed(why, way);
          }
        })
        .exceptionally(this::broke);
  }

  private @Nullable Void broke(Throwable bug) {
    outcome.completeExceptionally(bug);
    return null;
  }

  private void failed(LoginResult why, Route way) {
    if (!givenUp && !backend.route().place().equals(way.place())) {
      logIn(); // what a backend says whose user has been sent elsewhere meanwhile is no answer
      return;
    }
    Refusal refusal = Refusal.of(why);
    Outcome end = refusal == null ? new Outcome.Failed(why) : new Outcome.Refused(refusal);
    Standing standing = grant.standing();
    if (standing == null || !mayBeElsewhere(standing, why)) {
      outcome.complete(end);
      return;
    }
    running = null;
    ask(standing, end);
  }

  /// Whether the backend itself does not serve, and the directory has not been asked just now.
  private boolean mayBeElsewhere(Standing standing, LoginResult why) {
    return !asked
        && !givenUp
        && standing.isOlderThan(NEWS, in.clock().millis())
        && switch (why) {
          case LoginResult.Unavailable(var cause) ->
              switch (cause) {
                case UNREACHABLE, SLOW, UNTRUSTED, REFUSED, MISROUTED -> true;
                case BUSY, FULL, LOOP, CROWDED, DIRECTORY -> false;
              };
          case LoginResult.Rejected _, LoginResult.PutOff _, LoginResult.Accepted _ -> true;
        };
  }

  /// What became of it; on the user's loop.
  CompletableFuture<Outcome> outcome() {
    return outcome;
  }

  /// Whether the directory is being asked.
  boolean asking() {
    return asking;
  }

  /// As [LoginTry#hurry].
  void hurry() {
    hurried = true;
    if (running != null) {
      running.hurry();
    }
  }

  /// As [LoginTry#giveUp]; the directory's answer still counts for who comes next.
  void giveUp() {
    givenUp = true;
    if (running != null) {
      running.giveUp();
    } else {
      outcome.complete(new Outcome.Failed(GIVEN_UP));
    }
  }
}
