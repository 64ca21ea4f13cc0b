package dormouse.auth;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.auth.SaslExchange.Turn;
import dormouse.auth.SaslExchange.Turn.Ask;
import dormouse.auth.SaslExchange.Turn.Failed;
import dormouse.auth.SaslExchange.Turn.Present;
import java.util.Base64;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SaslExchangeTest {
  @Test
  void plainCarriesAllInOneMessage() {
    assertPresents(plain("\0ann\0secret"), "ann", "", "secret");
    assertPresents(plain("boss\0ann\0secret"), "ann", "boss", "secret");
    assertPresents(plain("\0ann\0"), "ann", "", "");
  }

  @Test
  void whoActsAsItselfActsAsNobodyElse() {
    assertPresents(plain("ann\0ann\0secret"), "ann", "", "secret");
  }

  @Test
  void namesAreUtf8AndPasswordsAreBytes() {
    assertPresents(plain("\0änn\0sücret"), "änn", "", "sücret");
    byte[] latin1 = "\0ann\0s\u00fccret".getBytes(ISO_8859_1);
    assertThat(exchange("PLAIN").begin(Base64.getEncoder().encode(latin1)))
        .isInstanceOf(Present.class);
    byte[] latin1Name = "\0\u00e4nn\0secret".getBytes(ISO_8859_1);
    assertThat(exchange("PLAIN").begin(Base64.getEncoder().encode(latin1Name)))
        .isInstanceOf(Failed.class);
  }

  @Test
  void whatCannotBeANameOrPasswordFails() {
    assertThat(plain("")).isInstanceOf(Failed.class);
    assertThat(plain("ann\0secret")).isInstanceOf(Failed.class);
    assertThat(plain("\0\0secret")).isInstanceOf(Failed.class);
    assertThat(plain("\0ann\0sec\0ret")).isInstanceOf(Failed.class);
    assertThat(plain("\0an\nn\0secret")).isInstanceOf(Failed.class);
    assertThat(plain("a\rb\0ann\0secret")).isInstanceOf(Failed.class);
  }

  @Test
  void namesAndPasswordsAreBounded() {
    assertThat(plain("\0" + "a".repeat(255) + "\0secret")).isInstanceOf(Present.class);
    assertThat(plain("\0" + "a".repeat(256) + "\0secret")).isInstanceOf(Failed.class);
    assertThat(plain("a".repeat(256) + "\0ann\0secret")).isInstanceOf(Failed.class);
    assertThat(plain("\0ann\0" + "a".repeat(4096))).isInstanceOf(Present.class);
    assertThat(plain("\0ann\0" + "a".repeat(4097))).isInstanceOf(Failed.class);
  }

  @Test
  void loginAsksTwice() {
    SaslExchange exchange = exchange("LOGIN");
    assertThat(exchange.begin(null)).isEqualTo(new Ask("VXNlcm5hbWU6"));
    assertThat(exchange.answer(base64("ann"))).isEqualTo(new Ask("UGFzc3dvcmQ6"));
    assertPresents(exchange.answer(base64("secret")), "ann", "", "secret");
  }

  @Test
  void anEqualsSignIsAnEmptyResponseOnlyWithTheCommand() {
    byte[] empty = {'='};
    assertThat(exchange("LOGIN").begin(empty)).isEqualTo(new Ask("VXNlcm5hbWU6"));
    assertThat(exchange("PLAIN").begin(empty)).isInstanceOf(Failed.class);
    SaslExchange asked = exchange("PLAIN");
    assertThat(asked.begin(null)).isEqualTo(new Ask(""));
    assertThat(asked.answer(empty)).isEqualTo(new Failed("Not Base64"));
  }

  @Test
  void otherMechanismsAreNotSpoken() {
    assertThat(SaslExchange.of("CRAM-MD5")).isNull();
    assertThat(SaslExchange.of("")).isNull();
  }

  private static Turn plain(String message) {
    return exchange("PLAIN").begin(base64(message));
  }

  private static byte[] base64(String text) {
    return Base64.getEncoder().encode(text.getBytes(UTF_8));
  }

  private static SaslExchange exchange(String mechanism) {
    @Nullable SaslExchange exchange = SaslExchange.of(mechanism);
    return Objects.requireNonNull(exchange);
  }

  private static void assertPresents(Turn turn, String user, String authzid, String password) {
    assertThat(turn).isInstanceOf(Present.class);
    Credentials credentials = ((Present) turn).credentials();
    assertThat(credentials.user()).isEqualTo(user);
    assertThat(credentials.authzid()).isEqualTo(authzid);
    assertThat(new String(credentials.password(), UTF_8)).isEqualTo(password);
  }
}
