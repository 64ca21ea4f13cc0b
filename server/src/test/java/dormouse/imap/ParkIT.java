package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dormouse.FrontEnd;
import dormouse.config.HibernateSettings;
import dormouse.ops.Metrics;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/// Sleeping clients whose connections have no channel, before a real Dovecot.
@EnabledOnOs(OS.LINUX)
class ParkIT {
  private static final String LOOKS = "dormouse_syncs_total{result=\"done\"}";
  private static final String REVIVALS = "dormouse_revivals_total ";
  private static DovecotServer dovecot;

  @BeforeAll
  static void startDovecot() {
    assumeTrue(FrontEnd.PARK);
    dovecot = DovecotServer.start();
  }

  @AfterAll
  static void stopDovecot() {
    if (dovecot != null) {
      dovecot.close();
    }
  }

  @Test
  void aSleeperIsHeardAndAnsweredWithoutAChannel() {
    try (FrontEnd front = FrontEnd.before(dovecot.imapPort())) {
      ImapClient client = idling(front.client("u0", DovecotServer.PASSWORD));
      awaitParked(front, 1);
      front.await(
          () -> count(front, LOOKS) > 0, "the watch"); // else DONE waits for it, in a channel
      long revivals = count(front, REVIVALS);
      client.done();
      client.ok("NOOP");
      client.startIdle();
      dovecot.deliver("u0", "Subject: hi\r\n\r\nHello\r\n");
      client.expectMatch("\\* \\d+ EXISTS");
      client.expectMatch("\\* \\d+ RECENT");
      assertThat(count(front, REVIVALS)).isEqualTo(revivals);
      assertThat(front.metrics().parked()).isEqualTo(1);
      client.done();
      client.logout();
      awaitParked(front, 0);
    }
  }

  @Test
  void whoWakesHasAChannelAgain() {
    try (FrontEnd front = FrontEnd.before(dovecot.imapPort())) {
      ImapClient client = idling(front.client("u1", DovecotServer.PASSWORD));
      for (int i = 1; i <= 3; i++) {
        awaitParked(front, 1);
        long revivals = count(front, REVIVALS);
        client.done();
        client.ok("UID SEARCH ALL");
        client.startIdle();
        assertThat(count(front, REVIVALS)).isGreaterThan(revivals);
      }
      awaitParked(front, 1);
    }
  }

  @Test
  void halfALineWaitsInAChannel() {
    try (FrontEnd front = FrontEnd.before(dovecot.imapPort())) {
      ImapClient client = idling(front.client("u2", DovecotServer.PASSWORD));
      awaitParked(front, 1);
      long revivals = count(front, REVIVALS);
      client.send("DO");
      front.await(() -> count(front, REVIVALS) == revivals + 1, "a channel");
      assertThat(front.metrics().parked()).isZero();
      client.send("NE\r\n");
      client.expectMatch("a\\d+ OK Idle completed.");
      awaitParked(front, 1);
    }
  }

  @Test
  void keepAlivesAreSaidWithoutAChannel() {
    try (FrontEnd front =
        FrontEnd.before(dovecot.imapPort(), from -> withKeepAlive(from, Duration.ofMillis(300)))) {
      ImapClient client = idling(front.client("u3", DovecotServer.PASSWORD));
      awaitParked(front, 1);
      long revivals = count(front, REVIVALS);
      client.expect("* OK Still here").expect("* OK Still here");
      assertThat(count(front, REVIVALS)).isEqualTo(revivals);
    }
  }

  @Test
  void whoHasStartedTlsLaterIsParkedToo() {
    try (FrontEnd front = FrontEnd.before(dovecot.imapPort())) {
      ImapClient client =
          idling(ImapClient.connect(front.startTls()).login("u4", DovecotServer.PASSWORD));
      awaitParked(front, 1);
      client.done();
      client.logout();
    }
  }

  @Test
  void whoCompressesKeepsItsChannel() {
    try (FrontEnd front = FrontEnd.before(dovecot.imapPort())) {
      ImapClient client = front.client("u5", DovecotServer.PASSWORD);
      client.compress();
      idling(client);
      front.awaitAsleep(1);
      front.await(
          () -> count(front, "dormouse_unparked_total{reason=\"pipeline\"} ") > 0, "the reason");
      client.done();
    }
  }

  @Test
  void whoIsParkedHearsThatDormouseStops() {
    ImapClient client;
    try (FrontEnd front = FrontEnd.before(dovecot.imapPort())) {
      client = idling(front.client("u6", DovecotServer.PASSWORD));
      awaitParked(front, 1);
    }
    assertThat(client.expectClosed()).isEqualTo(List.of("* BYE Server shutting down."));
  }

  private static ImapClient idling(ImapClient client) {
    client.ok("SELECT INBOX");
    client.startIdle();
    return client;
  }

  private static void awaitParked(FrontEnd front, long count) {
    front.await(() -> front.metrics().parked() == count, count + " parked");
    assertThat(front.sessions(Metrics.State.HIBERNATED)).isGreaterThanOrEqualTo(count);
  }

  private static long count(FrontEnd front, String metric) {
    return front
        .metrics()
        .scrape()
        .lines()
        .filter(line -> line.startsWith(metric))
        .mapToLong(line -> (long) Double.parseDouble(line.substring(metric.length())))
        .sum();
  }

  private static HibernateSettings withKeepAlive(HibernateSettings from, Duration every) {
    return new HibernateSettings(
        from.enabled(),
        from.after(),
        from.quietAfter(),
        from.proofMax(),
        from.wakeTimeout(),
        from.sweep(),
        from.poll(),
        every,
        from.syncLinger(),
        from.uidSetMaxBytes(),
        from.plainMaxMessages(),
        from.keptPerSessionBytes(),
        from.keptPerUserBytes(),
        from.keptHeapPercent(),
        from.askAgainEvery(),
        from.keepPassword());
  }
}
