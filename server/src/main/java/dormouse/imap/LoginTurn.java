package dormouse.imap;

import dormouse.auth.LoginGuard;
import dormouse.auth.LoginResult;
import dormouse.directory.Attempt;
import dormouse.session.Client;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// The turn of a client's login among others ([LoginGuard]), from its wish to what comes of it; one object for all logins of a dialogue.
///
/// Lives on its client's event loop.
final class LoginTurn {
  private final ImapDialogue dialogue;
  private final ImapDialogue.Setup setup;
  private final LoginEvents events;
  private LoginGuard.@Nullable Attempt turn;
  private boolean held; // it waits

  LoginTurn(ImapDialogue dialogue, ImapDialogue.Setup setup, LoginEvents events) {
    this.dialogue = dialogue;
    this.setup = setup;
    this.events = events;
  }

  /// A login begins as soon as it may, or is refused.
  void await(Client client, String tag, Attempt attempt) {
    LoginGuard.Attempt own = setup.guard().attempt(client, attempt.user());
    turn = own;
    admit(own, tag, attempt);
  }

  private void admit(LoginGuard.Attempt waiting, String tag, Attempt attempt) {
    if (!dialogue.decides()) {
      attempt.proof().wipe(); // the client has left
      return;
    }
    LoginGuard.Verdict verdict = waiting.admit();
    held = verdict instanceof LoginGuard.Verdict.Wait;
    switch (verdict) {
      case LoginGuard.Verdict.Go _ -> {
        if (waiting.waited()) {
          setup.metrics().throttled("delayed");
        }
        setup.login().attempt(dialogue, tag, attempt);
      }
      case LoginGuard.Verdict.Wait(var until) ->
          dialogue.wheel().after(until, () -> admit(waiting, tag, attempt));
      case LoginGuard.Verdict.Refuse(var result, var pretended) -> {
        if (waiting.waited()) {
          setup.metrics().throttled("refused");
        }
        attempt.proof().wipe();
        if (pretended) {
          setup.guard().pretend(attempt, dialogue).thenRun(() -> dialogue.refuse(tag, result));
        } else {
          dialogue.refuse(tag, result);
        }
      }
    }
  }

  /// Whether it has not come yet.
  boolean held() {
    return held;
  }

  /// Whether others should log in first, at a backend that is not free: see [dormouse.auth.LoginThrottle].
  boolean doubted() {
    return turn != null && turn.doubted();
  }

  /// However long the login is held up now, it makes nobody else wait.
  void proven() {
    if (turn != null) {
      turn.ended(new LoginResult.Accepted());
    }
  }

  /// Tells what has come of it.
  void decided(Client client, DialoguePhase.Deciding login, LoginResult result) {
    if (turn != null) {
      turn.ended(result);
      turn = null;
    }
    Duration took = Duration.between(login.since(), setup.clock().instant());
    events.decided(client, login.attempt().user(), result, took);
  }

  /// The client has left, or is sent away, before that.
  void left() {
    if (turn != null) {
      turn.left();
      turn = null;
    }
  }
}
