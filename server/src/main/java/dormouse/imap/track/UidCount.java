package dormouse.imap.track;

/// Counts the UIDs of a VANISHED response while it passes: `(EARLIER) 41,43:116` (RFC 7162 §3.2.10).
final class UidCount {
  private static final long MAX_UID = 0xFFFF_FFFFL;

  private boolean earlier;
  private long count;
  private long first;
  private long number;
  private boolean range;

  void reset() {
    earlier = false;
    count = 0;
    first = 0;
    number = 0;
    range = false;
  }

  void see(byte b) {
    if (b >= '0' && b <= '9') {
      number = Math.min(number * 10 + (b - '0'), MAX_UID);
    } else if (b == ':') {
      first = number;
      number = 0;
      range = true;
    } else {
      earlier |= b == '(';
      endRange();
    }
  }

  boolean earlier() {
    return earlier;
  }

  long count() {
    return count;
  }

  private void endRange() {
    if (number > 0) {
      count += range ? Math.abs(number - first) + 1 : 1;
    }
    number = 0;
    range = false;
  }
}
