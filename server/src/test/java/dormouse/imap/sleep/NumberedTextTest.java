package dormouse.imap.sleep;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NumberedTextTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "7",
        "007 and 08",
        "* 12 EXISTS\n* OK [UIDVALIDITY 34] x9\nOK [READ-WRITE] Done (0.001 + 0.000 secs).",
        "no number"
      })
  void whatIsTakenApartIsPutTogetherAgain(String text) {
    assertThat(NumberedText.of(text, UnaryOperator.identity()).text()).isEqualTo(text);
  }

  @Test
  void theWordsAreThoseThatAreShared() {
    String shared = NumberedText.of("* 3 EXISTS", UnaryOperator.identity()).words();
    NumberedText other =
        NumberedText.of(
            "* 14 EXISTS",
            words -> {
              assertThat(words).isEqualTo(shared);
              return shared;
            });
    assertThat(other.words()).isSameAs(shared);
    assertThat(other.text()).isEqualTo("* 14 EXISTS");
  }
}
