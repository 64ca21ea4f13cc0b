package dormouse.imap.sleep;

import java.time.Duration;

/// The moment at which what was read of a mailbox began to be true: taken before the backend is asked, so that whatever
/// changes meanwhile makes it look too old rather than too young. Immutable.
///
/// @param epoch of the mailbox then ([Epochs])
/// @param atMillis as the wheel of its user's loop counts, which never goes back
public record Proof(long epoch, long atMillis) {
  /// Longer ago than any wheel counts.
  static final long NEVER = Long.MIN_VALUE / 2;

  /// Of a view that was behind its mailbox from the start.
  static final Proof STALE = new Proof(-1, NEVER);

  /// Writes when one began, [#NEVER] too, for [#unfoldMillis].
  static void foldMillis(FoldWriter out, long atMillis) {
    out.number(atMillis == NEVER ? 0 : atMillis + 1);
  }

  static long unfoldMillis(FoldReader in) {
    long folded = in.number();
    return folded == 0 ? NEVER : folded - 1;
  }

  /// Whether what is known by it was asked for when the other began, or later.
  boolean isNotBefore(Proof other) {
    return epoch >= other.epoch && atMillis >= other.atMillis;
  }

  boolean isYoungerThan(Duration age, long nowMillis) {
    return nowMillis - atMillis < age.toMillis();
  }
}
