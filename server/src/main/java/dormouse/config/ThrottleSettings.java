package dormouse.config;

import static java.time.Duration.ZERO;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofHours;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;

import java.time.Duration;
import java.util.List;

/// How who guesses passwords is slowed down. It goes by the client's address (of IPv6 its /64), the IPv6 /48 around it, and the
/// user's name.
///
/// @param enabled whether anybody is
/// @param free failed logins of one address, or of one user, before the next has to wait; a /48 has sixteen times as many; 1
///     to 1000
/// @param delay the first wait between two logins; it doubles with each further failure; 1ms to 1m
/// @param maxDelay the longest; 1ms to 10m
/// @param forget the time in which one failure is forgotten; 1s to 24h
/// @param patience how long a login waits for its turn before it is refused; 0s to 1m
/// @param remembered how many addresses, networks and users have their failures remembered, 24 bytes each; 1024 to
///     16777216
/// @param devices how many pairs of a user and an address where that user has logged in are remembered, 24 bytes each; they
///     are slowed down by their own failures only; 1024 to 16777216
/// @param deviceAge how long such a pair is remembered; 1h to 365d
/// @param exempt networks that are never slowed down
public record ThrottleSettings(
    boolean enabled,
    int free,
    Duration delay,
    Duration maxDelay,
    Duration forget,
    Duration patience,
    int remembered,
    int devices,
    Duration deviceAge,
    List<Network> exempt) {
  public static final ThrottleSettings DEFAULT =
      new ThrottleSettings(
          true,
          10,
          ofSeconds(1),
          ofSeconds(15),
          ofMinutes(1),
          ofSeconds(30),
          262_144,
          262_144,
          ofDays(30),
          List.of());

  private static final int FEWEST = 1024;
  private static final int MOST = 1 << 24;

  public ThrottleSettings {
    new Checks()
        .between("free", free, 1, 1000)
        .between("delay", delay, ofMillis(1), ofMinutes(1))
        .between("max-delay", maxDelay, ofMillis(1), ofMinutes(10))
        .between("forget", forget, ofSeconds(1), ofHours(24))
        .between("patience", patience, ZERO, ofMinutes(1))
        .between("remembered", remembered, FEWEST, MOST)
        .between("devices", devices, FEWEST, MOST)
        .between("device-age", deviceAge, ofHours(1), ofDays(365))
        .done();
    exempt = List.copyOf(exempt);
  }
}
