package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.config.BackendSettings;
import dormouse.ops.Metrics.State;
import dormouse.testkit.DovecotOptions;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.EventRelay;
import dormouse.testkit.FreePort;
import dormouse.testkit.ImapClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/// Sleepers before a real Dovecot whose event exporter tells of changes: nothing is connected at rest, and nothing is lost,
/// whatever becomes of the events.
class FeedIT {
  private static final int SLEEPERS = Integer.getInteger("dormouse.sleepers", 30);
  private static final int USERS = Integer.getInteger("dormouse.users", 10);
  private static final int DELIVERIES = Integer.getInteger("dormouse.deliveries", 20);
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration SELDOM = Duration.ofHours(1);
  private static final Duration OFTEN = Duration.ofMillis(300);
  private static final String MESSAGE = "From: a@example.org\r\nSubject: hi\r\n\r\nHello\r\n";

  private EventRelay relay;
  private DovecotServer dovecot;
  private FrontEnd front;
  private final List<ImapClient> clients = new ArrayList<>();

  @BeforeEach
  void start() {
    relay = EventRelay.start(1);
    dovecot = DovecotServer.start(DovecotOptions.DEFAULT.withEventsTo(relay.port()));
    front = front(SELDOM, OFTEN, OFTEN);
  }

  private FrontEnd front(Duration sweep, Duration poll, Duration linger) {
    FrontEnd started =
        FrontEnd.before(
            BackendSettings.inClear("127.0.0.1", dovecot.imapPort(), /* trusted= */ true),
            FrontEnd.sweeping(sweep, poll, linger),
            List.of(FrontEnd.dovecotEvents()));
    relay.to(started.eventPort());
    return started;
  }

  @AfterEach
  void stop() {
    clients.forEach(ImapClient::close);
    front.close();
    dovecot.close();
    relay.close();
  }

  private ImapClient idling(String user, String mailbox) {
    ImapClient client = front.client(user, DovecotServer.PASSWORD).patience(PATIENCE);
    clients.add(client);
    client.ok("SELECT " + mailbox);
    client.startIdle();
    return client;
  }

  /// A feed is up once an event has come for somebody who is logged in.
  private void hearSomething() {
    try (ImapClient client = front.client("u2999", DovecotServer.PASSWORD)) {
      client.ok("CREATE heard");
      front.await(() -> front.feedUp("dovecot-events"), "the feed is up");
    }
  }

  /// Dovecot makes a user's INBOX when it is first opened, and tells of it.
  private void makeInbox(String user) {
    long heard = relay.heard();
    try (ImapClient direct = dovecot.client(user)) {
      direct.ok("SELECT INBOX");
    }
    front.await(() -> relay.heard() > heard, "Dovecot tells that it made an INBOX");
  }

  private void awaitNobodyConnected() {
    front.await(() -> front.metrics().backendConnections() == 0, "nothing is connected");
  }

  private static void expectMessage(ImapClient client, int number) {
    client.expect("* " + number + " EXISTS");
    client.expectMatch("\\* \\d+ RECENT");
  }

  /// T1.
  @Test
  void anAppendIsToldToASleeperWhoSleepsOn() {
    hearSomething();
    ImapClient sleeper = idling("u1", "INBOX");
    front.awaitAsleep(1);
    awaitNobodyConnected();
    dovecot.awaitImapConnections("u1", 0, PATIENCE);

    try (ImapClient other = dovecot.client("u1")) {
      other.append("INBOX", "", MESSAGE);
      expectMessage(sleeper, 1);
      other.ok("SELECT INBOX");
      other.ok("STORE 1 +FLAGS (\\Flagged)");
      sleeper.expectMatch("\\* 1 FETCH \\(FLAGS \\(.*\\\\Flagged.*\\)\\)");
      other.ok("STORE 1 +FLAGS (\\Deleted)");
      sleeper.expectMatch("\\* 1 FETCH .*Deleted.*");
      other.ok("EXPUNGE");
      sleeper.expect("* 1 EXPUNGE");
    }

    assertThat(front.sessions(State.HIBERNATED)).isEqualTo(1);
    awaitNobodyConnected();
  }

  @Test
  void whoSleepsWhenTheFirstEventComesGivesUpItsConnection() {
    makeInbox("u1");
    idling("u1", "INBOX");
    front.awaitAsleep(1);
    dovecot.awaitImapConnections("u1", 1, PATIENCE);
    assertThat(front.feedUp("dovecot-events")).isFalse();

    hearSomething();

    awaitNobodyConnected();
  }

  @Test
  void aFeedComesAndGoesByAReload() {
    String without =
        """
        listen: [ { address: "127.0.0.1:0", tls: none } ]
        backends:
          mx: { address: "127.0.0.1:%d", tls: none, trusted: true, pool: { per-user: 0 }, health: { check: none } }
        hibernate: { after: 0s, quiet-after: 0s, keep-alive: 0s, sweep: 1h, poll: 300ms, sync-linger: 300ms }
        """
            .formatted(dovecot.imapPort());
    int events = FreePort.next();
    String with =
        without + "feeds: [ { dovecot-events: { listen: \"127.0.0.1:" + events + "\" } } ]\n";
    makeInbox("u1");
    relay.to(events);
    try (FrontEnd reloaded = FrontEnd.of(without);
        ImapClient sleeper = ImapClient.connect(reloaded.plain()).patience(PATIENCE)) {
      sleeper.login("u1", DovecotServer.PASSWORD).ok("SELECT INBOX");
      sleeper.startIdle();
      reloaded.awaitAsleep(1);
      reloaded.await(() -> reloaded.metrics().backendConnections() == 1, "it is watched");

      reloaded.reload(with);
      try (ImapClient other = ImapClient.connect(reloaded.plain())) {
        other.login("u2999", DovecotServer.PASSWORD).ok("CREATE heard");
        reloaded.await(() -> reloaded.feedUp("dovecot-events"), "the feed is up");
        other.logout();
      }
      reloaded.await(() -> reloaded.metrics().backendConnections() == 0, "no watch is left");
      dovecot.deliver("u1", MESSAGE);
      expectMessage(sleeper, 1);
      reloaded.await(() -> reloaded.metrics().backendConnections() == 0, "nor is the look");

      reloaded.reload(without);
      reloaded.await(() -> reloaded.metrics().backendConnections() == 1, "it is watched again");
      dovecot.deliver("u1", MESSAGE);
      expectMessage(sleeper, 2);
      sleeper.done();
      sleeper.logout();
    }
  }

  @Test
  void whatIsCopiedOrMovedIsToldWhereItComesToo() {
    try (ImapClient other = dovecot.client("u1")) {
      other.append("INBOX", "", MESSAGE);
      other.append("INBOX", "", MESSAGE);
      other.ok("CREATE A&AOQ-");
      hearSomething();
      ImapClient inbox = idling("u1", "INBOX");
      ImapClient elsewhere = idling("u1", "A&AOQ-");
      front.awaitAsleep(2);
      awaitNobodyConnected();

      other.ok("SELECT INBOX");
      other.ok("UID COPY 1 A&AOQ-");
      expectMessage(elsewhere, 1);
      other.ok("MOVE 1 A&AOQ-");
      expectMessage(elsewhere, 2);
      inbox.expect("* 1 EXPUNGE");
    }
  }

  @Test
  void aMailboxThatIsRenamedOrDeletedEndsItsSleepers() {
    try (ImapClient other = dovecot.client("u1")) {
      other.ok("CREATE old");
      other.ok("CREATE doomed");
      hearSomething();
      ImapClient renamed = idling("u1", "old");
      ImapClient deleted = idling("u1", "doomed");
      front.awaitAsleep(2);
      awaitNobodyConnected();

      other.ok("RENAME old new");
      renamed.expectMatch("\\* BYE .*");
      other.ok("DELETE doomed");
      deleted.expectMatch("\\* BYE .*");
    }
  }

  @Test
  void aCommandIsAnsweredWithoutABackendAsLongAsNothingWasTold() {
    makeInbox("u1");
    hearSomething();
    ImapClient sleeper = idling("u1", "INBOX");
    front.awaitAsleep(1);
    awaitNobodyConnected();
    assertThat(sleeper.done()).hasSize(1);
    assertThat(sleeper.ok("NOOP")).isEmpty();
    assertThat(front.metrics().backendConnections()).isZero();

    long heard = relay.heard();
    dovecot.deliver("u1", MESSAGE);
    front.await(() -> relay.heard() > heard, "Dovecot tells");
    front.await(() -> !sleeper.ok("NOOP").isEmpty(), "NOOP brings the message");
    assertThat(front.sessions(State.HIBERNATED)).isEqualTo(1);
  }

  /// T25.
  @Test
  void aLostEventIsMadeGoodByTheNextSweep() {
    front.close();
    front = front(Duration.ofSeconds(2), OFTEN, OFTEN);
    hearSomething();
    ImapClient sleeper = idling("u1", "INBOX");
    front.awaitAsleep(1);
    awaitNobodyConnected();

    relay.mischief(1, 0, Duration.ZERO);
    dovecot.deliver("u1", MESSAGE);

    expectMessage(sleeper, 1);
    front.await(() -> relay.lost() > 0, "the event is lost"); // the sweep may have been sooner
    front.await(
        () -> front.metrics().scrape().contains("dormouse_feed_missed_total{backend=\"mx\"} 1.0"),
        "the miss is counted");
  }

  @Test
  void eventsThatAreDoubledAndLateTellTheSame() {
    hearSomething();
    ImapClient sleeper = idling("u1", "INBOX");
    front.awaitAsleep(1);
    awaitNobodyConnected();

    relay.mischief(0, 1, Duration.ofMillis(200));
    for (int i = 1; i <= 5; i++) {
      dovecot.deliver("u1", MESSAGE);
    }
    sleeper.readUntil(line -> line.equals("* 5 EXISTS"), PATIENCE);
    sleeper.done();
    assertThat(sleeper.ok("UID SEARCH ALL")).containsExactly("* SEARCH 1 2 3 4 5");
  }

  /// Issue 3, done when 2.
  @Test
  void deliveredMailReachesManySleepersOfWhomNoneIsConnected(TestReporter report) {
    hearSomething();
    List<ImapClient> sleepers = new ArrayList<>();
    for (int i = 0; i < SLEEPERS; i++) {
      sleepers.add(idling("u" + (1 + i % USERS), "INBOX"));
    }
    front.awaitAsleep(SLEEPERS);
    front.await(() -> front.metrics().backendConnections() == 0, "nothing is connected");
    front.await(() -> dovecot.connections().isEmpty(), "nobody is connected to Dovecot");

    long[] here = new long[DELIVERIES];
    long[] there = new long[DELIVERIES];
    for (int i = 0; i < DELIVERIES; i++) {
      String user = "u" + (1 + i % USERS);
      int messages = 1 + i / USERS;
      try (ImapClient direct = dovecot.client(user).patience(PATIENCE)) {
        direct.ok("SELECT INBOX");
        direct.startIdle();
        dovecot.deliver(user, MESSAGE);
        long delivered = System.nanoTime();
        for (int at = i % USERS; at < SLEEPERS; at += USERS) {
          expectMessage(sleepers.get(at), messages);
          here[i] = Math.max(here[i], System.nanoTime() - delivered);
        }
        expectMessage(direct, messages);
        there[i] = System.nanoTime() - delivered;
      }
    }
    Arrays.sort(here);
    Arrays.sort(there);
    report.publishEntry(
        SLEEPERS + " sleepers of " + USERS + " users: heard of delivered mail after",
        millis(here) + " (median, longest); Dovecot's own IDLE: " + millis(there));
    assertThat(here[DELIVERIES / 2]).isLessThan(PATIENCE.toNanos());
    front.await(() -> front.metrics().backendConnections() == 0, "nothing is connected again");
    assertThat(front.sessions(State.HIBERNATED)).isEqualTo(SLEEPERS);
  }

  private static String millis(long[] sorted) {
    return sorted[sorted.length / 2] / 1_000_000
        + " ms, "
        + sorted[sorted.length - 1] / 1_000_000
        + " ms";
  }
}
