package dormouse.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class EventLogTest {
  private enum Reason {
    CLIENT_GONE
  }

  @Test
  void anEventIsItsNameAndItsFieldsInOrder() {
    assertThat(EventLog.line("start")).isEqualTo("start");
    assertThat(EventLog.line("wake", "session", "7f3a", "user", "ann", "uids", 12))
        .isEqualTo("wake session=7f3a user=ann uids=12");
  }

  @Test
  void aFieldWithoutAValueIsLeftOut() {
    assertThat(EventLog.line("close", "user", null, "reason", Reason.CLIENT_GONE))
        .isEqualTo("close reason=client-gone");
  }

  @Test
  void whatIsNotAPlainWordIsQuotedAndEscaped() {
    assertThat(EventLog.line("login", "user", "ann lee")).isEqualTo("login user=\"ann lee\"");
    assertThat(EventLog.line("login", "user", "")).isEqualTo("login user=\"\"");
    assertThat(EventLog.line("login", "user", "a\"b\\c")).isEqualTo("login user=\"a\\\"b\\\\c\"");
    assertThat(EventLog.line("login", "user", "x\r\nclose\t\u001b[2J\u202e\u2028"))
        .isEqualTo("login user=\"x\\r\\nclose\\t\\u001b[2J\\u202e\\u2028\"");
    assertThat(EventLog.line("login", "user", "jürgen@例え")).isEqualTo("login user=jürgen@例え");
  }

  @Test
  void aLongValueIsCut() {
    assertThat(EventLog.line("login", "user", "a".repeat(5000)))
        .hasSizeLessThan(1100)
        .endsWith("a…");
  }

  @ParameterizedTest
  @CsvSource({
    "0,0ms",
    "999,999ms",
    "1000,1.0s",
    "4190,4.1s",
    "59000,59s",
    "2460000,41m",
    "9000000,2h",
    "71280000000,825d"
  })
  void aDurationIsShownShort(long millis, String shown) {
    assertThat(EventLog.line("wake", "took", Duration.ofMillis(millis)))
        .isEqualTo("wake took=" + shown);
  }

  @Test
  void anAddressIsShownAsItIsWritten() {
    assertThat(
            EventLog.line(
                "accept",
                "client",
                new InetSocketAddress(InetAddress.ofLiteral("10.0.0.7"), 51234)))
        .isEqualTo("accept client=10.0.0.7:51234");
    assertThat(
            EventLog.line(
                "accept", "client", new InetSocketAddress(InetAddress.ofLiteral("::1"), 1)))
        .isEqualTo("accept client=[0:0:0:0:0:0:0:1]:1");
    assertThat(EventLog.line("dial", "backend", InetSocketAddress.createUnresolved("mx", 143)))
        .isEqualTo("dial backend=mx:143");
  }

  @Test
  void aFieldWithoutItsPairIsABug() {
    assertThatThrownBy(() -> EventLog.line("wake", "session"))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
