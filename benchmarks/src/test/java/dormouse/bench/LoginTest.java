package dormouse.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class LoginTest {
  private static final double NO_CPU = Login.rate(20, 0);

  @BeforeAll
  static void numbersAreWrittenAsInC() {
    Locale.setDefault(Locale.ROOT);
  }

  @Test
  void eachRoundIsComparedWithThatOfNginx() {
    assertThat(Login.line("Dormouse", 982, List.of(2208.0, 4150.0), List.of(2208.0, 2075.0)))
        .matches("Dormouse +982 +2,208 +4,150 +4,150   1\\.00 2\\.00 2\\.00 of nginx");
  }

  @Test
  void whatTookNoStepOfTheClockHasNoRate() {
    assertThat(Login.line("Dormouse", NO_CPU, List.of(2000.0, NO_CPU), List.of(1000.0, 1000.0)))
        .matches(
            "Dormouse +below the noise +2,000 +below the noise +below the noise   no ratio to"
                + " nginx");
  }

  @Test
  void whatIsComparedWithNothingHasNoRatio() {
    assertThat(Login.line("Dormouse", 1000, List.of(2000.0), List.of(NO_CPU)))
        .endsWith("2,000   no ratio to nginx");
    assertThat(Login.line("nginx", NO_CPU, List.of(NO_CPU), List.of(NO_CPU)))
        .doesNotContain("Infinity", "NaN");
  }
}
