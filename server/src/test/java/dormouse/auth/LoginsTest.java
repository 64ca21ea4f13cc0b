package dormouse.auth;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.directory.Answer;
import dormouse.directory.Facts;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class LoginsTest {
  @ParameterizedTest
  @CsvSource({
    "backend=mx1,no such backend in the settings",
    "backend=mx1 port=993,no such backend in the settings with that port and TLS",
    "host=mx1 ssl=y,no such backend in the settings with that port and TLS",
    "host=mx1 hostip=10.0.0.1,no such backend in the settings that may be dialled at that hostip",
    "hostip=10.0.0.1,no such backend in the settings",
    "host=*.example.org hostip=10.0.0.1,a pattern is no host",
    "port=993,'no backend named, and the settings lead to none with that port and TLS'",
    "user=ann,'no backend named, and the settings lead to none'"
  })
  void theLogSaysWhyFactsLeadNowhere(String facts, String why) {
    Map<String, String> fields = new HashMap<>();
    for (String fact : facts.split(" ")) {
      fields.put(fact.substring(0, fact.indexOf('=')), fact.substring(fact.indexOf('=') + 1));
    }
    assertThat(Facts.accept(fields))
        .isInstanceOfSatisfying(
            Answer.Accept.class, told -> assertThat(Logins.nowhere(told.facts())).isEqualTo(why));
  }
}
