package dormouse.auth;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.config.SaslMechanism;
import dormouse.directory.Proof;
import dormouse.directory.password.ScramVerifier;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import javax.crypto.Mac;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The exchange of RFC 7677 §3, and what is none.
class ScramServerTest {
  private static final String FIRST = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
  private static final String NONCE = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  private static final String FINAL =
      "c=biws,r=" + NONCE + ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
  private static final byte[] SALT = Base64.getDecoder().decode("W22ZaJ0SNY7soEsUEjb6gQ==");
  private static final ScramVerifier PENCIL =
      ScramVerifier.of("pencil".getBytes(UTF_8), SALT, 4096);

  @Test
  void theExchangeIsThatOfTheRfc() {
    ScramServer server = server(FIRST);
    assertThat(server.challenge())
        .asString()
        .isEqualTo("r=" + NONCE + ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
    assertThat(server.signature(FINAL.getBytes(UTF_8)))
        .asString()
        .isEqualTo("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "e=other-error",
        "c=biws,r=" + NONCE + ",p=",
        "c=biws,r=" + NONCE + ",p=AAAA",
        "c=biws,r=" + NONCE + ",p=eHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        "c=biws,r=" + NONCE + "x,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        "c=biws,r=rOprNGfwEbeRWgbNEkqO,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        "c=eSws,r=" + NONCE + ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        "r=" + NONCE + ",c=biws,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
      })
  void whatProvesNothingIsNotSigned(String last) {
    assertThat(server(FIRST).signature(last.getBytes(UTF_8))).isNull();
  }

  /// As many as the longest line that can be allowed has.
  @Test
  void anyNumberOfExtensionsIsRead() throws GeneralSecurityException {
    String extensions = ",x=".repeat(16_000);
    ScramServer server = server(FIRST + extensions);
    String unproven = "c=biws,r=" + NONCE + extensions;
    String said =
        FIRST.substring("n,,".length())
            + extensions
            + ","
            + new String(server.challenge(), UTF_8)
            + ","
            + unproven;
    assertThat(server.signature((unproven + ",p=" + proof(said)).getBytes(UTF_8)))
        .asString()
        .startsWith("v=");
    assertThat(server.signature((unproven + ",p=" + proof(said + ",x=")).getBytes(UTF_8))).isNull();
  }

  /// What the client shows of its password (RFC 5802 §3).
  ///
  /// @param said by both, without the proof
  private static String proof(String said) throws GeneralSecurityException {
    PBEKeySpec password = new PBEKeySpec("pencil".toCharArray(), SALT, 4096, 256);
    byte[] salted =
        SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256").generateSecret(password).getEncoded();
    byte[] key = hmac(salted, "Client Key");
    byte[] signature = hmac(MessageDigest.getInstance("SHA-256").digest(key), said);
    byte[] proof = new byte[key.length];
    for (int i = 0; i < proof.length; i++) {
      proof[i] = (byte) (key[i] ^ signature[i]);
    }
    return Base64.getEncoder().encodeToString(proof);
  }

  private static byte[] hmac(byte[] key, String text) throws GeneralSecurityException {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(key, "HmacSHA256"));
    return mac.doFinal(text.getBytes(UTF_8));
  }

  @Test
  void whomNobodyKnowsIsAskedTheSameEachTimeAndNeverBelieved() {
    List<String> asked = new ArrayList<>();
    SaslClient client =
        challenge -> {
          asked.add(new String(challenge, UTF_8).replaceAll("r=[^,]*", "r"));
          return CompletableFuture.<byte @Nullable []>completedFuture(FINAL.getBytes(UTF_8));
        };
    Proof.Scram nobody = new Proof.Scram("n,,", "n=nobody,r=12345678", "12345678");
    Proof.Scram somebody = new Proof.Scram("n,,", "n=somebody,r=12345678", "12345678");
    assertThat(SaslProofs.proves(nobody, PENCIL, client).join()).isFalse();
    asked.clear();
    assertThat(SaslProofs.disproves(nobody, "nobody", client).join()).isFalse();
    assertThat(SaslProofs.disproves(nobody, "nobody", client).join()).isFalse();
    assertThat(SaslProofs.disproves(somebody, "somebody", client).join()).isFalse();
    assertThat(asked).hasSize(3);
    assertThat(asked.get(0)).isEqualTo(asked.get(1)).endsWith(",i=4096");
    assertThat(asked.get(2)).isNotEqualTo(asked.get(0));
  }

  @Test
  void whoGivesUpHasProvenNothing() {
    Proof.Scram first = new Proof.Scram("n,,", "n=user,r=12345678", "12345678");
    SaslClient gone = _ -> CompletableFuture.completedFuture(null);
    assertThat(SaslProofs.proves(first, PENCIL, gone).join()).isFalse();
  }

  private static ScramServer server(String message) {
    SaslExchange exchange = SaslExchange.of(SaslMechanism.SCRAM_SHA_256, SaslExchange.Seen.NOTHING);
    SaslExchange.Turn turn = exchange.begin(Base64.getEncoder().encode(message.getBytes(UTF_8)));
    assertThat(turn).isInstanceOf(SaslExchange.Turn.Present.class);
    Proof proof = ((SaslExchange.Turn.Present) turn).proof();
    return new ScramServer((Proof.Scram) proof, PENCIL, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
  }
}
