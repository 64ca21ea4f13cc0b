package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.ops.Metrics;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What a real Dovecot sees of clients that sleep, and what they hear of it.
class QuietBackendIT {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final String MESSAGE = "From: a@example.org\r\nSubject: hi\r\n\r\nHello\r\n";

  private DovecotServer dovecot;
  private FrontEnd front;
  private final List<ImapClient> clients = new ArrayList<>();

  @BeforeEach
  void start() {
    dovecot = DovecotServer.start();
    front =
        FrontEnd.before(
            dovecot.imapPort(),
            hibernate -> Stage.awakeOutsideIdle(hibernate).withAfter(Duration.ofMillis(500)));
  }

  @AfterEach
  void stop() {
    clients.forEach(ImapClient::close);
    front.close();
    dovecot.close();
  }

  private ImapClient idling(String user) {
    ImapClient client = loggedIn(user);
    client.ok("SELECT INBOX");
    client.startIdle();
    return client;
  }

  private ImapClient loggedIn(String user) {
    ImapClient client = front.client(user, DovecotServer.PASSWORD).patience(PATIENCE);
    clients.add(client);
    return client;
  }

  /// Before it has come, the last connection may be a session's.
  private void awaitWatcher() {
    front.await(
        () -> Stage.metric(front, "dormouse_syncs_total{result=\"done\"}") > 0, "the watcher");
    front.await(() -> front.metrics().backendConnections() == 1, "only the watcher is left");
    dovecot.awaitImapConnections("u1", 1, PATIENCE);
  }

  @Test
  void ofThoseWhoSleepOnlyOneWatcherIsLeft() {
    ImapClient first = idling("u1");
    idling("u1");
    idling("u1");
    loggedIn("u2");
    front.awaitAsleep(4);

    awaitWatcher();
    dovecot.awaitImapConnections("u2", 0, PATIENCE);
    assertThat(dovecot.doveadm("who", "-1").lines().skip(1))
        .singleElement()
        .asString()
        .contains("u1");

    first.done();
    assertThat(first.ok("UID SEARCH ALL")).containsExactly("* SEARCH");
    assertThat(dovecot.imapConnections("u1")).isEqualTo(2);
  }

  @Test
  void aDeliveredMessageIsAnnouncedToAllAndWakesNobody(TestReporter report) {
    List<ImapClient> sleepers = List.of(idling("u1"), idling("u1"), idling("u1"));
    front.awaitAsleep(3);
    awaitWatcher();

    dovecot.deliver("u1", MESSAGE);
    long delivered = System.nanoTime();
    for (ImapClient client : sleepers) {
      client.expect("* 1 EXISTS");
      report.publishEntry(
          "announced after", Duration.ofNanos(System.nanoTime() - delivered).toMillis() + " ms");
      client.expectMatch("\\* \\d RECENT");
    }

    assertThat(front.sessions(Metrics.State.HIBERNATED)).isEqualTo(3);
    assertThat(dovecot.imapConnections("u1")).isEqualTo(1);
    for (ImapClient client : sleepers) {
      assertThat(client.done()).hasSize(1);
      assertThat(client.ok("FETCH 1 BODY.PEEK[TEXT]"))
          .containsExactly("* 1 FETCH (BODY[TEXT] {7}\r\nHello\r\n)");
    }
  }

  /// Killed it says nothing, stopped it says BYE: to the watcher.
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whoSleepsOutlivesTheBackend(boolean killed) {
    Consumer<DovecotServer> end = killed ? DovecotServer::kill : DovecotServer::stop;
    ImapClient idling = idling("u1");
    ImapClient unselected = loggedIn("u2");
    front.awaitAsleep(2);
    awaitWatcher();

    end.accept(dovecot);
    front.await(() -> front.metrics().backendConnections() == 0, "the watcher is gone");
    assertThat(front.sessions(Metrics.State.HIBERNATED)).isEqualTo(2);
    unselected.ok("NOOP");

    dovecot.restart();
    dovecot.deliver("u1", MESSAGE);
    idling.expect("* 1 EXISTS");
    idling.expectMatch("\\* \\d RECENT");
    idling.done();
    assertThat(idling.ok("UID SEARCH ALL")).containsExactly("* SEARCH 1");
    assertThat(unselected.ok("STATUS INBOX (MESSAGES)"))
        .containsExactly("* STATUS INBOX (MESSAGES 0)");
  }
}
