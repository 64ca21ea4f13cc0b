package dormouse.imap.sleep;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.imap.track.ClientFeatures;
import dormouse.imap.track.Verb;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SelectQueryTest {
  private static @Nullable SelectQuery of(String arguments, String enabled) {
    ClientFeatures features = new ClientFeatures();
    features.enabled(enabled);
    return SelectQuery.of(Verb.SELECT, arguments, features);
  }

  @Test
  void howTheNameIsSpelledMakesNoDifference() {
    assertThat(of("inbox", "")).isNotNull().isEqualTo(of("\"INBOX\"", ""));
    assertThat(of("work", "")).isNotNull().isEqualTo(of("\"work\"", ""));
  }

  @Test
  void featuresDo() {
    assertThat(of("work", "QRESYNC")).isNotNull().isNotEqualTo(of("work", ""));
    assertThat(of("work (condstore)", "CONDSTORE"))
        .isNotNull()
        .isNotEqualTo(of("work", "CONDSTORE"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "work (CONDSTORE)",
        "work (QRESYNC (7 50))",
        "work ",
        "wo*rk",
        "\"wo\\rk\"",
        "\"work\"x",
        "\"work",
        "{4+}\r\nwork",
        "(work)"
      })
  void whatIsNotPlainIsNotKept(String arguments) {
    assertThat(of(arguments, "")).isNull();
  }
}
