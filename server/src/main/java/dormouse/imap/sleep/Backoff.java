package dormouse.imap.sleep;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/// The delays between tries at a backend that cannot be asked: each twice the last up to a limit, and none exactly so
/// long, for many begin at one moment. Lives on the user's event loop.
final class Backoff {
  private static final Duration FIRST = Duration.ofMillis(100);

  private final Duration limit;
  private Duration next = FIRST;

  /// @param limit of the delays, but for the jitter
  Backoff(Duration limit) {
    this.limit = limit;
  }

  /// How long to wait before the next try.
  Duration next() {
    return next(limit);
  }

  /// The same, and no longer than `most` but for the jitter.
  Duration next(Duration most) {
    Duration delay = next.compareTo(most) < 0 ? next : most;
    Duration doubled = next.multipliedBy(2);
    next = doubled.compareTo(limit) < 0 ? doubled : limit;
    return jitter(delay);
  }

  /// A try worked, or somebody new waits: the next delay is the first again.
  void reset() {
    next = FIRST;
  }

  /// A time within a fifth of `about`.
  static Duration jitter(Duration about) {
    return Duration.ofMillis(
        (long) (about.toMillis() * ThreadLocalRandom.current().nextDouble(0.8, 1.2)));
  }
}
