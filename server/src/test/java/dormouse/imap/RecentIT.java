package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// What is `\Recent` to a client that sleeps is what it would be to one that never did: all of it is compared, line by line,
/// with a client of Dovecot itself.
class RecentIT {
  private static DovecotServer dovecot;

  @BeforeAll
  static void startDovecot() {
    dovecot = DovecotServer.start();
  }

  @AfterAll
  static void stopDovecot() {
    dovecot.close();
  }

  private static List<String> sameBothWays(BiFunction<Stage.Way, ImapClient, List<String>> script) {
    List<String> directly = run(script, /* through= */ false);
    assertThat(run(script, /* through= */ true)).isEqualTo(directly);
    return directly;
  }

  private static List<String> run(
      BiFunction<Stage.Way, ImapClient, List<String>> script, boolean through) {
    try (Stage stage = Stage.before(dovecot)) {
      ImapClient other = stage.other();
      for (int i = 1; i <= 4; i++) {
        other.append("INBOX", i == 3 ? "$x" : "", Stage.message(i));
      }
      Stage.Way way = new Stage.Way(stage, through);
      return script.apply(way, way.client()).stream()
          .map(Stage::untimed)
          .filter(line -> !line.contains("HIGHESTMODSEQ")) // Dovecot tells it once somebody asked
          .map(line -> line.replaceAll("(UIDVALIDITY|MODSEQ) (\\(?)\\d+", "$1 $2n"))
          .toList();
    }
  }

  private static List<String> idlesWhileMailGoesAndComes(
      Stage.Way way, ImapClient client, List<String> said) {
    client.startIdle();
    way.awaitAsleep();
    ImapClient other = way.other();
    other.ok("SELECT INBOX");
    Stage.remove(other, "2");
    said.addAll(client.readUntil(line -> line.endsWith(" RECENT"), ImapClient.PATIENCE));
    other.ok("UNSELECT"); // else the next message were recent to it
    other.append("INBOX", "", Stage.message(5));
    said.addAll(client.readUntil(line -> line.endsWith(" RECENT"), ImapClient.PATIENCE));
    said.addAll(client.done());
    return said;
  }

  private static void ask(ImapClient client, List<String> said) {
    for (String command :
        List.of(
            "FETCH 1:* (FLAGS)",
            "UID FETCH 3 (UID FLAGS)",
            "SEARCH RECENT",
            "UID SEARCH NEW",
            "SEARCH OLD",
            "SEARCH RETURN (ALL COUNT) NOT RECENT",
            "STORE 1 +FLAGS (\\Seen)",
            "SEARCH NEW",
            "SORT (REVERSE SUBJECT) US-ASCII RECENT",
            "UID STORE 3 +FLAGS (\\Deleted)",
            "EXPUNGE",
            "FETCH 1:* (UID FLAGS)",
            "NOOP")) {
      said.addAll(client.command(command));
    }
  }

  @Test
  void toAPlainClient() {
    List<String> heard =
        sameBothWays((way, client) -> {
          List<String> said = new ArrayList<>(client.ok("SELECT INBOX"));
          idlesWhileMailGoesAndComes(way, client, said);
          ask(client, said);
          return said;
        });
    assertThat(heard)
        .containsSubsequence("* 4 RECENT", "* 2 EXPUNGE", "* 3 RECENT", "* 4 EXISTS", "* 4 RECENT")
        .contains("* 2 FETCH (FLAGS (\\Recent $x))", "* SEARCH 1 2 3 4");
  }

  @Test
  void toAClientThatSleepsOutsideIdle() {
    sameBothWays((way, client) -> {
      List<String> said = new ArrayList<>(client.ok("SELECT INBOX"));
      if (way.through()) {
        way.stage().awaitAsleep(1);
      }
      ask(client, said);
      if (way.through()) {
        way.stage().awaitAsleep(1);
      }
      said.addAll(client.ok("UID FETCH 1:* (FLAGS)"));
      return said;
    });
  }

  @Test
  void toAClientWithQresync() {
    sameBothWays((way, client) -> {
      client.ok("ENABLE QRESYNC");
      List<String> said = new ArrayList<>(client.ok("SELECT INBOX"));
      client.startIdle();
      way.awaitAsleep();
      ImapClient other = way.other();
      other.ok("SELECT INBOX");
      Stage.remove(other, "2");
      said.addAll(client.readUntil(line -> line.endsWith(" RECENT"), ImapClient.PATIENCE));
      client.readUntil(line -> line.contains("HIGHESTMODSEQ"), ImapClient.PATIENCE);
      said.addAll(client.done());
      said.addAll(client.ok("FETCH 1:* (FLAGS)"));
      said.addAll(client.ok("SEARCH RECENT"));
      return said;
    });
  }

  @Test
  void andWithAnotherSelectNothingIs() {
    List<String> heard =
        sameBothWays((way, client) -> {
          client.ok("SELECT INBOX");
          if (way.through()) {
            way.stage().awaitAsleep(1);
          }
          List<String> said = new ArrayList<>(client.ok("SELECT INBOX"));
          said.addAll(client.ok("FETCH 1:* (FLAGS)"));
          return said;
        });
    assertThat(heard).contains("* 0 RECENT");
  }
}
