package dormouse.auth;

import dormouse.config.LoginSettings;
import dormouse.session.Client;
import java.net.InetAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;

/// Decides, before anybody is asked about a password, whether this client may try it now. Any thread.
public final class LoginGuard {
  /// What a client may do.
  public sealed interface Verdict {
    /// The login begins.
    record Go() implements Verdict {}

    /// Ask again, after so long.
    record Wait(Duration until) implements Verdict {}

    /// The login does not begin.
    ///
    /// @param pretended whether it is to look as if it had: see [#pretend]
    record Refuse(LoginResult result, boolean pretended) implements Verdict {}
  }

  private static final Verdict GO = new Verdict.Go();
  private static final Verdict TOO_MANY =
      new Verdict.Refuse(
          new LoginResult.Rejected("LIMIT", "Too many failed logins, try again later"), false);

  private final Admins admins;
  private final LoginThrottle throttle;
  private final UnaryOperator<String> naming;

  /// @param naming what the directory's first steps make of a name that a client has typed
  public LoginGuard(LoginSettings settings, LoginThrottle throttle, UnaryOperator<String> naming) {
    this.admins = Admins.of(settings);
    this.throttle = throttle;
    this.naming = naming;
  }

  /// Asks the client what it would be asked if its login had begun, so that it does not learn who may not come from where it is.
  ///
  /// @return completed when it may hear the refusal
  public CompletableFuture<?> pretend(dormouse.directory.Attempt attempt, SaslClient client) {
    return SaslProofs.told(attempt, naming.apply(attempt.user()), "", "", client);
  }

  /// A login that a client wants to begin.
  public Attempt attempt(Client client, String typed) {
    InetAddress from = client.remote().getAddress();
    String user = naming.apply(typed);
    boolean welcome = admins.allow(typed, from) && admins.allow(user, from);
    return new Attempt(client, welcome, throttle.attempt(from, user));
  }

  /// One login. Lives on its session's event loop.
  public static final class Attempt {
    private final Client client;
    private final boolean welcome;
    private final LoginThrottle.Attempt turn;

    private Attempt(Client client, boolean welcome, LoginThrottle.Attempt turn) {
      this.client = client;
      this.welcome = welcome;
      this.turn = turn;
    }

    /// Whether it may begin.
    public Verdict admit() {
      if (client.via().hopsLeft() == 0) {
        return new Verdict.Refuse(new LoginResult.Unavailable(LoginResult.Cause.LOOP), false);
      }
      Duration wait = turn.admit();
      if (wait == null) {
        return TOO_MANY;
      }
      if (!wait.isZero()) {
        return new Verdict.Wait(wait);
      }
      return welcome ? GO : new Verdict.Refuse(new LoginResult.Rejected("", ""), true);
    }

    /// Whether it has had to wait for its turn.
    public boolean waited() {
      return turn.waited();
    }

    /// Whether others should come before it, if it has begun.
    public boolean doubted() {
      return turn.doubted();
    }

    /// It was decided on.
    public void ended(LoginResult result) {
      turn.ended(result);
    }

    /// Its client has left before that.
    public void left() {
      turn.left();
    }
  }
}
