package dormouse.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class NetworkTest {
  @ParameterizedTest
  @CsvSource({
    "10.0.0.0/8, 10.255.0.1, 11.0.0.0",
    "10.1.2.0/23, 10.1.3.255, 10.1.4.0",
    "127.0.0.1, 127.0.0.1, 127.0.0.2",
    "0.0.0.0/0, 203.0.113.7, ::1",
    "2001:db8::/32, 2001:db8:ffff::1, 2001:db9::",
    "::1, ::1, 127.0.0.1",
    "::/0, 2001:db8::1, 10.0.0.1"
  })
  void itHasWhatBeginsAlike(String text, String inside, String outside) {
    Network network = Objects.requireNonNull(Network.parse(text));
    assertThat(network.contains(InetAddress.ofLiteral(inside))).isTrue();
    assertThat(network.contains(InetAddress.ofLiteral(outside))).isFalse();
    assertThat(Network.parse(network.toString())).isEqualTo(network);
    assertThat(Network.contain(List.of(network), InetAddress.ofLiteral(inside))).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "mail.example.org",
        "10.0.0.1/8",
        "10.0.0.0/33",
        "::/129",
        "10.0.0.0/",
        "/8",
        "::1/x"
      })
  void whatIsNoNetworkIsNotRead(String text) {
    assertThat(Network.parse(text)).isNull();
  }

  @Test
  void inNoNetworkIsNobody() {
    assertThat(Network.contain(List.of(), InetAddress.ofLiteral("::1"))).isFalse();
  }
}
