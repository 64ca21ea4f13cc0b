package dormouse.backend;

import java.time.Duration;

/// Lets so many through in a second, and so many at once after a rest. It counts in thousandths of a token, so that
/// every millisecond brings a whole number of them.
///
/// Not shared between threads: the [Gate] locks.
final class TokenBucket {
  private static final long TOKEN = 1000;

  private final long perSecond;
  private final long capacity;
  private long level;
  private long seenMillis;

  /// Begins full.
  ///
  /// @param perSecond tokens that come in each second
  /// @param burst tokens that there can be
  TokenBucket(int perSecond, int burst, long nowMillis) {
    this.perSecond = perSecond;
    this.capacity = burst * TOKEN;
    this.level = capacity;
    this.seenMillis = nowMillis;
  }

  /// Takes a token if there is one. A clock that was set back brings none until it goes on.
  boolean take(long nowMillis) {
    long passed = Math.clamp(nowMillis - seenMillis, 0, capacity); // that long fills it at any rate
    level = Math.min(capacity, level + passed * perSecond);
    seenMillis = nowMillis;
    if (level < TOKEN) {
      return false;
    }
    level -= TOKEN;
    return true;
  }

  /// How long it takes, from the last [#take], until there is a token.
  Duration untilNext() {
    return Duration.ofMillis(Math.ceilDiv(Math.max(0, TOKEN - level), perSecond));
  }
}
