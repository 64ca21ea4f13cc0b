package dormouse.directory.step;

import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A match of a pattern that ends, whatever the text: in Java one such as `(a*)*b` may try for ever, and groups in groups
/// overflow the stack. What a pattern repeats without looking at the text (`((){9999}){9999}`) is not counted.
final class BoundedMatch {
  /// How often characters of the text are read: a thousand times what the longest name takes with a usual pattern, and 5 to 100 ms.
  private static final int MOST_READS = 1_000_000;

  /// The pattern takes too long with this text, or too much of the stack. Says nothing of other texts.
  static final class TooHard extends Exception {
    private static final long serialVersionUID = 1;

    TooHard(String pattern) {
      super("the pattern " + pattern + " takes too long with this name");
    }
  }

  private BoundedMatch() {}

  /// Does something with a matcher.
  ///
  /// @param written the pattern as it stands in the settings, for messages
  static <T extends @Nullable Object> T of(
      String written, Pattern pattern, String text, Function<Matcher, T> use) throws TooHard {
    try {
      return use.apply(pattern.matcher(new Text(text)));
    } catch (Text.ReadTooOften | StackOverflowError _) {
      throw new TooHard(written);
    }
  }

  /// What is matched: of all that a matcher does, reading is what can be counted.
  private static final class Text implements CharSequence {
    private static final class ReadTooOften extends RuntimeException {
      private static final long serialVersionUID = 1;

      ReadTooOften() {
        super(null, null, false, false);
      }
    }

    private final String text;
    private int reads;

    Text(String text) {
      this.text = text;
    }

    @Override
    public char charAt(int at) {
      if (++reads > MOST_READS) {
        throw new ReadTooOften();
      }
      return text.charAt(at);
    }

    @Override
    public int length() {
      return text.length();
    }

    @Override
    public CharSequence subSequence(int from, int to) {
      return text.substring(from, to);
    }

    @Override
    public String toString() {
      return text;
    }
  }
}
