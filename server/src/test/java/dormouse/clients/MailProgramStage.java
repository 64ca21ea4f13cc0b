package dormouse.clients;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// What every test of a mail program stands on: Dovecot, and before it a Dormouse in which sessions sleep as soon as they
/// can. Each test has a user and a home of its own.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class MailProgramStage {
  static final String PASSWORD = DovecotServer.PASSWORD;

  DovecotServer dovecot;
  FrontEnd front;
  MailProgram program;
  String user = "u0";
  private int users;

  @BeforeAll
  void start() {
    dovecot = DovecotServer.start();
    front = FrontEnd.before(dovecot.imapPort());
  }

  @AfterAll
  void stop() {
    front.close();
    dovecot.close();
  }

  @BeforeEach
  void moveIn(@TempDir Path home) {
    user = "u" + ++users;
    program = new MailProgram(home);
  }

  @AfterEach
  void itSleptAndEveryWakeSucceeded() {
    assertThat(front.metrics().scrape())
        .contains("dormouse_wakes_total{")
        .doesNotContain("dormouse_wake_failures_total{");
  }

  int imapsPort() {
    return front.tls().port();
  }

  int startTlsPort() {
    return front.startTls().port();
  }

  String certificate() {
    return front.certificate().toString();
  }

  /// Puts messages into a mailbox, behind Dormouse's back.
  void fill(String mailbox, List<String> messages) {
    try (ImapClient client = dovecot.client(user)) {
      if (!mailbox.equals("INBOX")) {
        client.ok("CREATE " + mailbox);
      }
      messages.forEach(message -> client.append(mailbox, "", message));
    }
  }

  /// What lies in a mailbox, asked behind Dormouse's back.
  List<Mail> server(String mailbox) {
    return Mail.onServer(dovecot.client(user), mailbox);
  }
}
