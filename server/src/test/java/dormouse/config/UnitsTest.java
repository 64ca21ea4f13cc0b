package dormouse.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class UnitsTest {
  @ParameterizedTest
  @CsvSource({
    "0s,0",
    "250ms,250",
    "15s,15000",
    "10m,600000",
    "1h,3600000",
    "90s,90000",
    "48h,172800000"
  })
  void aDurationIsReadAndShownTheSame(String text, long millis) {
    assertThat(Units.duration(text)).isEqualTo(Duration.ofMillis(millis));
    assertThat(Units.show(Duration.ofMillis(millis))).isEqualTo(text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "15", "s", "-1s", "1.5s", "15 s", "15sec", "١s", "999999999999999d"})
  void whatIsNoDurationIsNull(String text) {
    assertThat(Units.duration(text)).isNull();
  }

  @ParameterizedTest
  @CsvSource({"0,0", "512,512", "16KiB,16384", "4MiB,4194304", "1000,1000"})
  void aSizeIsReadAndShownTheSame(String text, int bytes) {
    assertThat(Units.bytes(text)).hasValue(bytes);
    assertThat(Units.showBytes(bytes)).isEqualTo(text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-1", "1KB", "1k", "1.5MiB", "2GiB", "999999999999999GiB"})
  void whatIsNoSizeOrTooLargeIsEmpty(String text) {
    assertThat(Units.bytes(text)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "mail.example.org,mail.example.org,0",
    "mail.example.org:143,mail.example.org,143",
    "10.0.0.1:993,10.0.0.1,993",
    "[::1]:993,::1,993",
    "[2001:db8::1],2001:db8::1,0",
    "[fd00:*]:143,fd00:*,143",
    "[10.0.0.1]:143,10.0.0.1,143",
    "10.0.0.*,10.0.0.*,0"
  })
  void aHostMayHaveAPort(String text, String host, int port) {
    assertThat(Units.hostPort(text)).isEqualTo(new Units.HostPort(host, port));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ":143",
        "host:",
        "host:0",
        "host:65536",
        "::1",
        "[fd*]",
        "[**]:143",
        "a b",
        "host:imap",
        "imap://host"
      })
  void whatIsNoHostIsNull(String text) {
    assertThat(Units.hostPort(text)).isNull();
  }

  @ParameterizedTest
  @CsvSource({
    "2001:DB8:0::1,2001:db8::1",
    "2001:db8:0:0:0:0:0:1,2001:db8::1",
    "::ffff:10.0.0.1,10.0.0.1",
    "10.0.0.1,10.0.0.1",
    "MX1.example.org,MX1.example.org",
    "a:b,a:b",
    "fe80::1%lo,fe80::1%lo"
  })
  void anAddressHasOneForm(String text, String form) {
    assertThat(Units.host(text)).isEqualTo(form);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.0.0.0:993", "127.0.0.1:0", "[0:0:0:0:0:0:0:1]:993"})
  void anAddressToListenOnIsReadAndShownTheSame(String text) {
    InetSocketAddress address = Objects.requireNonNull(Units.listenAddress(text));
    assertThat(Units.show(address)).isEqualTo(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "993",
        ":993",
        "mail.example.org:993",
        "1.2.3:993",
        "0.0.0.0:65536",
        "0.0.0.0"
      })
  void whatIsNoAddressToListenOnIsNull(String text) {
    assertThat(Units.listenAddress(text)).isNull();
  }
}
