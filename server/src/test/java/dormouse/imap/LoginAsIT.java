package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.config.BackendSettings;
import dormouse.config.LoginAsSettings;
import dormouse.ops.Metrics.State;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Sessions that a master user of Dovecot brings back, with no password of theirs kept.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LoginAsIT {
  private static final String NO_SEPARATOR = "";

  @TempDir Path directory = Path.of("");
  private final DovecotServer dovecot;

  LoginAsIT() {
    dovecot = DovecotServer.start();
  }

  @BeforeEach
  void writeSecret() throws IOException {
    Files.writeString(secret(), DovecotServer.MASTER_PASSWORD + "\n");
  }

  @AfterAll
  void stop() {
    dovecot.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {NO_SEPARATOR, "*"})
  void aChangedPasswordDoesNotEndASession(String separator) {
    try (FrontEnd front = front(separator.isEmpty() ? null : separator);
        ImapClient client = asleep(front, "ann")) {
      dovecot.addUser("ann", "changed");
      dovecot.deliver("ann", Stage.message(1));
      client.readUntil(line -> line.endsWith(" EXISTS"), Duration.ofSeconds(10));

      client.done();
      assertThat(client.ok("UID SEARCH ALL")).hasSize(1);
      client.logout();
    } finally {
      dovecot.removeUser("ann");
    }
  }

  // T19

  @Test
  void aLockedUserIsSentAway() {
    dovecot.addUser("bob", DovecotServer.PASSWORD);
    try (FrontEnd front = front(null);
        ImapClient client =
            ImapClient.connect(front.plain()).login("bob", DovecotServer.PASSWORD)) {
      front.awaitAsleep(1);
      dovecot.lock("bob");

      client.start("LIST \"\" *");
      client.expect("* BYE [AUTHORIZATIONFAILED] Session ended");
      client.expectClosed();
      assertThat(
              Stage.metric(front, "dormouse_wake_failures_total{reason=\"login-refused-at-wake\"}"))
          .isEqualTo(1);
    }
  }

  // T37

  @Test
  void theBackendsLogSaysForWhomTheMasterCame() {
    dovecot.addUser("eve", DovecotServer.PASSWORD);
    try (FrontEnd front = front(null);
        ImapClient client =
            ImapClient.connect(front.plain()).login("eve", DovecotServer.PASSWORD)) {
      front.awaitAsleep(1);
      awaitLogin(0); // its own, of which Dovecot's log may tell later than the client hears
      int mark = dovecot.logSize();
      client.ok("LIST \"\" *");

      String port = Integer.toString(client.socket().getLocalPort());
      String login = awaitLogin(mark);
      assertThat(login).contains("rip=127.0.0.1, rport=" + port);
      assertThat(login).matches(".* session=<\\w+\\.1>.*");
    }
  }

  private String awaitLogin(int from) {
    return dovecot.awaitLog(
        from, line -> line.contains("Login: user=<eve>"), Duration.ofSeconds(10));
  }

  @Test
  void aClientsOwnLoginIsAlwaysItsOwn() {
    dovecot.addUser("joe", DovecotServer.PASSWORD);
    try (FrontEnd front = front(null);
        ImapClient client = ImapClient.connect(front.plain())) {
      assertThat(client.refused("LOGIN joe " + DovecotServer.MASTER_PASSWORD))
          .contains("[AUTHENTICATIONFAILED]");
      assertThat(front.sessions(State.ATTACHED)).isZero();
    }
  }

  @Test
  void aChangedPasswordOfTheMasterUserIsReadAtAReload() throws IOException {
    Path changing = Files.writeString(directory.resolve("changing"), DovecotServer.MASTER_PASSWORD);
    try (DovecotServer other = DovecotServer.start()) {
      String settings =
          """
          listen: [ { address: "127.0.0.1:0", tls: none } ]
          backends:
            mx: { address: "127.0.0.1:%d", tls: none, pool: { per-user: 0 }, login-as: { user: %s, password-file: %s } }
          hibernate: { after: 0s, quiet-after: 0s, keep-alive: 0s, keep-password: false }
          """
              .formatted(other.imapPort(), DovecotServer.MASTER, changing);
      try (FrontEnd front = FrontEnd.of(settings);
          ImapClient client = ImapClient.connect(front.plain())) {
        client.login("u1", DovecotServer.PASSWORD);
        front.awaitAsleep(1);
        client.ok("LIST \"\" *");
        front.awaitAsleep(1);

        other.changeMasterPassword("rotated");
        Files.writeString(changing, "rotated\n");
        front.reload(settings);
        client.ok("LIST \"\" *");
        client.logout();
      }
    }
  }

  private ImapClient asleep(FrontEnd front, String user) {
    dovecot.addUser(user, DovecotServer.PASSWORD);
    ImapClient client = ImapClient.connect(front.plain()).login(user, DovecotServer.PASSWORD);
    client.ok("SELECT INBOX");
    client.startIdle();
    front.awaitAsleep(1);
    return client;
  }

  private FrontEnd front(@Nullable String separator) {
    BackendSettings trusting = BackendSettings.inClear("127.0.0.1", dovecot.imapPort(), true);
    return FrontEnd.before(
        trusting.withLoginAs(new LoginAsSettings(DovecotServer.MASTER, secret(), separator)),
        StayIT::withoutPassword);
  }

  private Path secret() {
    return directory.resolve("master.secret");
  }
}
