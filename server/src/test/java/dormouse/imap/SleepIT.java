package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.ops.Metrics;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// What a client in IDLE hears while it sleeps, and what it is answered without a backend, before a Dovecot that can
/// QRESYNC. The scenarios of HIBERNATION §10 are named by their numbers.
class SleepIT {
  private static DovecotServer dovecot;

  @BeforeAll
  static void startDovecot() {
    dovecot = DovecotServer.start();
  }

  @AfterAll
  static void stopDovecot() {
    dovecot.close();
  }

  // T1
  @Test
  void aSleepingClientHearsOfNewMail() {
    try (Stage stage = Stage.before(dovecot).fill(2)) {
      ImapClient client = stage.sleeper();
      stage.awaitConnections(1); // the watch

      stage.other().append("INBOX", "", Stage.message(3));

      client.expect("* 3 EXISTS").expectMatch("\\* \\d+ RECENT");
      stage.awaitAsleep(1);
      Stage.await("its own connection is left", () -> stage.sessionConnections() == 0);
      stage.assertNobodyWoke();
    }
  }

  // T1
  @Test
  void aSleepingClientHearsOfMailDeliveredByLmtp() {
    try (Stage stage = Stage.before(dovecot)) {
      ImapClient client = stage.sleeper();

      dovecot.deliver(stage.user(), Stage.message(1));

      client.expect("* 1 EXISTS").expectMatch("\\* \\d+ RECENT");
      stage.assertNobodyWoke();
    }
  }

  // T2
  @Test
  void aSleepingClientHearsOfMessagesGoneInItsOwnNumbers() {
    try (Stage stage = Stage.before(dovecot).fill(8)) {
      ImapClient client = stage.sleeper();
      ImapClient other = stage.other();
      other.ok("SELECT INBOX");

      Stage.remove(other, "3,5");
      client.expect("* 5 EXPUNGE").expect("* 3 EXPUNGE");

      other.append("INBOX", "", Stage.message(9));
      client.expect("* 7 EXISTS").expectMatch("\\* \\d+ RECENT");
      stage.assertNobodyWoke();
    }
  }

  // T3
  @Test
  void aChangedFlagIsToldOnce() {
    List<String> heard =
        Stage.sameBothWays(
            dovecot,
            (way, client) -> {
              way.stage().fill(3);
              client.ok("SELECT INBOX");
              client.startIdle();
              way.awaitAsleep();
              ImapClient other = way.other();
              other.ok("SELECT INBOX");
              other.ok("STORE 2 +FLAGS.SILENT (\\Flagged)");
              List<String> all = new ArrayList<>();
              all.add(client.readResponse());
              all.addAll(client.done());
              return all;
            });
    assertThat(heard.getFirst()).startsWith("* 2 FETCH (FLAGS (\\Flagged");
    assertThat(heard).hasSize(2);
  }

  // T4
  @Test
  void aClientWithQresyncHearsVanished() {
    List<String> heard =
        Stage.sameBothWays(
            dovecot,
            (way, client) -> {
              way.stage().fill(8);
              client.ok("ENABLE QRESYNC");
              client.ok("SELECT INBOX");
              client.startIdle();
              way.awaitAsleep();
              ImapClient other = way.other();
              other.ok("SELECT INBOX");
              Stage.remove(other, "3,5");
              List<String> all = upToHighest(client);
              other.append("INBOX", "", Stage.message(9));
              all.addAll(upToHighest(client));
              all.addAll(client.done());
              return all;
            });
    assertThat(heard)
        .containsExactly(
            "* VANISHED 3,5",
            "* OK [HIGHESTMODSEQ n] Highest",
            "* 7 EXISTS",
            "* OK [HIGHESTMODSEQ n] Highest",
            heard.getLast());
  }

  private static List<String> upToHighest(ImapClient client) {
    return new ArrayList<>(
        client.readUntil(line -> line.startsWith("* OK [HIGHESTMODSEQ"), Duration.ofSeconds(10)));
  }

  // T5
  @Test
  void modSequencesAreToldToWhomAskedForThem() {
    try (Stage stage = Stage.before(dovecot).fill(3)) {
      ImapClient knowing = stage.sleeper("SELECT INBOX (CONDSTORE)");
      ImapClient plain = stage.sleeper("SELECT INBOX");
      ImapClient other = stage.other();
      other.ok("SELECT INBOX");

      other.ok("STORE 2 +FLAGS.SILENT (\\Flagged)");

      knowing.expectMatch("\\* 2 FETCH \\(MODSEQ \\(\\d+\\) FLAGS \\(\\\\Flagged.*\\)\\)");
      plain.expectMatch("\\* 2 FETCH \\(FLAGS \\(\\\\Flagged[^)]*\\)\\)");
      stage.assertNobodyWoke();
    }
  }

  // T7
  @Test
  void doneAndTheNextIdleTakeNoBackend() {
    try (Stage stage = Stage.before(dovecot).fill(1)) {
      ImapClient client = stage.sleeper();
      assertThat(client.done()).hasSize(1);
      assertThat(client.startIdle()).isEmpty();
      assertThat(client.done()).hasSize(1);
      stage.awaitAsleep(1);
      stage.assertNobodyWoke();
    }
  }

  // T8
  @Test
  void doneAndIdleInOneSegmentTakeNoBackend() {
    try (Stage stage = Stage.before(dovecot).fill(1)) {
      ImapClient client = stage.sleeper();
      client.send("DONE\r\nx IDLE\r\n");
      client.expectMatch("a\\d+ OK .*");
      client.expectMatch("\\+ .*");
      client.send("DONE\r\n").expectMatch("x OK .*");
      stage.awaitAsleep(1);
      stage.assertNobodyWoke();
    }
  }

  // T10
  @Test
  void anExpungeNotYetToldComesBeforeTheEndOfIdle() {
    try (Stage stage = Stage.before(dovecot).fill(4)) {
      ImapClient client = stage.sleeper();
      ImapClient otherDevice = stage.client();
      otherDevice.ok("SELECT INBOX");
      Stage.remove(otherDevice, "2");
      stage.mark();

      List<String> heard = client.done();

      assertThat(heard.getFirst()).isEqualTo("* 2 EXPUNGE");
      assertThat(heard).hasSize(2);
      stage.assertNobodyWoke();
    }
  }

  // T11
  @Test
  void noopIsAnsweredFromWhatIsKnown() {
    try (Stage stage = Stage.before(dovecot).fill(1)) {
      ImapClient client = stage.sleeper();
      client.done();
      assertThat(client.ok("NOOP")).isEmpty();

      ImapClient otherDevice = stage.client();
      otherDevice.append("INBOX", "", Stage.message(2));

      assertThat(client.ok("NOOP")).first().isEqualTo("* 2 EXISTS");
      assertThat(client.ok("CHECK")).isEmpty();
      assertThat(stage.metric("dormouse_local_answers_total{command=\"noop\"}")).isEqualTo(2);
    }
  }

  // T12
  @Test
  void aMessageThatCameAndWentIsNotTold() {
    try (Stage stage = Stage.before(dovecot).fill(2)) {
      ImapClient client = stage.sleeper();
      client.done(); // outside IDLE nothing is told
      ImapClient other = stage.other();
      other.ok("SELECT INBOX");
      other.append("INBOX", "", Stage.message(3));
      other.ok("NOOP");
      Stage.remove(other, "3");

      assertThat(client.ok("NOOP")).isEmpty();
      assertThat(client.ok("UID FETCH 1:* (UID)"))
          .containsExactly("* 1 FETCH (UID 1)", "* 2 FETCH (UID 2)");
    }
  }

  // T13
  @Test
  void aNewKeywordIsToldBeforeTheFetchThatNamesIt() {
    List<String> heard =
        Stage.sameBothWays(
            dovecot,
            (way, client) -> {
              way.stage().fill(3);
              client.ok("SELECT INBOX");
              client.startIdle();
              way.awaitAsleep();
              ImapClient other = way.other();
              other.ok("SELECT INBOX");
              other.ok("STORE 2 +FLAGS.SILENT (Urgent)");
              List<String> all =
                  new ArrayList<>(
                      client.readUntil(line -> line.contains("FETCH"), Duration.ofSeconds(10)));
              all.addAll(client.done());
              return all;
            });
    assertThat(heard.get(0)).startsWith("* FLAGS (").contains("Urgent");
    assertThat(heard.get(1)).startsWith("* OK [PERMANENTFLAGS (").contains("Urgent", "\\*");
    assertThat(heard.get(2)).startsWith("* 2 FETCH (FLAGS (").contains("Urgent");
    assertThat(heard).hasSize(4);
  }

  // T34
  @Test
  void logoutInSleepTakesNoBackend() {
    try (Stage stage = Stage.before(dovecot).fill(1)) {
      ImapClient client = stage.sleeper();
      client.done();
      client.logout();
      stage.front().await(() -> stage.front().sessions(Metrics.State.HIBERNATED) == 0, "closed");
      stage.assertNobodyWoke();
    }
  }

  // T34
  @Test
  void logoutBehindDoneInOneSegmentTakesNoBackend() {
    try (Stage stage = Stage.before(dovecot).fill(1)) {
      ImapClient client = stage.sleeper();
      client.send("DONE\r\nx LOGOUT\r\n");
      client.expectMatch("a\\d+ OK .*");
      client.expectMatch("\\* BYE .*");
      client.expectMatch("x OK .*");
      assertThat(client.expectClosed()).isEmpty();
      stage.assertNobodyWoke();
    }
  }

  // T35
  @Test
  void aClientWithNothingSelectedSleepsAndWakesForList() {
    try (Stage stage = Stage.before(dovecot)) {
      ImapClient client = stage.client();
      stage.awaitAsleep(1);
      stage.awaitConnections(0);

      assertThat(client.ok("LIST \"\" *")).anyMatch(line -> line.contains("INBOX"));

      assertThat(stage.wakes()).isEqualTo(1);
    }
  }

  // T21
  @Test
  void twoSleepersOnOneMailboxShareOneWatch() {
    try (Stage stage = Stage.before(dovecot).fill(2)) {
      ImapClient one = stage.sleeper();
      ImapClient two = stage.sleeper("EXAMINE INBOX");
      Stage.await("the watch", () -> stage.watchConnections() == 1);
      stage.awaitConnections(1);

      stage.other().append("INBOX", "", Stage.message(3));

      one.expect("* 3 EXISTS");
      two.expect("* 3 EXISTS");
      assertThat(stage.watchConnections()).isEqualTo(1);
      stage.assertNobodyWoke();
    }
  }
}
