package dormouse.imap;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.ops.Metrics.State;
import dormouse.testkit.AuthDaemon;
import dormouse.testkit.DovecotOptions;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import dormouse.testkit.TokenProvider;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Clients' access tokens shown to a real Dovecot that looks at them itself.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TokenIT {
  private final TokenProvider provider = TokenProvider.start();
  private DovecotServer dovecot;

  @TempDir static Path directory = Path.of("");

  @BeforeAll
  void start() {
    dovecot = DovecotServer.start(DovecotOptions.DEFAULT.withTokens());
    dovecot.tokenKey("RS256", "R0", provider.rsaPublicKey());
  }

  @AfterAll
  void stop() {
    dovecot.close();
    provider.close();
  }

  private FrontEnd dormouse(String more) {
    return FrontEnd.of(
        """
        listen: [ { address: "127.0.0.1:0", tls: none } ]
        backends:
          mx: { address: "127.0.0.1:%d", tls: none%s }
        directory:
          - oauth2: { issuer: "https://id", audience: [ mail ], jwks: "%s/jwks", leeway: 1m }
        login: { mechanisms: [ oauthbearer, xoauth2 ] }
        throttle: { enabled: false }
        hibernate: { after: 0s, quiet-after: 0s }
        """
            .formatted(dovecot.imapPort(), more, provider.url()));
  }

  private static String master() throws Exception {
    Path file = Files.writeString(directory.resolve("master"), DovecotServer.MASTER_PASSWORD);
    return ", login-as: { user: " + DovecotServer.MASTER + ", password-file: " + file + " }";
  }

  /// Of which the backend, too, must think well.
  private String token(String user, Instant until) {
    long now = Instant.now().getEpochSecond();
    return provider.token(
        "{\"typ\":\"JWT\",\"alg\":\"RS256\",\"kid\":\"R0\"}", // Dovecot wants its type
        "RS256",
        """
        {"iss":"https://id","aud":"mail","sub":"7","email":"%s","iat":%d,"nbf":%d,"exp":%d}\
        """
            .formatted(user, now - 300, now - 300, until.getEpochSecond()));
  }

  private static String shown(String user, String token) {
    String message = "n,a=" + user + ",\1auth=Bearer " + token + "\1\1";
    return "AUTHENTICATE OAUTHBEARER "
        + Base64.getEncoder().encodeToString(message.getBytes(UTF_8));
  }

  private List<String> logins(String user) {
    return dovecot.log().stream()
        .filter(line -> line.contains("Login: user=<" + user + ">"))
        .map(line -> line.replaceFirst(".* method=([^, ]*).*", "$1"))
        .toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"OAUTHBEARER", "XOAUTH2"})
  void theClientsTokenIsShownToTheBackend(String mechanism) {
    String user = "u" + mechanism.length();
    try (FrontEnd dormouse = dormouse(", token-mechanism: " + mechanism.toLowerCase(Locale.ROOT));
        ImapClient client = ImapClient.connect(dormouse.plain())) {
      client.ok(shown(user, token(user, Instant.now().plusSeconds(300))));
      assertThat(client.ok("SELECT INBOX")).contains("* 0 EXISTS");
      dormouse.await(() -> logins(user).equals(List.of(mechanism)), "the login is logged");
    }
  }

  /// No token is kept to wake by, for it runs out.
  @Test
  void withoutAMasterUserTheSessionStaysAttached() {
    try (FrontEnd dormouse = dormouse(", token-mechanism: oauthbearer");
        ImapClient client = ImapClient.connect(dormouse.plain())) {
      client.ok(shown("u1", token("u1", Instant.now().plusSeconds(300))));
      client.ok("SELECT INBOX");
      client.startIdle();
      dormouse.await(
          () -> dormouse.metric("dormouse_stayed_attached_total{reason=\"password-not-kept\"}") > 0,
          "it stays, and says why");
      assertThat(dormouse.sessions(State.HIBERNATED)).isZero();
      client.done();
      client.ok("NOOP");
      dormouse.await(() -> logins("u1").equals(List.of("OAUTHBEARER")), "the only login");
    }
  }

  @Test
  void withAMasterUserItSleepsAndWakesByThat() throws Exception {
    dovecot.deliver("u2", Stage.message(1));
    try (FrontEnd dormouse =
            dormouse(", token-mechanism: xoauth2, pool: { per-user: 0 }" + master());
        ImapClient client = ImapClient.connect(dormouse.plain())) {
      client.ok(shown("u2", token("u2", Instant.now().plusSeconds(300))));
      assertThat(client.ok("SELECT INBOX")).contains("* 1 EXISTS");
      client.startIdle();
      dormouse.awaitAsleep(1);
      client.done();
      assertThat(client.ok("FETCH 1 (FLAGS)").toString()).contains("* 1 FETCH ");
      dormouse.await(() -> logins("u2").contains("PLAIN"), "it woke by the master user");
      assertThat(logins("u2")).containsOnlyOnce("XOAUTH2").startsWith("XOAUTH2");
    }
  }

  @Test
  void anHttpDaemonMaySayThatAUsersTokenIsShown() throws Exception {
    AuthDaemon.Script script =
        _ ->
            AuthDaemon.Answer.of(
                "Auth-Status: OK",
                "Auth-Server: 127.0.0.1",
                "Auth-Port: " + dovecot.imapPort(),
                "Auth-Mech: XOAUTH2");
    try (AuthDaemon daemon = AuthDaemon.start(script);
        FrontEnd dormouse =
            FrontEnd.of(
                """
                listen: [ { address: "127.0.0.1:0", tls: none } ]
                backends: { any: { address: "*", tls: none } }
                directory:
                  - http: { url: "http://127.0.0.1:%d/auth", extended: true }
                login: { mechanisms: [ oauthbearer ] }
                throttle: { enabled: false }
                """
                    .formatted(daemon.port()));
        ImapClient client = ImapClient.connect(dormouse.plain())) {
      client.ok(shown("u4", token("u4", Instant.now().plusSeconds(300))));
      dormouse.await(() -> logins("u4").equals(List.of("XOAUTH2")), "the login is logged");
    }
  }

  /// Dormouse lets it in by its leeway, Dovecot has none.
  @Test
  void aTokenThatTheBackendRefusesLetsNobodyIn() throws Exception {
    try (FrontEnd dormouse = dormouse(", token-mechanism: oauthbearer" + master());
        ImapClient client = ImapClient.connect(dormouse.plain())) {
      String old = token("u3", Instant.now().minusSeconds(30));
      assertThat(client.refused(shown("u3", old))).contains("[AUTHENTICATIONFAILED]");
      assertThat(logins("u3")).isEmpty();
      client.ok(shown("u3", token("u3", Instant.now().plusSeconds(300))));
      dormouse.await(() -> logins("u3").equals(List.of("OAUTHBEARER")), "the login is logged");
      assertThat(dovecot.log().toString()).doesNotContain(old);
    }
  }
}
