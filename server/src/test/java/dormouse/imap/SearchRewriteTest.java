package dormouse.imap;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.imap.track.Command;
import dormouse.imap.track.Verb;
import dormouse.imap.view.UidSet;
import org.junit.jupiter.api.Test;

/// Searches for what is `\Recent` to the client only; those of clients that lag are in [LaggedCommandTest].
class SearchRewriteTest {
  private static final UidSet RECENT = UidSet.of(7, 8, 9, 20);

  private static String rewritten(Verb verb, String arguments) {
    var command = new Command("a", verb, arguments.getBytes(ISO_8859_1), false, false, false);
    return SearchRewrite.withRecent(command, RECENT);
  }

  @Test
  void theKeysOfRecentMessagesNameTheirUids() {
    assertThat(rewritten(Verb.SEARCH, "RECENT")).isEqualTo("OR RECENT UID 7:9,20");
    assertThat(rewritten(Verb.UID_SEARCH, "RETURN (COUNT) new FROM x"))
        .isEqualTo("RETURN (COUNT) (UNSEEN OR RECENT UID 7:9,20) FROM x");
    assertThat(rewritten(Verb.SEARCH, "NOT OLD (1:* RECENT)"))
        .isEqualTo("NOT (OLD NOT UID 7:9,20) (1:* OR RECENT UID 7:9,20)");
    assertThat(rewritten(Verb.SORT, "(DATE) UTF-8 OR RECENT UID 5:*"))
        .isEqualTo("(DATE) UTF-8 OR OR RECENT UID 7:9,20 UID 5:*");
  }

  @Test
  void allElseStaysAsItIs() {
    for (String arguments :
        new String[] {
          "ALL",
          "SUBJECT RECENT",
          "SUBJECT \"NEW OLD\" 1:5,7:*",
          "SUBJECT {3}\r\nNEW UID *",
          "RETURN (SAVE) UNKNOWN RECENT",
          "(RECENT",
          "$ UNSEEN"
        }) {
      assertThat(rewritten(Verb.SEARCH, arguments)).isEqualTo(arguments);
    }
  }
}
