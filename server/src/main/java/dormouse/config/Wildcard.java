package dormouse.config;

/// A text in which `*` stands for any letters, none among them, without regard to case. Pure functions.
///
/// No regular expression: whatever the texts, their lengths multiplied bound the steps, for only the last star has to be thought over.
final class Wildcard {
  private Wildcard() {}

  /// Whether the whole of a text is as the pattern says.
  static boolean fits(String pattern, String text) {
    int[] wanted = folded(pattern);
    int[] there = folded(text);
    int star = -1; // the last one that was met
    int after = 0; // where in the text what follows it is looked for
    int at = 0;
    int i = 0;
    while (i < there.length) {
      if (at < wanted.length && wanted[at] == '*') {
        star = at++;
        after = i;
      } else if (at < wanted.length && wanted[at] == there[i]) {
        at++;
        i++;
      } else if (star >= 0) {
        at = star + 1;
        i = ++after;
      } else {
        return false;
      }
    }
    while (at < wanted.length && wanted[at] == '*') {
      at++;
    }
    return at == wanted.length;
  }

  private static int[] folded(String text) {
    return text.codePoints()
        .map(letter -> Character.toLowerCase(Character.toUpperCase(letter)))
        .toArray();
  }
}
