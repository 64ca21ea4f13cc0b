package dormouse.imap.track;

import io.netty.util.ByteProcessor;

/// Finds where a line ends, and the literal marker before it: `{5}`, `{5+}`, `~{5}` (RFC 9051 §4.3, RFC 7888).
///
/// A marker counts only at the line's end and outside quoted strings; `"a{3}"` is none. Fed a byte at a time, so it
/// does not matter where the bytes are cut. [#process] returns false at LF; then ask [#literal], and [#nextLine] before
/// what follows.
final class LineScanner implements ByteProcessor {
  /// What [#literalBytes] says of a marker with more than 18 digits: more than any other says.
  static final long ENDLESS = 1_000_000_000_000_000_000L;

  private enum Marker {
    NONE,
    OPEN,
    DIGITS,
    PLUS,
    CLOSED,
    CLOSED_CR
  }

  private final boolean plusAllowed;
  private boolean quoted;
  private boolean escaped;
  private Marker marker = Marker.NONE;
  private boolean plus;
  private int digits;
  private long bytes;

  /// @param plusAllowed whether `{5+}` is a marker: clients send it, servers never do
  LineScanner(boolean plusAllowed) {
    this.plusAllowed = plusAllowed;
  }

  void nextLine() {
    quoted = false;
    escaped = false;
    marker = Marker.NONE;
  }

  @Override
  public boolean process(byte b) {
    if (b == '\n') {
      return false;
    }
    if (quoted) {
      quotedByte(b);
    } else if (marker == Marker.NONE) {
      begin(b);
    } else {
      markerByte(b);
    }
    return true;
  }

  /// Whether the next byte is inside a quoted string, or ends it.
  boolean quoted() {
    return quoted;
  }

  /// After LF: whether a literal follows, rather than another line.
  boolean literal() {
    return marker == Marker.CLOSED || marker == Marker.CLOSED_CR;
  }

  long literalBytes() {
    return bytes;
  }

  /// Whether who sends the literal waits for `+` first.
  boolean synchronising() {
    return !plus;
  }

  private void quotedByte(byte b) {
    if (escaped) {
      escaped = false;
    } else if (b == '\\') {
      escaped = true;
    } else if (b == '"') {
      quoted = false;
    }
  }

  private void begin(byte b) {
    marker = Marker.NONE;
    if (b == '"') {
      quoted = true;
    } else if (b == '{') {
      marker = Marker.OPEN;
      plus = false;
      digits = 0;
      bytes = 0;
    }
  }

  private void markerByte(byte b) {
    boolean counted = marker == Marker.DIGITS;
    if ((counted || marker == Marker.OPEN) && b >= '0' && b <= '9') {
      marker = Marker.DIGITS;
      digits++;
      bytes = digits > 18 ? ENDLESS : bytes * 10 + (b - '0');
    } else if (counted && b == '+' && plusAllowed) {
      marker = Marker.PLUS;
      plus = true;
    } else if ((counted || marker == Marker.PLUS) && b == '}') {
      marker = Marker.CLOSED;
    } else if (marker == Marker.CLOSED && b == '\r') {
      marker = Marker.CLOSED_CR;
    } else {
      begin(b);
    }
  }
}
