package dormouse.config;

import static java.time.Duration.ZERO;
import static java.time.Duration.ofHours;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;

import java.time.Duration;

/// How long a backend's connections are kept for their user when nobody needs them, to be lent instead of a login.
///
/// @param perUser how many of one user; 0: none are kept; at most 100
/// @param keep how long one that a sleeping session, or the watch of a mailbox, has given up; 0s to 9m
/// @param keepAfterLogout how long one whose client has left; 0s to 9m
/// @param trustPassword how long ago at most the backend must have let in a client's own password, so that who shows the same is lent what
///     was kept without asking the backend; 0s: it always decides itself; at most 24h
/// @param max how many of the backend in all; 0 to 1000000
public record PoolSettings(
    int perUser, Duration keep, Duration keepAfterLogout, Duration trustPassword, int max) {
  private static final Duration LONGEST = ofMinutes(9); // servers close after 30, some after 10

  public static final PoolSettings DEFAULT =
      new PoolSettings(2, ofSeconds(30), ofSeconds(60), ZERO, 1000);

  /// Nothing is kept.
  public static final PoolSettings OFF =
      new PoolSettings(
          0, DEFAULT.keep, DEFAULT.keepAfterLogout, DEFAULT.trustPassword, DEFAULT.max);

  public PoolSettings {
    new Checks()
        .between("per-user", perUser, 0, 100)
        .between("keep", keep, ZERO, LONGEST)
        .between("keep-after-logout", keepAfterLogout, ZERO, LONGEST)
        .between("trust-password", trustPassword, ZERO, ofHours(24))
        .between("max", max, 0, 1_000_000)
        .done();
  }

  /// How long ago at most the backend must have let in a login for another to be let in by that, where the directory decides it.
  public Duration longestTrust() {
    return trustPassword.compareTo(keepAfterLogout) > 0 ? trustPassword : keepAfterLogout;
  }
}
