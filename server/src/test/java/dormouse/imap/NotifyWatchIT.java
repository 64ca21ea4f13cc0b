package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.config.BackendSettings;
import dormouse.config.Watch;
import dormouse.ops.Metrics.State;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// Sleepers before a real Dovecot that tells by NOTIFY, and what else watches without a feed.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class NotifyWatchIT {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration SELDOM = Duration.ofHours(1);
  private static final Duration OFTEN = Duration.ofMillis(300);
  private static final String MESSAGE = "From: a@example.org\r\nSubject: hi\r\n\r\nHello\r\n";
  private static final String EXISTS = "\\* \\d+ EXISTS";

  private final DovecotServer dovecot = DovecotServer.start();
  private final List<ImapClient> clients = new ArrayList<>();
  private FrontEnd front = before(Watch.AUTO);

  @AfterEach
  void stopClients() {
    clients.forEach(ImapClient::close);
    clients.clear();
  }

  @AfterAll
  void stop() {
    front.close();
    dovecot.close();
  }

  private void front(Watch watch) {
    front.close();
    front = before(watch);
  }

  private FrontEnd before(Watch watch) {
    return FrontEnd.before(
        BackendSettings.inClear("127.0.0.1", dovecot.imapPort(), /* trusted= */ true)
            .withWatch(watch),
        FrontEnd.sweeping(SELDOM, OFTEN, Duration.ZERO));
  }

  private ImapClient idling(String user, String mailbox) {
    ImapClient client = front.client(user, DovecotServer.PASSWORD).patience(PATIENCE);
    clients.add(client);
    client.ok("SELECT " + mailbox);
    client.startIdle();
    return client;
  }

  private void make(String user, String... mailboxes) {
    try (ImapClient direct = dovecot.client(user)) {
      for (String mailbox : mailboxes) {
        direct.ok("CREATE " + mailbox);
      }
    }
  }

  /// T22.
  @Test
  void fiveSleepersOnThreeMailboxesNeedOneConnection() {
    front(Watch.AUTO);
    make("u1", "A&AOQ-", "work");
    ImapClient inbox = idling("u1", "INBOX");
    idling("u1", "INBOX");
    ImapClient umlaut = idling("u1", "A&AOQ-");
    ImapClient work = idling("u1", "work");
    idling("u1", "work");
    front.awaitAsleep(5);
    front.await(() -> front.metrics().backendConnections() == 1, "one connection for all");

    try (ImapClient other = dovecot.client("u1")) {
      other.append("INBOX", "", MESSAGE);
      inbox.readUntil(line -> line.equals("* 1 EXISTS"), PATIENCE);
      other.append("A&AOQ-", "", MESSAGE);
      umlaut.readUntil(line -> line.equals("* 1 EXISTS"), PATIENCE);
      other.append("work", "", MESSAGE);
      work.readUntil(line -> line.equals("* 1 EXISTS"), PATIENCE);
      other.ok("SELECT work");
      other.ok("STORE 1 +FLAGS (\\Flagged)");
      work.expectMatch("\\* \\d+ RECENT");
      work.expectMatch("\\* 1 FETCH \\(FLAGS \\(.*\\\\Flagged.*\\)\\)");
      other.ok("STORE 1 +FLAGS ($Junk)");
      work.readUntil(line -> line.contains("FETCH") && line.contains("$Junk"), PATIENCE);
      other.ok("STORE 1 +FLAGS (\\Deleted)");
      other.ok("EXPUNGE");
      work.readUntil(line -> line.equals("* 1 EXPUNGE"), PATIENCE);
      other.ok("UNSELECT");
      other.ok("RENAME work play");
      work.readUntil(line -> line.startsWith("* BYE"), PATIENCE);
    }
  }

  @Test
  void aConnectionThatIsLostIsMadeAnewAndNothingIsMissed() {
    front(Watch.AUTO);
    make("u2", "a", "b");
    List<ImapClient> sleepers =
        List.of(idling("u2", "INBOX"), idling("u2", "a"), idling("u2", "b"));
    front.awaitAsleep(3);
    front.await(() -> front.metrics().backendConnections() == 1, "one connection for all");
    for (int i = 1; i <= 3; i++) {
      dovecot.restart();
      dovecot.deliver("u2", MESSAGE);
      String told = "* " + i + " EXISTS";
      sleepers.getFirst().readUntil(told::equals, PATIENCE);
    }
    front.await(() -> front.metrics().backendConnections() == 1, "one connection for all again");
    assertThat(front.sessions(State.HIBERNATED)).isEqualTo(3);
  }

  @Test
  void whenFewAreLeftEachIsWatchedAgain() {
    front(Watch.AUTO);
    make("u3", "a", "b");
    ImapClient inbox = idling("u3", "INBOX");
    ImapClient a = idling("u3", "a");
    ImapClient b = idling("u3", "b");
    front.awaitAsleep(3);
    front.await(() -> front.metrics().backendConnections() == 1, "one connection for all");
    a.close();
    b.close();
    front.awaitAsleep(1);
    dovecot.deliver("u3", MESSAGE);
    inbox.readUntil(line -> line.equals("* 1 EXISTS"), PATIENCE);
    dovecot.deliver("u3", MESSAGE);
    inbox.readUntil(line -> line.equals("* 2 EXISTS"), PATIENCE);
  }

  @Test
  void whoIsToPollHasNoConnectionAndLooksNowAndThen() {
    front(Watch.POLL);
    ImapClient inbox = idling("u4", "INBOX");
    front.awaitAsleep(1);
    front.await(() -> front.metrics().backendConnections() == 0, "nothing is connected");
    dovecot.deliver("u4", MESSAGE);
    inbox.expectMatch(EXISTS);
    front.await(() -> front.metrics().backendConnections() == 0, "nothing is connected again");
  }

  @Test
  void oneMailboxIsEnoughWhereNotifyIsAskedFor() {
    front(Watch.NOTIFY);
    ImapClient inbox = idling("u5", "INBOX");
    front.awaitAsleep(1);
    dovecot.deliver("u5", MESSAGE);
    inbox.expectMatch(EXISTS);
    front.await(() -> front.metrics().backendConnections() == 1, "one connection");
  }
}
