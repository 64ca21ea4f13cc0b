package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.config.HibernateSettings;
import dormouse.ops.Metrics;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Clients that may not sleep (HIBERNATION §1.3) keep their backend, go on as ever, and are counted.
class StayIT {
  private static DovecotServer dovecot;

  @BeforeAll
  static void startDovecot() {
    dovecot = DovecotServer.start();
  }

  @AfterAll
  static void stopDovecot() {
    dovecot.close();
  }

  @Test
  void notifyKeepsASessionAwakeUntilNotifyNone() {
    try (Stage stage = Stage.before(dovecot).fill(1)) {
      ImapClient client = stage.client();
      client.ok("SELECT INBOX");
      client.ok("NOTIFY SET (SELECTED (MessageNew MessageExpunge))");
      client.startIdle();
      staysAndHears(stage, client, "notify-events", 2);
      client.ok("NOTIFY NONE");
      client.startIdle();
      stage.awaitAsleep(1);
    }
  }

  @Test
  void aCommandThatNobodyKnowsKeepsASessionAwake() {
    try (Stage stage = Stage.before(dovecot).fill(1)) {
      ImapClient client = stage.client();
      client.ok("SELECT INBOX");
      assertThat(client.refused("XSTATE")).startsWith("BAD ");
      client.startIdle();
      staysAndHears(stage, client, "unknown-command", 2);
    }
  }

  @Test
  void withoutAKeptPasswordNobodySleeps() {
    try (Stage stage = Stage.before(dovecot, StayIT::withoutPassword).fill(1)) {
      ImapClient client = stage.client();
      client.ok("SELECT INBOX");
      client.startIdle();
      staysAndHears(stage, client, "password-not-kept", 2);
    }
  }

  static HibernateSettings withoutPassword(HibernateSettings from) {
    return new HibernateSettings(
        true,
        from.after(),
        from.quietAfter(),
        from.proofMax(),
        from.wakeTimeout(),
        from.sweep(),
        from.poll(),
        from.keepAlive(),
        from.syncLinger(),
        from.uidSetMaxBytes(),
        from.plainMaxMessages(),
        from.keptPerSessionBytes(),
        from.keptPerUserBytes(),
        from.keptHeapPercent(),
        from.askAgainEvery(),
        false);
  }

  // the snapshot was begun, so the client's IDLE is taken up again without its knowledge
  @Test
  void aMailboxWithTooManyGapsKeepsASessionAwake() {
    try (Stage stage = Stage.before(dovecot, StayIT::smallSets).fill(150)) {
      ImapClient other = stage.other();
      other.ok("SELECT INBOX");
      StringBuilder odd = new StringBuilder("1");
      for (int uid = 3; uid < 150; uid += 2) {
        odd.append(',').append(uid);
      }
      Stage.remove(other, odd.toString());
      ImapClient client = stage.client();
      client.ok("SELECT INBOX");
      client.startIdle();
      staysAndHears(stage, client, "uid-set-too-large", 76);
      assertThat(client.ok("UID FETCH 2 (UID)")).containsExactly("* 1 FETCH (UID 2)");
      client.startIdle();
      client.done();
    }
  }

  private static HibernateSettings smallSets(HibernateSettings from) {
    return new HibernateSettings(
        true,
        from.after(),
        from.quietAfter(),
        from.proofMax(),
        from.wakeTimeout(),
        from.sweep(),
        from.poll(),
        from.keepAlive(),
        from.syncLinger(),
        64,
        from.plainMaxMessages(),
        from.keptPerSessionBytes(),
        from.keptPerUserBytes(),
        from.keptHeapPercent(),
        from.askAgainEvery(),
        true);
  }

  // T46
  @Test
  void aClientThatDoesNotReadStaysAttached() {
    try (Stage stage = Stage.before(dovecot)) {
      String body = "x".repeat(998).concat("\r\n").repeat(30);
      stage.other().append("INBOX", "", Stage.message(1) + body);
      ImapClient client = stage.keep(ImapClient.connect(stage.front().plain()));
      client.login(stage.user(), DovecotServer.PASSWORD).ok("SELECT INBOX");
      int asked = 0;
      while (slowReaders(stage) == 0) { // until the kernel takes no more
        double before = relayed(stage);
        client.send("f" + ++asked + " FETCH 1 (BODY.PEEK[])\r\n");
        Stage.await(
            "the answer, or that it waits",
            () -> relayed(stage) >= before + body.length() || slowReaders(stage) > 0);
      }
      assertThat(stage.front().sessions(Metrics.State.ATTACHED)).isEqualTo(1);
      for (int i = 1; i <= asked; i++) {
        assertThat(client.readUntilTagged("f" + i)).hasSize(2).first().asString().contains(body);
      }
      stage.awaitAsleep(1);
    }
  }

  private static double slowReaders(Stage stage) {
    return stage.metric("dormouse_stayed_attached_total{reason=\"slow-reader\"}");
  }

  private static double relayed(Stage stage) {
    return stage.metric("dormouse_relayed_bytes_total{direction=\"backend-to-client\"}");
  }

  private static void staysAndHears(Stage stage, ImapClient client, String reason, int count) {
    stage
        .front()
        .await(
            () -> stage.metric("dormouse_stayed_attached_total{reason=\"" + reason + "\"}") >= 1,
            "stays because of " + reason);
    assertThat(stage.front().sessions(Metrics.State.HIBERNATED)).isZero();
    stage.other().append("INBOX", "", Stage.message(count));
    client.expect("* " + count + " EXISTS");
    List<String> rest = client.done();
    assertThat(rest).last().asString().contains(" OK Idle completed");
    assertThat(stage.front().sessions(Metrics.State.ATTACHED)).isEqualTo(1);
  }

  // the client speaks at whatever point its session is on its way to sleep
  @Test
  void aRestlessClientIsAnsweredOnceAndInOrder() {
    try (Stage stage = Stage.before(dovecot).fill(3)) {
      ImapClient client = stage.client();
      client.ok("SELECT INBOX");
      for (int round = 0; round < 60; round++) {
        client.send("i" + round + " IDLE\r\n").expectMatch("\\+ .*");
        String next = round % 2 == 0 ? "UID FETCH 1:* (UID)" : "NOOP";
        client.send("DONE\r\n");
        if (round % 3 == 0) {
          client.expectMatch("i" + round + " OK .*");
          client.send("f" + round + " " + next + "\r\n");
        } else {
          client.send("f" + round + " " + next + "\r\n");
          client.expectMatch("i" + round + " OK .*");
        }
        List<String> heard = client.readUntilTagged("f" + round);
        assertThat(heard).hasSize(round % 2 == 0 ? 4 : 1).last().asString().contains(" OK ");
      }
    }
  }
}
