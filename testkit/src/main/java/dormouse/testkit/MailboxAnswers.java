package dormouse.testkit;

import java.util.Collection;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/// What servers answer to commands about mailboxes, in a form that can be compared.
final class MailboxAnswers {
  private static final Pattern CHANGES_BY_ITSELF = Pattern.compile("(?i) ?\\\\(Un)?Marked\\b");
  private static final Pattern NUMBER = Pattern.compile("\\d+");

  private MailboxAnswers() {}

  /// LIST, LSUB and STATUS responses in no particular order, without `\Marked` and `\Unmarked`, which servers say as it suits
  /// them.
  ///
  /// @param selected of whose STATUS sessions say what they know; left out
  static SortedSet<String> of(Collection<String> responses, String selected) {
    var answers = new TreeSet<String>();
    for (String response : responses) {
      String name = response.split(" ", 3)[1];
      boolean status = name.equals("STATUS");
      if (status ? !of(response).equals(selected) : name.equals("LIST") || name.equals("LSUB")) {
        answers.add(CHANGES_BY_ITSELF.matcher(response).replaceAll("").replace("( ", "("));
      }
    }
    return answers;
  }

  private static String of(String status) {
    String name = status.split(" ", 4)[2];
    return name.startsWith("\"") ? name.substring(1, name.length() - 1) : name;
  }

  /// The numbers of a SEARCH response.
  static Set<Long> found(Collection<String> responses) {
    var found = new TreeSet<Long>();
    for (String response : responses) {
      if (response.startsWith("* SEARCH")) {
        NUMBER
            .matcher(response.replaceAll("\\(.*\\)", "")) // the mod-sequence
            .results()
            .map(MatchResult::group)
            .map(Long::valueOf)
            .forEach(found::add);
      }
    }
    return found;
  }
}
