package dormouse.directory.oauth2;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.GlewlwydServer;
import dormouse.testkit.ImapClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// Tokens of a real provider, Glewlwyd, shown by curl before a Dovecot whose master user logs their bearers in.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OAuth2IT {
  @TempDir static Path directory = Path.of("");

  private DovecotServer dovecot;
  private GlewlwydServer provider;

  @BeforeAll
  void start() {
    dovecot = DovecotServer.start();
    dovecot.addUser("u1@example.org", DovecotServer.PASSWORD);
    provider = GlewlwydServer.start(List.of("u1", "u2"));
  }

  @AfterAll
  void stop() {
    provider.close();
    dovecot.close();
  }

  @Test
  void theProviderIsAskedWhatATokenIs() throws Exception {
    String asking =
        "introspection: \"%s\", client-id: %s, client-secret-file: %s, username-claim: username"
            .formatted(
                provider.introspection(),
                GlewlwydServer.CLIENT,
                secret("client", GlewlwydServer.CLIENT_SECRET));
    try (FrontEnd dormouse = dormouse(asking)) {
      String token = provider.token("u1");
      assertThat(shows(dormouse, "u1", token)).isTrue();
      assertThat(shows(dormouse, "u2", token)).as("another's mail").isFalse();
      assertThat(shows(dormouse, "u1", token + "x")).isFalse();
      provider.revoke(token);
      assertThat(shows(dormouse, "u1", token)).as("revoked").isFalse();
      assertThat(shows(dormouse, "u2", provider.token("u2"))).isTrue();
      assertThat(shows(dormouse, "XOAUTH2", "u1", provider.token("u1"))).isTrue();
      assertThat(shows(dormouse, "XOAUTH2", "u2", provider.token("u1"))).isFalse();
      assertThat(shows(dormouse, "XOAUTH2", "u1", token)).as("revoked").isFalse();
    }
  }

  @Test
  void tokensAreReadByTheProvidersKeys() throws Exception {
    try (FrontEnd dormouse = dormouse("jwks: \"%s\"".formatted(provider.jwks()))) {
      String token = provider.token("u1");
      assertThat(shows(dormouse, "u1@example.org", token)).isTrue();
      assertThat(shows(dormouse, "u2@example.org", token)).isFalse();
      assertThat(shows(dormouse, "XOAUTH2", "u1@example.org", token)).isTrue();
      assertThat(shows(dormouse, "XOAUTH2", "u2@example.org", token)).isFalse();
      assertThat(shows(dormouse, "u1@example.org", token.substring(0, token.length() - 4) + "AAAA"))
          .isFalse();
    }
  }

  @Test
  void aTokenMustHaveTheScopes() throws Exception {
    String keys = "jwks: \"%s\"".formatted(provider.jwks());
    String user = "u1@example.org";
    String token = provider.token("u1");
    try (FrontEnd dormouse = dormouse(keys + ", scopes: [ mail ]")) {
      assertThat(shows(dormouse, user, token)).isTrue();
    }
    try (FrontEnd dormouse = dormouse(keys + ", scopes: [ mail, other ]")) {
      assertThat(shows(dormouse, user, token)).isFalse();
      try (ImapClient client = ImapClient.connect(dormouse.tls())) {
        String message = "n,a=" + user + ",\u0001auth=Bearer " + token + "\u0001\u0001";
        client.start("AUTHENTICATE OAUTHBEARER " + base64(message));
        assertThat(new String(Base64.getDecoder().decode(client.readLine().substring(2)), UTF_8))
            .isEqualTo(
                "{\"status\":\"insufficient_scope\",\"schemes\":\"bearer\",\"scope\":\"mail other\"}");
      }
    }
  }

  /// The scope of Glewlwyd's tokens stands for what a provider would be made to say.
  @Test
  void aClaimMaySayWhereAUserIsServed() throws Exception {
    String keys = "jwks: \"%s\", facts: [ scope=backend ]".formatted(provider.jwks());
    String user = "u1@example.org";
    String group = "groups: { mail: { mail: split, backends: { mx: } } }\n";
    try (FrontEnd dormouse = dormouse(keys, group)) {
      assertThat(shows(dormouse, user, provider.token("u1"))).isTrue();
    }
    try (FrontEnd dormouse = dormouse(keys)) {
      assertThat(shows(dormouse, user, provider.token("u1"))).as("nowhere").isFalse();
    }
  }

  private FrontEnd dormouse(String how) throws Exception {
    return dormouse(how, "");
  }

  private FrontEnd dormouse(String how, String more) throws Exception {
    return FrontEnd.of(
        more
            + """
            listen: [ { address: "127.0.0.1:0", tls: implicit } ]
            backends:
              mx: { address: "127.0.0.1:%d", tls: none, login-as: { user: %s, password-file: %s } }
            directory: [ { oauth2: { issuer: "%s", audience: [ %s ], %s } } ]
            login: { mechanisms: [ oauthbearer, xoauth2 ] }
            throttle: { enabled: false }
            """
                .formatted(
                    dovecot.imapPort(),
                    DovecotServer.MASTER,
                    secret("master", DovecotServer.MASTER_PASSWORD),
                    GlewlwydServer.ISSUER,
                    GlewlwydServer.AUDIENCE,
                    how));
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(UTF_8));
  }

  private static Path secret(String name, String text) throws Exception {
    return Files.writeString(directory.resolve(name), text + "\n");
  }

  private static boolean shows(FrontEnd dormouse, String user, String token) throws Exception {
    return shows(dormouse, "OAUTHBEARER", user, token);
  }

  private static boolean shows(FrontEnd dormouse, String mechanism, String user, String token)
      throws Exception {
    Process curl =
        new ProcessBuilder(
                "curl",
                "--silent",
                "--max-time",
                "20",
                "--cacert",
                dormouse.certificate().toString(),
                "--login-options",
                "AUTH=" + mechanism,
                "--user",
                user + ":",
                "--oauth2-bearer",
                token,
                "--request",
                "STATUS INBOX (MESSAGES)",
                "imaps://localhost:" + dormouse.tls().port() + "/")
            .redirectErrorStream(true)
            .start();
    curl.getOutputStream().close();
    boolean told = new String(curl.getInputStream().readAllBytes(), UTF_8).contains("* STATUS ");
    assertThat(curl.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return told && curl.exitValue() == 0;
  }
}
