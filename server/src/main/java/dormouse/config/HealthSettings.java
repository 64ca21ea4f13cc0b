package dormouse.config;

import static java.time.Duration.ofHours;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// How it is known whether a backend serves. What becomes of clients' logins always counts.
///
/// @param check what is tried beside the logins of clients
/// @param interval between two checks; 100ms to 1h
/// @param timeout for all of a check; 10ms to 5m
/// @param downAfter failures in a row, of checks and logins, after which it counts as down; 1 to 1000
/// @param upAfter successes in a row after which it counts as up again; 1 to 1000
/// @param user who logs in for `check: login`; null: nobody
/// @param passwordFile the user's password as its only line
public record HealthSettings(
    Check check,
    Duration interval,
    Duration timeout,
    int downAfter,
    int upAfter,
    @Nullable String user,
    @Nullable Path passwordFile) {
  public static final HealthSettings DEFAULT =
      new HealthSettings(Check.GREETING, ofSeconds(10), ofSeconds(5), 3, 2, null, null);

  /// The logins of clients alone tell.
  public static final HealthSettings UNCHECKED = DEFAULT.withCheck(Check.NONE);

  private HealthSettings withCheck(Check other) {
    return Derived.from(this, "check", other);
  }

  /// What is tried; each includes those before it.
  public enum Check {
    /// Nothing.
    NONE,
    /// To connect.
    TCP,
    /// TLS, and to hear the greeting.
    GREETING,
    /// A login.
    LOGIN
  }

  public HealthSettings {
    new Checks()
        .between("interval", interval, ofMillis(100), ofHours(1))
        .between("timeout", timeout, ofMillis(10), ofMinutes(5))
        .between("down-after", downAfter, 1, 1000)
        .between("up-after", upAfter, 1, 1000)
        .that(
            (check == Check.LOGIN) == (user != null) && (user != null) == (passwordFile != null),
            "check",
            "`login` together with `user` and `password-file`")
        .done();
  }
}
