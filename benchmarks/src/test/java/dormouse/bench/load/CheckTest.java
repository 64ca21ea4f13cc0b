package dormouse.bench.load;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CheckTest {
  @Test
  void aLineThatIsAskedForAgainMustComeOnceEachTime() {
    Check check = Check.lineAgain("* STATUS F0 (MESSAGES 3)");
    assertThat(check.complete()).isFalse();
    for (int time = 0; time < 2; time++) {
      assertThat(check.text("* STATUS F0 (MESSAGES 4)")).isFalse();
      assertThat(check.text("* STATUS F0 (MESSAGES 3)")).isTrue();
      assertThat(check.text("* STATUS F0 (MESSAGES 3)")).isFalse();
      assertThat(check.complete()).isTrue();
    }
  }
}
