package dormouse.imap.sleep;

import java.util.ArrayList;
import java.util.List;

/// Reads the answer to NAMESPACE (RFC 2342 §5): `(("" "/")) (("~" "/")) NIL`, the user's own, other users', shared ones.
final class Namespaces {
  private Namespaces() {}

  /// The prefixes of other users' and of shared mailboxes, each as a quoted string without its closing quote. A namespace
  /// without prefix cannot be told from the user's own, and is left out.
  static List<String> foreign(String answer) {
    List<String> prefixes = new ArrayList<>();
    int depth = 0;
    int group = 0; // of the three
    boolean first = false; // the next string is a prefix
    int at = 0;
    while (at < answer.length()) {
      char c = answer.charAt(at);
      switch (c) {
        case '(' -> {
          depth++;
          first = depth == 2;
        }
        case ')' -> {
          depth--;
          group += depth == 0 ? 1 : 0;
        }
        case 'N', 'n' -> {
          group += depth == 0 ? 1 : 0;
          at += 2; // NIL
        }
        case '"' -> {
          int end = endOfQuoted(answer, at);
          if (first && group > 0 && end > at + 1) {
            prefixes.add(answer.substring(at, end));
          }
          first = false;
          at = end;
        }
        default -> {}
      }
      at++;
    }
    return prefixes;
  }

  private static int endOfQuoted(String text, int start) {
    int at = start + 1;
    while (at < text.length() && text.charAt(at) != '"') {
      at += text.charAt(at) == '\\' ? 2 : 1;
    }
    return Math.min(at, text.length());
  }
}
