package dormouse.config;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// An account of a backend in which Dormouse changes a flag now and then, to see whether its feeds tell. Immutable.
///
/// @param user the account, which nobody reads; none: no canary
/// @param passwordFile holds its password; none: the backend's `login-as` logs it in
/// @param every between two changes; 100ms to 10m
/// @param within how soon a feed must have told; 10ms to 1m, and less than `every`
public record CanarySettings(
    @Nullable String user, @Nullable Path passwordFile, Duration every, Duration within) {
  public static final CanarySettings DEFAULT =
      new CanarySettings(null, null, ofSeconds(30), ofSeconds(5));

  public CanarySettings {
    new Checks()
        .that(user == null || !user.isBlank(), "user", "a name, or none")
        .that(
            user != null || passwordFile == null,
            "user",
            "the account whose password `password-file` holds")
        .between("every", every, ofMillis(100), ofMinutes(10))
        .between("within", within, ofMillis(10), ofMinutes(1))
        .that(within.compareTo(every) < 0, "within", "less than `every`")
        .done();
  }
}
