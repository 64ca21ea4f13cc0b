package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.session.Client;
import java.net.InetSocketAddress;
import java.util.Map;
import org.junit.jupiter.api.Test;

class HopFieldsTest {
  private static final Client PROXY =
      new Client(
          "s1",
          new InetSocketAddress("192.0.2.1", 5),
          new InetSocketAddress("192.0.2.2", 143),
          /* tls= */ false);

  /// Dovecot's imapc and Open-Xchange say the second, Dovecot's proxy the first.
  @Test
  void aSessionHasTheNameThatAProxyGivesIt() {
    assertThat(HopFields.told(PROXY, Map.of("x-session-id", "a1")).sessionId()).isEqualTo("a1");
    assertThat(HopFields.told(PROXY, Map.of("x-session-ext-id", "b2")).sessionId()).isEqualTo("b2");
    assertThat(
            HopFields.told(PROXY, Map.of("x-session-id", "a1", "x-session-ext-id", "b2"))
                .sessionId())
        .isEqualTo("a1");
    assertThat(HopFields.told(PROXY, Map.of("x-session-ext-id", "b 2")).sessionId())
        .isEqualTo("s1");
  }

  @Test
  void aNameOfUsIsNoMoreThanAName() {
    assertThat(HopFields.told(PROXY, Map.of("x-connected-name", "mail_1.test")).serverName())
        .isEqualTo("mail_1.test");
    assertThat(HopFields.told(PROXY, Map.of("x-connected-name", "a b")).serverName()).isEmpty();
  }
}
