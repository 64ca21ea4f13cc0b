package dormouse.auth;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.auth.SaslExchange.Turn;
import dormouse.auth.SaslExchange.Turn.Ask;
import dormouse.auth.SaslExchange.Turn.Failed;
import dormouse.auth.SaslExchange.Turn.Present;
import dormouse.config.SaslMechanism;
import dormouse.directory.Proof;
import dormouse.tls.records.ChannelBindings;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
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
  void cramMd5AnswersAChallengeThatIsNewEachTime() {
    SaslExchange exchange = exchange("CRAM_MD5");
    Turn turn = exchange.begin(null);
    assertThat(turn).isInstanceOf(Ask.class).isNotEqualTo(exchange("CRAM_MD5").begin(null));
    String challenge = new String(Base64.getDecoder().decode(((Ask) turn).challenge()), UTF_8);
    assertThat(challenge).matches("<[0-9a-f]{32}@dormouse>");
    String digest = "B913a602c7eda7a495b4e6e7334d3890";
    assertThat(exchange.answer(base64("ann smith " + digest)))
        .isEqualTo(
            new Present(
                "ann smith", "", new Proof.CramMd5(challenge, digest.toLowerCase(Locale.ROOT))));
    assertThat(exchange("CRAM_MD5").begin(base64("ann " + digest))).isInstanceOf(Failed.class);
    for (String bad : List.of("", "ann", " " + digest, digest, "ann " + digest.replace('a', 'g'))) {
      SaslExchange other = exchange("CRAM_MD5");
      other.begin(null);
      assertThat(other.answer(base64(bad))).as(bad).isInstanceOf(Failed.class);
    }
  }

  @Test
  void externalIsWhomTheCertificateNames() {
    SaslExchange exchange = SaslExchange.of(SaslMechanism.EXTERNAL, named("ann"));
    assertThat(exchange.begin(null)).isEqualTo(new Ask(""));
    assertThat(exchange.answer(base64("")))
        .isEqualTo(new Present("ann", "", new Proof.Certificate()));
    assertThat(external("ann", "ann")).isEqualTo(new Present("ann", "", new Proof.Certificate()));
    assertThat(external("ann", "bob"))
        .isEqualTo(new Present("ann", "bob", new Proof.Certificate()));
    assertThat(external("", "ann")).isInstanceOf(Failed.class);
  }

  private static Turn external(String certificate, String says) {
    return SaslExchange.of(SaslMechanism.EXTERNAL, named(certificate)).begin(base64(says));
  }

  private static SaslExchange.Seen named(String certificate) {
    return new SaslExchange.Seen(certificate, ChannelBindings.NONE, false);
  }

  @Test
  void tokensComeWithAUser() {
    String bearer =
        "n,a=user@example.com,\u0001host=server.example.com\u0001port=143\u0001auth=Bearer vF9d.ft4_q==\u0001\u0001";
    assertThat(token("OAUTHBEARER", bearer)).isEqualTo("user@example.com vF9d.ft4_q==");
    assertThat(token("OAUTHBEARER", "n,a=a=2Cb=3Dc,\u0001auth=bearer x\u0001\u0001"))
        .isEqualTo("a,b=c x");
    assertThat(token("XOAUTH2", "user=ann@example.org\u0001auth=Bearer ya29.x\u0001\u0001"))
        .isEqualTo("ann@example.org ya29.x");
    for (String bad :
        List.of(
            "",
            "\u0001\u0001",
            "n,,\u0001auth=Bearer x\u0001\u0001",
            "n,a=ann,\u0001\u0001",
            "n,a=ann,\u0001auth=Basic x\u0001\u0001",
            "n,a=ann,\u0001auth=Bearer \u0001\u0001",
            "n,a=ann,\u0001auth=Bearer x y\u0001\u0001",
            "n,a=a=2Xb,\u0001auth=Bearer x\u0001\u0001",
            "p=tls-exporter\u0001auth=Bearer x\u0001\u0001",
            "user=ann\u0001auth=Bearer x\u0001\u0001",
            "n,a=ann,\u0001auth=Bearer x\u0001")) {
      assertThat(token("OAUTHBEARER", bad)).as(bad).startsWith("Failed");
    }
    assertThat(token("XOAUTH2", bearer)).startsWith("Failed");
  }

  private static String token(String mechanism, String message) {
    return exchange(mechanism).begin(base64(message))
            instanceof Present(var user, _, Proof.Token(var token))
        ? user + " " + new String(token, UTF_8)
        : "Failed";
  }

  @Test
  void scramBeginsWithAHeaderAUserAndANonce() {
    assertThat(exchange("SCRAM_SHA_256").begin(base64("n,a=boss,n=a=2Cnn,r=12345678,x=y")))
        .isEqualTo(
            new Present(
                "a,nn",
                "boss",
                new Proof.Scram("n,a=boss,", "n=a=2Cnn,r=12345678,x=y", "12345678")));
    for (String bad :
        List.of(
            "n,,n=ann",
            "n,,r=12345678,n=ann",
            "n,,n=ann,r=1234567",
            "n,,m=x,n=ann,r=12345678",
            "n,,n=,r=12345678",
            "n,,n=a=nn,r=12345678",
            "p=tls-unique,,n=ann,r=12345678",
            "x,,n=ann,r=12345678",
            "n,b=x,n=ann,r=12345678",
            "n=ann,r=12345678")) {
      assertThat(exchange("SCRAM_SHA_256").begin(base64(bad))).as(bad).isInstanceOf(Failed.class);
    }
  }

  // RFC 5802 §6
  @Test
  void whoCouldBindTheChannelMustNotBeToldThatItCannot() {
    assertThat(scram("y,,", false)).isInstanceOf(Present.class);
    assertThat(scram("y,,", true)).isEqualTo(new Failed("The channel cannot be bound like this"));
    assertThat(scram("n,,", true)).isInstanceOf(Present.class);
  }

  @Test
  void aChannelThatCannotBeBoundIsNot() {
    for (String header : List.of("n,,", "y,,", "p=tls-exporter,,", "p=tls-unique,,")) {
      assertThat(exchange("SCRAM_SHA_256_PLUS").begin(base64(header + "n=ann,r=12345678")))
          .as(header)
          .isEqualTo(new Failed("The channel cannot be bound like this"));
    }
  }

  private static Turn scram(String header, boolean offersPlus) {
    var seen = new SaslExchange.Seen("", ChannelBindings.NONE, offersPlus);
    return SaslExchange.of(SaslMechanism.SCRAM_SHA_256, seen)
        .begin(base64(header + "n=ann,r=12345678"));
  }

  private static Turn plain(String message) {
    return exchange("PLAIN").begin(base64(message));
  }

  private static byte[] base64(String text) {
    return Base64.getEncoder().encode(text.getBytes(UTF_8));
  }

  private static SaslExchange exchange(String mechanism) {
    return SaslExchange.of(SaslMechanism.valueOf(mechanism), SaslExchange.Seen.NOTHING);
  }

  private static void assertPresents(Turn turn, String user, String authzid, String password) {
    assertThat(turn)
        .isInstanceOfSatisfying(
            Present.class,
            presented -> {
              assertThat(presented.user()).isEqualTo(user);
              assertThat(presented.authzid()).isEqualTo(authzid);
              assertThat(presented.proof())
                  .isInstanceOfSatisfying(
                      Proof.Password.class,
                      proof -> assertThat(new String(proof.password(), UTF_8)).isEqualTo(password));
            });
  }
}
