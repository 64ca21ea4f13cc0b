package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Whatever a quiet client has on, it sleeps and goes on as before; what needs no backend is answered in sleep, in the words of
/// Dovecot (HIBERNATION §1.6, §4).
class QuietStatesIT {
  private static DovecotServer dovecot;

  @BeforeAll
  static void startDovecot() {
    dovecot = DovecotServer.start();
  }

  @AfterAll
  static void stopDovecot() {
    dovecot.close();
  }

  /// The tagged answer without Dovecot's times.
  private static List<String> answer(ImapClient client, String command) {
    return client.readUntilTagged(client.start(command)).stream()
        .map(QuietStatesIT::comparable)
        .toList();
  }

  private static String comparable(String line) {
    return Stage.untimed(line).replaceAll(" \\([\\d.+ ]+ secs\\)\\.?$", "").replaceAll("\\.$", "");
  }

  @Test
  void whatNeedsNoBackendIsAnsweredInSleepAsDovecotDoes() {
    String[] commands = {
      "NOOP", "CHECK", "UNSELECT", "ENABLE CONDSTORE X-FOO", "ENABLE X-FOO", "NOOP"
    };
    try (Stage stage = Stage.before(dovecot).fill(2);
        ImapClient direct = dovecot.client(stage.user())) {
      ImapClient asleep = stage.client();
      asleep.ok("SELECT INBOX");
      direct.ok("SELECT INBOX");
      stage.awaitAsleep(1);
      stage.mark();
      for (String command : commands) {
        // the first of each conversation have the same tags: a3, a4 …
        assertThat(answer(asleep, command)).isEqualTo(answer(direct, command));
      }
      stage.assertNobodyWoke();
      assertThat(asleep.ok("SELECT INBOX")).anyMatch(line -> line.contains("HIGHESTMODSEQ"));
    }
  }

  @Test
  void anExaminedMailboxIsClosedInSleep() {
    try (Stage stage = Stage.before(dovecot).fill(2)) {
      ImapClient client = stage.sleeper("EXAMINE INBOX");
      client.done();
      client.ok("CLOSE");
      client.ok("NOOP");
      stage.assertNobodyWoke();
      assertThat(client.refused("FETCH 1 (UID)")).startsWith("BAD ");
    }
  }

  @Test
  void whatComesInOneSegmentIsAnsweredInOrderAndWithoutABackend() {
    try (Stage stage = Stage.before(dovecot).fill(2)) {
      ImapClient client = stage.sleeper("EXAMINE INBOX");
      client.send(
          "DONE\r\nx1 NOOP\r\nx2 CLOSE\r\nx3 ENABLE QRESYNC\r\nx4 IDLE\r\nDONE\r\nx5 CAPABILITY\r\nx6 NOOP\r\n");
      List<String> heard = client.readUntilTagged("x6");
      assertThat(heard.stream().map(line -> line.replaceAll("^(\\S+ \\S+).*", "$1")).toList())
          .containsExactly(
              "a3 OK",
              "x1 OK",
              "x2 OK",
              "* ENABLED",
              "x3 OK",
              "+ idling",
              "x4 OK",
              "* CAPABILITY",
              "x5 OK",
              "x6 OK");
      stage.assertNobodyWoke();
      assertThat(client.ok("SELECT INBOX (QRESYNC (1 1))")).anyMatch(l -> l.contains(" EXISTS"));
    }
  }

  @Test
  void changesNotYetToldAreNotLostByWhatIsAnsweredInSleep() {
    try (Stage stage = Stage.before(dovecot).fill(3)) {
      ImapClient client = stage.client();
      client.ok("SELECT INBOX");
      stage.awaitAsleep(1);
      ImapClient other = stage.client(); // of whose changes a sleeper knows at once
      other.ok("SELECT INBOX");
      Stage.remove(other, "2");
      client.send("x1 CAPABILITY\r\nx2 NOOP\r\nx3 UNSELECT\r\nx4 NOOP\r\n");
      assertThat(client.readUntilTagged("x2")).contains("* 2 EXPUNGE");
      client.readUntilTagged("x4");
      List<String> again = new ArrayList<>(client.ok("SELECT INBOX"));
      assertThat(again).contains("* 2 EXISTS");
    }
  }
}
