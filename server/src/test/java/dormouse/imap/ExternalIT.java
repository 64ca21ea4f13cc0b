package dormouse.imap;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.testkit.BehindProxy;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import dormouse.testkit.PostgresServer;
import dormouse.testkit.SlapdServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// Who has shown a proxy a certificate, by each kind of link that knows users by their name alone: a Dovecot whose master user logs them in,
/// PostgreSQL and OpenLDAP. A file's users are those of [MechanismsIT].
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ExternalIT {
  private static final String FAILED = "NO [AUTHENTICATIONFAILED] Wrong user name or password";
  private static final String OTHERS = "NO [AUTHORIZATIONFAILED] ";

  private DovecotServer dovecot;

  @TempDir static Path directory = Path.of("");

  @BeforeAll
  void start() throws IOException {
    dovecot = DovecotServer.start();
    Files.writeString(directory.resolve("master"), DovecotServer.MASTER_PASSWORD + "\n");
    Files.writeString(directory.resolve("secret"), PostgresServer.PASSWORD + "\n");
  }

  @AfterAll
  void stop() {
    dovecot.close();
  }

  @Test
  void theBackendKnowsWhoThereIs() throws IOException {
    try (FrontEnd front = front("backend:")) {
      logsIn(front, "u1");
      assertThat(external(front, "nobody", "")).startsWith(OTHERS);
      assertThat(external(front, "u1", "u2")).as("another's mail").startsWith(OTHERS);
    }
  }

  @Test
  void aDatabaseDoes() throws IOException {
    try (PostgresServer postgres = PostgresServer.start();
        FrontEnd front =
            front(
                """
                sql:
                      url: "%s"
                      user: %s
                      password-file: %s
                      query: >
                        SELECT password FROM (VALUES ('u1', 'x'), ('u2', NULL)) AS users (name, password)
                        WHERE name = :user
                """
                    .formatted(postgres.url(), PostgresServer.USER, directory.resolve("secret")))) {
      logsIn(front, "u1");
      assertThat(external(front, "u2", "")).as("who has no password").isEqualTo(FAILED);
      assertThat(external(front, "u3", "")).as("whom it does not know").isEqualTo(FAILED);
      assertThat(external(front, "u1", "u3")).as("another's mail").startsWith(OTHERS);
    }
  }

  @Test
  void anLdapServerDoes() throws IOException {
    String users =
        """
        dn: uid=u1,dc=example,dc=org
        objectClass: inetOrgPerson
        uid: u1
        cn: One
        sn: O
        userPassword: x
        """;
    try (SlapdServer slapd = SlapdServer.start(users);
        FrontEnd front =
            front("ldap: { urls: [ \"" + slapd.url() + "\" ], base: \"dc=example,dc=org\" }")) {
      logsIn(front, "u1");
      assertThat(external(front, "u3", "")).as("whom it does not know").isEqualTo(FAILED);
      assertThat(external(front, "u1", "u3")).as("another's mail").startsWith(OTHERS);
    }
  }

  private FrontEnd front(String link) {
    return FrontEnd.of(
        """
        listen: [ { address: "127.0.0.1:0", tls: none, proxy-protocol-from: [ 127.0.0.1 ] } ]
        backends:
          mx: { address: "127.0.0.1:%d", tls: none, login-as: { user: %s, password-file: %s } }
        directory:
          - %s
        login: { mechanisms: [ plain, external ] }
        throttle: { enabled: false }
        """
            .formatted(
                dovecot.imapPort(), DovecotServer.MASTER, directory.resolve("master"), link));
  }

  private void logsIn(FrontEnd front, String user) throws IOException {
    int from = dovecot.logSize();
    assertThat(external(front, user, "")).startsWith("OK ");
    dovecot.awaitLog(
        from, line -> line.contains("Login: user=<" + user + ">"), Duration.ofSeconds(10));
  }

  /// What is answered, without the tag.
  ///
  /// @param name whom the certificate is made out to
  /// @param authzid whose mail it is to be; empty for the user's own
  private static String external(FrontEnd front, String name, String authzid) throws IOException {
    String wanted =
        authzid.isEmpty() ? "=" : Base64.getEncoder().encodeToString(authzid.getBytes(UTF_8));
    try (ImapClient client = BehindProxy.certified(front.plain(), "203.0.113.7", name)) {
      String answer = client.command("AUTHENTICATE EXTERNAL " + wanted).getLast();
      return answer.substring(answer.indexOf(' ') + 1);
    }
  }
}
