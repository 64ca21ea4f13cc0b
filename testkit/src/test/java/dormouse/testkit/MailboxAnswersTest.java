package dormouse.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class MailboxAnswersTest {
  @Test
  void orderMarksAndTheSelectedMailboxDoNotCount() {
    var heard =
        List.of(
            "* LIST (\\HasNoChildren \\UnMarked) \"/\" b",
            "* 3 EXISTS",
            "* STATUS b (MESSAGES 3)",
            "* LIST (\\Marked) \"/\" a",
            "* STATUS \"a\" (MESSAGES 1)");
    assertThat(MailboxAnswers.of(heard, "a"))
        .containsExactly(
            "* LIST () \"/\" a", "* LIST (\\HasNoChildren) \"/\" b", "* STATUS b (MESSAGES 3)");
  }

  @Test
  void aModSequenceIsNoMessageFound() {
    assertThat(MailboxAnswers.found(List.of("* SEARCH 2 7 (MODSEQ 917)", "* 3 EXISTS")))
        .containsExactly(2L, 7L);
    assertThat(MailboxAnswers.found(List.of("* SEARCH"))).isEmpty();
  }
}
