package dormouse.imap.sleep;

import java.nio.charset.StandardCharsets;
import java.util.function.UnaryOperator;

/// A text with its numbers kept apart, so that what is the same for many users but for its numbers is in memory once. Immutable.
///
/// @param words the text with [#HOLE] for each row of digits
/// @param numbers the rows of digits, each with [#HOLE] behind it
@SuppressWarnings("ArrayRecordComponent") // it is compared with none
record NumberedText(String words, byte[] numbers) {
  private static final char HOLE = '\0'; // stands in no line of IMAP

  /// @param shared the words as they are kept for all
  static NumberedText of(String text, UnaryOperator<String> shared) {
    StringBuilder words = new StringBuilder(text.length());
    StringBuilder numbers = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean digit = isDigit(c);
      (digit ? numbers : words).append(c);
      if (digit && (i + 1 == text.length() || !isDigit(text.charAt(i + 1)))) {
        numbers.append(HOLE);
        words.append(HOLE);
      }
    }
    return new NumberedText(
        shared.apply(words.toString()), numbers.toString().getBytes(StandardCharsets.US_ASCII));
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  /// The whole text again.
  String text() {
    StringBuilder text = new StringBuilder(words.length() + numbers.length);
    int at = 0;
    for (int i = 0; i < words.length(); i++) {
      char c = words.charAt(i);
      if (c != HOLE) {
        text.append(c);
        continue;
      }
      while (numbers[at] != HOLE) {
        text.append((char) numbers[at++]);
      }
      at++;
    }
    return text.toString();
  }
}
