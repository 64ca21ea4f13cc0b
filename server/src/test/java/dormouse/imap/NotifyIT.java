package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Clients that have a NOTIFY set (RFC 5465) sleep, and are told without asking what a client of Dovecot itself is told.
class NotifyIT {
  private static final String EVENTS = " (MessageNew MessageExpunge FlagChange)";

  /// What a client knows that had four messages and was told of [#changes].
  private static final String CHANGED = "[?, \\Flagged, \\Answered, ?, ?]";

  private static DovecotServer dovecot;

  @BeforeAll
  static void startDovecot() {
    dovecot = DovecotServer.start();
  }

  @AfterAll
  static void stopDovecot() {
    dovecot.close();
  }

  /// What a client makes of what it is told: the flags of each message, by number; `?` where it knows none.
  private static final class View {
    private final List<String> flags = new ArrayList<>();

    View(int exists) {
      exists(exists);
    }

    private void exists(int count) {
      while (flags.size() < count) {
        flags.add("?");
      }
    }

    void hear(List<String> lines) {
      for (String line : lines) {
        String[] words = line.split(" ", 4);
        if (!line.matches("\\* \\d+ .*")) {
          continue;
        }
        int number = Integer.parseInt(words[1]);
        switch (words[2]) {
          case "EXISTS" -> exists(number);
          case "EXPUNGE" -> flags.remove(number - 1);
          case "FETCH" -> flagged(number - 1, words[3].replaceAll(".*FLAGS \\(([^)]*)\\).*", "$1"));
          default -> {}
        }
      }
    }

    /// Who came while the mailbox was read is told of by the next reading once more: without flags that is nothing new.
    private void flagged(int at, String now) {
      if (!now.isEmpty() || !flags.get(at).equals("?")) {
        flags.set(at, now);
      }
    }

    @Override
    public String toString() {
      return flags.toString();
    }
  }

  private static void changes(ImapClient other) {
    other.ok("SELECT INBOX");
    other.append("INBOX", "", Stage.message(5));
    other.ok("UID STORE 3 +FLAGS (\\Flagged)");
    Stage.remove(other, "2");
    other.append("INBOX", "", Stage.message(6));
    other.ok("UID STORE 4 +FLAGS (\\Answered)");
  }

  private static String view(Stage stage, ImapClient client, boolean through) {
    View view = new View(4);
    client.ok("SELECT INBOX");
    client.ok("NOTIFY SET (SELECTED" + EVENTS + ")");
    if (through) {
      stage.awaitAsleep(1);
      stage.mark();
    }
    changes(stage.other());
    if (through) { // Dovecot tells a part of it only when more comes
      client.readUntil(
          line -> {
            view.hear(List.of(line));
            return view.toString().equals(CHANGED);
          },
          ImapClient.PATIENCE);
      stage.assertNobodyWoke();
      return view.toString();
    }
    view.hear(client.ok("NOOP"));
    return view.toString();
  }

  @Test
  void allThatHappensIsToldToASleeper() {
    String directly;
    try (Stage stage = Stage.before(dovecot).fill(4)) {
      directly = view(stage, stage.other(), /* through= */ false);
    }
    try (Stage stage = Stage.before(dovecot).fill(4)) {
      ImapClient client = stage.client();
      assertThat(view(stage, client, /* through= */ true)).isEqualTo(directly).isEqualTo(CHANGED);
      assertThat(client.ok("FETCH 1:* (UID)"))
          .filteredOn(line -> line.contains(" (UID ")) // flags may be told once more
          .containsExactly(
              "* 1 FETCH (UID 1)",
              "* 2 FETCH (UID 3)",
              "* 3 FETCH (UID 4)",
              "* 4 FETCH (UID 5)",
              "* 5 FETCH (UID 6)");
    }
  }

  @Test
  void whatIsGoneWaitsForACommandWhereTheClientWantsThat() {
    try (Stage stage = Stage.before(dovecot).fill(4)) {
      ImapClient client = stage.client();
      client.ok("SELECT INBOX");
      client.ok("NOTIFY SET (SELECTED-DELAYED" + EVENTS + ")");
      stage.awaitAsleep(1);
      stage.mark();
      changes(stage.other());
      List<String> told =
          new ArrayList<>(
              client.readUntil(line -> line.contains("\\Answered"), ImapClient.PATIENCE));
      assertThat(told).noneMatch(line -> line.contains("EXPUNGE"));
      List<String> more = client.ok("NOOP");
      assertThat(more).contains("* 2 EXPUNGE");
      stage.assertNobodyWoke();
      told.addAll(more);
      View view = new View(4);
      view.hear(told);
      assertThat(view).hasToString(CHANGED);
    }
  }

  @Test
  void itIsStillSetBehindTheWake() {
    try (Stage stage = Stage.before(dovecot, Stage::awakeOutsideIdle).fill(4)) {
      ImapClient client = stage.sleeper("SELECT INBOX", "NOTIFY SET (SELECTED" + EVENTS + ")");
      client.done();
      client.ok("UID FETCH 1 (FLAGS)");
      ImapClient other = stage.other();
      other.ok("SELECT INBOX");
      other.append("INBOX", "", Stage.message(5));
      awaitNews(client, other);
    }
  }

  /// Dovecot tells of a change once there is another, unless that comes at once.
  private static void awaitNews(ImapClient client, ImapClient other) {
    for (int tries = 1; ; tries++) {
      other.ok("UID STORE 2 " + (tries % 2 == 1 ? "+" : "-") + "FLAGS (\\Flagged)");
      try {
        client.readUntil(line -> line.equals("* 5 EXISTS"), Duration.ofSeconds(1));
        return;
      } catch (AssertionError e) {
        if (tries == 10) {
          throw e;
        }
      }
    }
  }
}
