package dormouse.auth;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.directory.Answer;
import dormouse.directory.Attempt;
import dormouse.directory.Attempts;
import dormouse.directory.Facts;
import dormouse.directory.Proof;
import dormouse.directory.Verification;
import dormouse.directory.Workers;
import dormouse.directory.password.StoredPassword;
import dormouse.testkit.AuthDaemon;
import dormouse.testkit.ImapClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What a client hears before it is refused: who asks by SCRAM learns nothing of a user whose password it does not know, and no token is called
/// invalid that is not.
class SaslProofsTest {
  private static final String KEY = Base64.getEncoder().encodeToString(new byte[32]);

  @TempDir Path directory = Path.of("");

  private final Workers checks =
      new Workers("checks", 1, Duration.ofSeconds(5), InstantSource.system());

  @AfterEach
  void stop() {
    checks.close();
  }

  @Test
  void whoHasAPasswordAndWhoHasNoneAreAskedAlike() throws Exception {
    String known = challenge("u1", "{PLAIN}secret");
    assertThat(challenge("u1", "{PLAIN}secret")).isEqualTo(known);
    assertThat(challenge("u1", "!")).as("the password is gone").isEqualTo(known);

    String unknown = challenge("u2", "");
    assertThat(challenge("u2", "")).isEqualTo(unknown).isNotEqualTo(known);
    assertThat(unknown).hasSameSizeAs(known);
  }

  @Test
  void aLinkThatRewritesANameDoesNotShow() throws Exception {
    Attempt typed = Attempts.scram("u1@example.org").withUser("u1");
    assertThat(challenge(typed, "{PLAIN}secret"))
        .isEqualTo(challenge(typed, ""))
        .isEqualTo(challenge("u1", "{PLAIN}secret"));
  }

  @Test
  void whoHasNoneLooksLikeWhoHasAStoredOne() throws Exception {
    String stored = "{SCRAM-SHA-256}15000,c2FsdHNhbHQ=,%1$s,%1$s".formatted(KEY);
    String known = challenge("u1", stored);
    assertThat(known).isEqualTo(",s=c2FsdHNhbHQ=,i=15000");
    assertThat(challenge("u2", "")).endsWith(",i=15000").hasSameSizeAs(known);
    assertThat(challenge("u2", "{PLAIN}secret")).endsWith(",i=4096");
  }

  /// Every name that a user has leads to the salt that is stored, so all that nobody has lead to one too.
  @Test
  void namesThatAreRewrittenToOneHaveOneSaltWhetherSomebodyHasThemOrNot() throws Exception {
    Path users =
        Files.writeString(
            directory.resolve("users.passwd"),
            "u1:{SCRAM-SHA-256}4096,c2FsdHNhbHRzYWx0c2FsdA==,%1$s,%1$s\n".formatted(KEY));
    String file =
        """
        listen: [ { address: "127.0.0.1:0", tls: none } ]
        backends: { mx: { address: "127.0.0.1:1", tls: none, login-as: { user: root, password-file: %1$s } } }
        login:
          mechanisms: [ scram-sha-256 ]
          admins: [ root ]
          admins-from: [ 10.0.0.0/8 ]
        directory:
          - rewrite: { lower-case: true }
          - file: { path: %1$s }
        """
            .formatted(users);
    try (FrontEnd dormouse = FrontEnd.of(file)) {
      assertThat(challenge(dormouse, "U1")).isEqualTo(challenge(dormouse, "u1"));
      assertThat(challenge(dormouse, "U9"))
          .isEqualTo(challenge(dormouse, "u9"))
          .hasSameSizeAs(challenge(dormouse, "u1"));
      assertThat(challenge(dormouse, "root"))
          .as("who may not come from here")
          .isEqualTo(challenge(dormouse, "Root"))
          .hasSameSizeAs(challenge(dormouse, "u1"));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "[UNAVAILABLE] database away, '', a1 NO [UNAVAILABLE] database away",
    "[UNAVAILABLE] database away, {}, + e30=",
    "[EXPIRED] too old, '', + eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NoZW1lcyI6ImJlYXJlciJ9"
  })
  void aTokenIsNotCalledInvalidWhereTheLoginIsPutOff(String status, String sasl, String heard) {
    AuthDaemon.Answer refusal =
        sasl.isEmpty()
            ? AuthDaemon.Answer.of("Auth-Status: " + status)
            : AuthDaemon.Answer.of("Auth-Status: " + status, "Auth-Error-SASL: " + base64(sasl));
    try (AuthDaemon daemon = AuthDaemon.start(_ -> refusal);
        FrontEnd dormouse =
            FrontEnd.of(
                """
                listen: [ { address: "127.0.0.1:0", tls: none } ]
                backends: { mx: { address: "127.0.0.1:1", tls: none } }
                login: { mechanisms: [ oauthbearer ] }
                directory: [ { http: { url: "http://127.0.0.1:%d/auth", extended: true } } ]
                """
                    .formatted(daemon.port()));
        ImapClient client = ImapClient.connect(dormouse.plain())) {
      String shown = "n,a=ann,\u0001auth=Bearer tok\u0001\u0001";
      client.send("a1 AUTHENTICATE OAUTHBEARER " + base64(shown) + "\r\n");
      assertThat(client.readLine()).isEqualTo(heard);
    }
  }

  /// What a front end asks whoever says this name.
  private static String challenge(FrontEnd dormouse, String user) {
    String first = "n,,n=" + user + ",r=abcdefgh";
    try (ImapClient client = ImapClient.connect(dormouse.plain())) {
      client.send("a1 AUTHENTICATE SCRAM-SHA-256 " + base64(first) + "\r\n");
      String asked = client.readLine();
      assertThat(asked).startsWith("+ ");
      String said = new String(Base64.getDecoder().decode(asked.substring(2)), US_ASCII);
      client.send("*\r\n").expectMatch("a1 NO .*");
      return said.substring(said.indexOf(",s="));
    }
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(US_ASCII));
  }

  private String challenge(String user, String stored) throws Exception {
    return challenge(Attempts.scram(user), stored);
  }

  /// The salt and the iterations that a client is told.
  private String challenge(Attempt attempt, String stored) throws Exception {
    Proof.Scram first = (Proof.Scram) attempt.proof();
    CompletableFuture<String> asked = new CompletableFuture<>();
    SaslClient client =
        challenge -> {
          asked.complete(new String(challenge, US_ASCII));
          return CompletableFuture.<byte @Nullable []>completedFuture(null);
        };
    Answer answer =
        Verification.of(
                attempt, StoredPassword.parse(stored, "PLAIN"), Facts.accept(Map.of()), checks)
            .get(20, TimeUnit.SECONDS);
    CompletableFuture<Boolean> proven =
        answer instanceof Answer.Prove(_, var verifier)
            ? SaslProofs.proves(first, verifier, client)
            : SaslProofs.disproves(first, attempt.user(), client);
    assertThat(proven.get(20, TimeUnit.SECONDS)).isFalse();
    String said = asked.join();
    return said.substring(said.indexOf(",s="));
  }
}
