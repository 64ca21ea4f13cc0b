package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.FreePort;
import dormouse.testkit.ImapClient;
import dormouse.testkit.SelfSigned;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Checks of a Dovecot over TLS, from the first byte and by STARTTLS: what counts is that it proves who it is.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HealthTlsIT {
  private static final String UP = "dormouse_backend_up{backend=\"mx\"}";

  private final int port = FreePort.next();
  private DovecotServer dovecot;
  private SelfSigned other;
  private Path secret;

  @TempDir static Path directory = Path.of("");

  @BeforeAll
  void start() throws IOException {
    dovecot = DovecotServer.start();
    other = SelfSigned.in(directory);
    secret = Files.writeString(directory.resolve("probe.secret"), DovecotServer.PASSWORD);
  }

  @AfterAll
  void stop() {
    dovecot.close();
  }

  private String settings(String tls, String check, String trust) {
    String probe = check.equals("login") ? ", user: u2999, password-file: " + secret : "";
    return """
    listen: [ { address: "127.0.0.1:%d", tls: none } ]
    backends:
      mx:
        address: "127.0.0.1:%d"
        tls: %s
        health: { check: %s, interval: 100ms, down-after: 2, up-after: 2%s }
        %s
    """
        .formatted(
            port,
            tls.equals("tls") ? dovecot.imapsPort() : dovecot.imapPort(),
            tls,
            check,
            probe,
            trust);
  }

  @ParameterizedTest
  @CsvSource({"tls, greeting", "starttls, greeting", "tls, login", "starttls, login"})
  void aServerThatDiesIsDownAndUpAgain(String tls, String check) {
    try (FrontEnd front = FrontEnd.of(settings(tls, check, "ca: " + dovecot.certificate()))) {
      dovecot.kill();
      up(front, 0);
      dovecot.restart();
      up(front, 1);
      try (ImapClient client = ImapClient.connect(front.plain())) {
        client.login("u1", DovecotServer.PASSWORD).logout();
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"tls, greeting", "starttls, greeting", "tls, login", "starttls, login"})
  void aServerThatCannotProveWhoItIsIsDown(String tls, String check) {
    String pin = "\"" + "A".repeat(43) + "=\"";
    for (String trust :
        List.of(
            "ca: " + other.certificate(),
            "pins: [ " + pin + " ]",
            "ca: " + dovecot.certificate() + "\n    tls-name: mail.example.org")) {
      try (FrontEnd front = FrontEnd.of(settings(tls, check, trust))) {
        up(front, 0);
        front.reload(settings(tls, check, "verify: false"));
        try (ImapClient client = ImapClient.connect(front.plain())) {
          client.login("u1", DovecotServer.PASSWORD).logout();
        }
        assertThat(Stage.metric(front, UP)).as(trust).isOne();
      }
    }
  }

  /// Nobody is asked for anything but to connect.
  @Test
  void whoOnlyConnectsDoesNotSee() {
    try (FrontEnd front = FrontEnd.of(settings("tls", "tcp", "ca: " + other.certificate()))) {
      dovecot.kill();
      up(front, 0);
      dovecot.restart();
      up(front, 1);
    }
  }

  private static void up(FrontEnd front, int wanted) {
    front.await(() -> Stage.metric(front, UP) == wanted, UP + " " + wanted);
  }
}
