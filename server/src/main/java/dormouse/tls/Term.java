package dormouse.tls;

import java.time.Duration;
import java.time.Instant;

/// From when until when something that is made anew all the time is good. Immutable.
///
/// @param since when it was made
/// @param until when the next one should have been there
record Term(Instant since, Instant until) {
  private static final int LAST_PART = 10;

  /// Whether it is out of date.
  boolean isOver(Instant now) {
    return now.isAfter(until);
  }

  /// Whether a tenth of its time is left, or less: the next one is late, for it comes well before that where somebody looks after it.
  boolean isNearlyOver(Instant now) {
    return now.isAfter(until.minus(Duration.between(since, until).dividedBy(LAST_PART)));
  }
}
