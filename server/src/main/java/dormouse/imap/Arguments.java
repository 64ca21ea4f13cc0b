package dormouse.imap;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Reads a command from left to right; every method takes what it names, or says that it is not there. Never throws.
///
/// Looser than RFC 9051 §9 where clients are: an atom may hold every visible byte but parentheses, and in a quoted string a
/// backslash quotes any byte. Not looser where a command ends: by the rules of [CommandReader].
final class Arguments {
  /// The longest tag that is repeated.
  static final int MAX_TAG_BYTES = 128;

  private static final String NEVER_IN_TAG = "(){%*\"\\+";

  private final byte[] bytes;
  private int position;

  Arguments(byte[] bytes) {
    this.bytes = bytes;
  }

  /// 1 to 128 bytes of `ASTRING-CHAR` but `+`, `null` if there are none.
  @Nullable String tag() {
    int start = position;
    while (position < bytes.length && isTag(bytes[position])) {
      position++;
    }
    int length = position - start;
    boolean ends = position == bytes.length || bytes[position] == ' ';
    return length > 0 && length <= MAX_TAG_BYTES && ends
        ? new String(bytes, start, length, ISO_8859_1)
        : null;
  }

  /// A word of visible ASCII, `null` if there is none.
  @Nullable String word() {
    byte[] word = wordBytes();
    return word == null ? null : new String(word, ISO_8859_1);
  }

  /// A word of visible ASCII, `null` if there is none; as bytes, which can be wiped.
  byte @Nullable [] wordBytes() {
    int start = position;
    while (position < bytes.length && isVisible(bytes[position])) {
      position++;
    }
    return position == start ? null : Arrays.copyOfRange(bytes, start, position);
  }

  /// One space.
  boolean space() {
    return skip(' ');
  }

  /// One byte, if it is the next.
  boolean skip(char wanted) {
    if (position < bytes.length && bytes[position] == wanted) {
      position++;
      return true;
    }
    return false;
  }

  /// `NIL`, in any case.
  boolean skipNil() {
    boolean nil =
        bytes.length - position >= 3
            && new String(bytes, position, 3, ISO_8859_1).equalsIgnoreCase("nil");
    position += nil ? 3 : 0;
    return nil;
  }

  boolean atEnd() {
    return position == bytes.length;
  }

  /// An atom, a quoted string or a literal; `null` if there is none of them.
  byte @Nullable [] astring() {
    if (position == bytes.length) {
      return null;
    }
    return bytes[position] == '"' || bytes[position] == '{' ? string() : atom();
  }

  /// A quoted string or a literal; `null` if there is neither.
  byte @Nullable [] string() {
    if (skip('"')) {
      return quoted();
    }
    return skip('{') ? literal() : null;
  }

  private byte @Nullable [] atom() {
    int start = position;
    while (position < bytes.length && isAtom(bytes[position])) {
      position++;
    }
    return position == start ? null : Arrays.copyOfRange(bytes, start, position);
  }

  private byte @Nullable [] quoted() {
    byte[] text = new byte[bytes.length - position];
    int length = 0;
    while (position < bytes.length) {
      byte b = bytes[position++];
      if (b == '"') {
        byte[] quoted = Arrays.copyOf(text, length);
        Arrays.fill(text, (byte) 0); // it may be a password
        return quoted;
      }
      if (b == '\\' && position < bytes.length) {
        b = bytes[position++];
      }
      if (b == 0 || b == '\r' || b == '\n') {
        return null;
      }
      text[length++] = b;
    }
    return null;
  }

  private byte @Nullable [] literal() {
    int start = position;
    long size = 0;
    while (position < bytes.length && bytes[position] >= '0' && bytes[position] <= '9') {
      size = Math.min(size * 10 + (bytes[position++] - '0'), Integer.MAX_VALUE);
    }
    boolean hasSize = position > start;
    skip('+');
    boolean closed = skip('}');
    skip('\r');
    if (!hasSize || !closed || !skip('\n') || size > bytes.length - position) {
      return null;
    }
    position += (int) size;
    return Arrays.copyOfRange(bytes, position - (int) size, position);
  }

  private static boolean isVisible(byte b) {
    return b > ' ' && b < 0x7f;
  }

  private static boolean isTag(byte b) {
    return isVisible(b) && NEVER_IN_TAG.indexOf(b) < 0;
  }

  private static boolean isAtom(byte b) {
    return (isVisible(b) || b < 0) && b != '(' && b != ')';
  }
}
