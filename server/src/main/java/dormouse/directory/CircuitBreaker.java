package dormouse.directory;

import java.time.Duration;
import java.time.InstantSource;

/// Keeps a link that fails from being asked: after so many failures in a row nobody asks it for a while, then one tries.
///
/// ```
/// closed ──so many failures──▶ open ──a while──▶ one tries ──well──▶ closed
///                               ▲                   │
///                               └───────badly───────┘
/// ```
/// Any thread.
final class CircuitBreaker {
  private final int failures;
  private final long pauseMillis;
  private final InstantSource clock;
  private int failedInARow;
  private long shutUntilMillis;

  /// @param failures in a row, before it opens; 0: it never does
  /// @param pause how long nobody asks
  CircuitBreaker(int failures, Duration pause, InstantSource clock) {
    this.failures = failures;
    this.pauseMillis = pause.toMillis();
    this.clock = clock;
  }

  /// Whether the link may be asked now. Who gets leave while it is open is the one that tries.
  synchronized boolean allows() {
    if (!isOpen()) {
      return true;
    }
    long now = clock.millis();
    if (now < shutUntilMillis) {
      return false;
    }
    shutUntilMillis = now + pauseMillis;
    return true;
  }

  /// The link has answered.
  ///
  /// @return whether it was open before
  synchronized boolean worked() {
    boolean wasOpen = isOpen();
    failedInARow = 0;
    return wasOpen;
  }

  /// The link has not answered, or could not tell.
  ///
  /// @return whether it opens by that
  synchronized boolean failed() {
    boolean wasOpen = isOpen();
    failedInARow++;
    if (!isOpen()) {
      return false;
    }
    shutUntilMillis = clock.millis() + pauseMillis;
    return !wasOpen;
  }

  private boolean isOpen() {
    return failures > 0 && failedInARow >= failures;
  }
}
