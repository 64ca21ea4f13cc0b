package dormouse.imap.view;

/// Walks the ranges of an encoded [UidSet], lowest first. Used by one thread.
final class RangeCursor {
  private final VarintReader in;
  private long left;
  private long first;
  private long last;

  RangeCursor(byte[] encoded) {
    in = new VarintReader(encoded);
    left = in.read();
  }

  /// Moves to the next range; false at the end.
  boolean next() {
    if (left == 0) {
      return false;
    }
    long head = in.read();
    first = last + 1 + (head >>> 1);
    last = (head & 1) == 0 ? first : first + in.read();
    left -= length();
    return true;
  }

  long first() {
    return first;
  }

  long last() {
    return last;
  }

  long length() {
    return last - first + 1;
  }
}
