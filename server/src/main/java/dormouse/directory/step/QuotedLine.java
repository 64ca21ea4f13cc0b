package dormouse.directory.step;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A line of a file as perdition's library reads files (libvanessa_adt), taken apart into words: nearly as a shell does. Immutable.
///
/// Blanks part words, `#` begins a comment, and a backslash takes what the next character means, as `'…'` does for all and `"…"` for all but the
/// backslash.
///
/// @param words without their quotes and backslashes
/// @param goesOn whether a backslash at its end, in a comment too, makes the next line a part of this one
/// @param wrong what is wrong; null if nothing is
record QuotedLine(List<String> words, boolean goesOn, @Nullable String wrong) {
  static QuotedLine of(String line) {
    List<String> words = new ArrayList<>();
    StringBuilder word = new StringBuilder();
    String wrong = null;
    char quote = 0;
    boolean escaped = false;
    boolean comment = false;
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      if (!escaped && c == '\\' && quote != '\'') {
        escaped = true;
      } else if (comment) {
        escaped = false;
      } else if (escaped) {
        escaped = false;
        word.append(c);
        if (Character.isLetterOrDigit(c)) {
          wrong = "a \\ before " + c + " does nothing outside of '…'";
        }
      } else if (c == quote) {
        quote = 0;
      } else if (quote == 0 && (c == '\'' || c == '"')) {
        quote = c;
      } else if (quote == 0 && (c == ' ' || c == '\t' || c == '#')) {
        comment = c == '#';
        end(word, words);
      } else {
        word.append(c);
      }
    }
    end(word, words);
    return new QuotedLine(words, escaped, quote == 0 ? wrong : "a " + quote + " without another");
  }

  private static void end(StringBuilder word, List<String> words) {
    if (!word.isEmpty()) {
      words.add(word.toString());
      word.setLength(0);
    }
  }
}
