package dormouse.auth;

import dormouse.config.LoginSettings;
import dormouse.config.Network;
import dormouse.session.Client;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/// Decides, before anybody is asked about a password, whether this client may try it now. Any thread.
public final class LoginGuard {
  /// What a client may do.
  public sealed interface Verdict {
    /// The login begins.
    record Go() implements Verdict {}

    /// Ask again, after so long.
    record Wait(Duration until) implements Verdict {}

    /// The login does not begin.
    record Refuse(LoginResult result) implements Verdict {}
  }

  private static final Verdict GO = new Verdict.Go();
  private static final Verdict TOO_MANY =
      new Verdict.Refuse(
          new LoginResult.Rejected("LIMIT", "Too many failed logins, try again later"));
  private static final char MASTER_SEPARATOR = '*'; // Dovecot: auth_master_user_separator

  private final LoginSettings settings;
  private final LoginThrottle throttle;

  public LoginGuard(LoginSettings settings, LoginThrottle throttle) {
    this.settings = settings;
    this.throttle = throttle;
  }

  /// A login that a client wants to begin.
  public Attempt attempt(Client client, String user) {
    boolean welcome =
        !isAdmin(user) || Network.contain(settings.adminsFrom(), client.remote().getAddress());
    return new Attempt(client, welcome, throttle.attempt(client.remote().getAddress(), user));
  }

  /// Also of `ann*root`, by which the master user root logs in as ann.
  private boolean isAdmin(String user) {
    List<String> admins = settings.admins();
    String name = user.toLowerCase(Locale.ROOT);
    String master = name.substring(name.lastIndexOf(MASTER_SEPARATOR) + 1);
    return admins.stream()
        .map(admin -> admin.toLowerCase(Locale.ROOT))
        .anyMatch(admin -> admin.equals(name) || admin.equals(master));
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
        return new Verdict.Refuse(new LoginResult.Unavailable(LoginResult.Cause.LOOP));
      }
      Duration wait = turn.admit();
      if (wait == null) {
        return TOO_MANY;
      }
      if (!wait.isZero()) {
        return new Verdict.Wait(wait);
      }
      return welcome ? GO : new Verdict.Refuse(new LoginResult.Rejected("", ""));
    }

    /// Whether it has had to wait for its turn.
    public boolean waited() {
      return turn.waited();
    }

    /// Whether others should come before it, if it has begun.

    /// Its client has left before that.
    public void left() {
      turn.left();
    }
    public boolean doubted() {
      return turn.doubted();
    }

    /// It was decided on.
    public void ended(LoginResult result) {
      turn.ended(result);
    }
  }
}
