package dormouse.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/// Guesses what somebody meant to type.
final class Nearest {
  private Nearest() {}

  /// The known word that a typed one is most likely meant to be; empty if none is near.
  static Optional<String> to(String typed, Collection<String> known) {
    int most = Math.max(2, typed.length() / 3);
    return known.stream()
        .filter(
            word -> distance(typed, word) <= most || (word.startsWith(typed) && typed.length() > 2))
        .min(Comparator.comparingInt(word -> distance(typed, word)));
  }

  /// Letters to insert, remove or change to come from one word to the other (Levenshtein).
  private static int distance(String from, String to) {
    int[] row = new int[to.length() + 1];
    for (int j = 0; j <= to.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= from.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= to.length(); j++) {
        int changed = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(changed, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[to.length()];
  }
}
