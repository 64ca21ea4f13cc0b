package dormouse.imap.track;

import org.jspecify.annotations.Nullable;

/// Tells a response's kind from its first bytes: `* FLAGS `, `* 12 FETCH `, `+`, `a`.
///
/// The bytes it takes before it knows are only `*`, one space each, at most 18 digits and at most 12 letters: none of
/// them begins a string or a literal, and together they are at most [#MAX_BYTES].
final class ResponseHead {
  static final int MAX_BYTES = 2 + 18 + 1 + Words.MAX_LETTERS;

  private enum At {
    FIRST,
    STAR,
    SPACE,
    NUMBER,
    WORD
  }

  private At at = At.FIRST;
  private boolean numbered;
  private int digits;
  private long number;
  private long word;

  void reset() {
    at = At.FIRST;
    numbered = false;
    digits = 0;
    number = 0;
    word = 0;
  }

  /// Looks at the next byte. Once the kind is known it is returned, and that byte is not part of the head.
  @Nullable Kind see(byte b) {
    return switch (at) {
      case FIRST -> first(b);
      case STAR -> b == ' ' ? go(At.SPACE) : Kind.OTHER;
      case SPACE -> isDigit(b) ? digit(b) : letter(b);
      case NUMBER -> {
        if (isDigit(b) && digits < 18) {
          yield digit(b);
        }
        numbered = true;
        yield b == ' ' ? go(At.WORD) : Kind.OTHER;
      }
      case WORD -> letter(b);
    };
  }

  /// The number before the word; 0 if there is none.
  long number() {
    return number;
  }

  static Kind kindOf(String text) {
    var head = new ResponseHead();
    for (int i = 0; i < text.length(); i++) {
      Kind kind = head.see((byte) text.charAt(i));
      if (kind != null) {
        return kind;
      }
    }
    Kind kind = head.see((byte) '\n');
    return kind == null ? Kind.OTHER : kind;
  }

  private @Nullable Kind first(byte b) {
    if (b == '*') {
      return go(At.STAR);
    }
    if (b == '+') {
      return Kind.CONTINUATION;
    }
    return Words.isAtomChar(b) ? Kind.TAGGED : Kind.OTHER;
  }

  private @Nullable Kind letter(byte b) {
    at = At.WORD;
    if (Words.isLetter(b)) {
      word = Words.append(word, b);
      return Words.isFull(word) ? Kind.OTHER : null;
    }
    return b == ' ' || b == '\r' || b == '\n' ? kind() : Kind.OTHER;
  }

  private @Nullable Kind digit(byte b) {
    digits++;
    number = number * 10 + (b - '0');
    return go(At.NUMBER);
  }

  private @Nullable Kind go(At next) {
    at = next;
    return null;
  }

  private Kind kind() {
    Kind kind = Words.kind(word);
    return kind.numbered() == numbered ? kind : Kind.OTHER;
  }

  private static boolean isDigit(byte b) {
    return b >= '0' && b <= '9';
  }
}
