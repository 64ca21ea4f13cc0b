package dormouse.imap.track;

import java.util.HashMap;
import java.util.Map;

/// Words of up to twelve letters, packed into a `long`, five bits a letter, whatever their case.
///
/// So a word is recognised while it rolls by, without keeping its bytes: longer ones lose their first letters.
final class Words {
  static final int MAX_LETTERS = 12;

  private static final int BITS = 5;
  private static final long MASK = (1L << (BITS * MAX_LETTERS)) - 1;
  private static final Map<Long, Kind> KINDS = kinds();

  private Words() {}

  static long of(String word) {
    long packed = 0;
    for (int i = 0; i < word.length(); i++) {
      packed = append(packed, (byte) word.charAt(i));
    }
    return packed;
  }

  static long append(long word, byte letter) {
    return ((word << BITS) | (letter & 31)) & MASK;
  }

  /// The word with something behind it that is neither letter nor border, so that it equals no word.
  static long spoil(long word) {
    return ((word << BITS) | 31) & MASK;
  }

  static boolean isFull(long word) {
    return (word >>> (BITS * (MAX_LETTERS - 1))) != 0;
  }

  /// Whether `word` ends in the `letters` letters of `end`.
  static boolean endsIn(long word, long end, int letters) {
    return (word & ((1L << (BITS * letters)) - 1)) == end;
  }

  static boolean isLetter(byte b) {
    int lower = b | 0x20;
    return lower >= 'a' && lower <= 'z';
  }

  /// What tags and command names consist of (RFC 9051 §9: ASTRING-CHAR but `+`).
  static boolean isAtomChar(byte b) {
    if (b <= ' ' || b == 0x7f) {
      return false;
    }
    return switch (b) {
      case '(', ')', '{', '%', '*', '"', '\\', '+' -> false;
      default -> true;
    };
  }

  static Kind kind(long word) {
    return KINDS.getOrDefault(word, Kind.OTHER);
  }

  private static Map<Long, Kind> kinds() {
    var kinds = new HashMap<Long, Kind>();
    for (Kind kind : Kind.values()) {
      switch (kind) {
        case TAGGED, CONTINUATION, OTHER -> {}
        default -> kinds.put(of(kind.name()), kind);
      }
    }
    return Map.copyOf(kinds);
  }
}
