package dormouse.imap.view;

/// Translates UIDs to message numbers, cheaply for many of them in ascending order: all together one walk over the ranges. A UID
/// lower than the one before starts the walk anew. Used by one thread.
public final class SequenceCursor {
  private final UidSet uids;
  private RangeCursor ranges;
  private long before;
  private long passed;
  private boolean more;

  /// @param uids the mailbox whose numbers are asked for
  public SequenceCursor(UidSet uids) {
    this.uids = uids;
    this.ranges = uids.ranges();
    this.more = ranges.next();
  }

  /// The message number of the UID, from 1; 0 if it is not in the set.
  public int seqOf(long uid) {
    if (uid <= passed) {
      restart();
    }
    while (more && ranges.last() < uid) {
      before += ranges.length();
      passed = ranges.last();
      more = ranges.next();
    }
    if (!more || uid < ranges.first()) {
      return 0;
    }
    return (int) Math.min(before + uid - ranges.first() + 1, Integer.MAX_VALUE);
  }

  private void restart() {
    ranges = uids.ranges();
    before = 0;
    passed = 0;
    more = ranges.next();
  }
}
