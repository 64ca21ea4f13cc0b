package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.ops.Metrics;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// How a sleeping client that asks for more gets a backend again, before a Dovecot that can QRESYNC. The scenarios of
/// HIBERNATION §10 are named by their numbers.
class WakeIT {
  private static DovecotServer dovecot;

  @BeforeAll
  static void startDovecot() {
    dovecot = DovecotServer.start();
  }

  @AfterAll
  static void stopDovecot() {
    dovecot.close();
  }

  // T9
  @Test
  void doneAndFetchInOneSegmentAreAnsweredInOrder() {
    List<String> heard =
        Stage.sameBothWays(
            dovecot,
            (way, client) -> {
              way.stage().fill(3);
              client.ok("SELECT INBOX");
              String idle = client.start("IDLE");
              client.readUntil(line -> line.startsWith("+"), Duration.ofSeconds(10));
              way.awaitAsleep();
              client.send("DONE\r\nx UID FETCH 1:* (FLAGS)\r\n");
              List<String> all = new ArrayList<>(client.readUntilTagged(idle));
              all.addAll(client.readUntilTagged("x"));
              return all;
            });
    assertThat(heard).hasSize(5);
  }

  // T9, T10
  @Test
  void whatWentMeanwhileIsToldBeforeTheFetchThatFollows() {
    try (Stage stage = Stage.before(dovecot).fill(4)) {
      ImapClient client = stage.sleeper();
      ImapClient otherDevice = stage.client();
      otherDevice.ok("SELECT INBOX");
      Stage.remove(otherDevice, "2");

      client.send("DONE\r\nx FETCH 1:* (UID)\r\n");

      client.expect("* 2 EXPUNGE").expectMatch("a\\d+ OK .*");
      assertThat(client.readUntilTagged("x"))
          .startsWith("* 1 FETCH (UID 1)", "* 2 FETCH (UID 3)", "* 3 FETCH (UID 4)")
          .hasSize(4);
    }
  }

  // T6
  @Test
  void aPlainClientWokenAmidChangesHearsNoModSequences() {
    List<String> heard =
        Stage.sameBothWays(
            dovecot,
            Stage::awakeOutsideIdle, // a sleep between two commands may tell flags twice, which is
            // no fault
            (way, client) -> {
              way.stage().fill(4);
              client.ok("SELECT INBOX");
              client.startIdle();
              way.awaitAsleep();
              client.done();
              ImapClient other = way.client(); // one that has modseqs tracked
              other.ok("SELECT INBOX (CONDSTORE)");
              Stage.remove(other, "1");
              List<String> all = client.ok("NOOP");
              other.ok("STORE 2 +FLAGS.SILENT (\\Flagged)");
              all.addAll(client.ok("NOOP"));
              all.addAll(client.ok("STORE 1 +FLAGS (\\Answered)"));
              all.addAll(client.ok("FETCH 2 (BODY[])"));
              all.addAll(client.ok("UID STORE 4 +FLAGS (\\Flagged)"));
              other.ok("STORE 1 +FLAGS.SILENT (\\Deleted)");
              all.addAll(client.ok("NOOP"));
              all.addAll(client.ok("EXPUNGE"));
              return all;
            });
    assertThat(String.join("\n", heard)).doesNotContain("MODSEQ").contains("BODY[]", "EXPUNGE");
  }

  // T6
  @Test
  void aPlainClientWokenByUidFetchHearsWhatItMissedWithoutModSequences() {
    try (Stage stage = Stage.before(dovecot).fill(4)) {
      ImapClient client = stage.sleeper();
      client.done();
      ImapClient other = stage.other();
      other.ok("SELECT INBOX (CONDSTORE)");
      other.ok("UID STORE 3 +FLAGS.SILENT (\\Flagged)");
      Stage.remove(other, "1");
      other.append("INBOX", "\\Seen", Stage.message(5));

      List<String> heard = client.ok("UID FETCH 2 (BODY.PEEK[TEXT])");

      assertThat(heard).first().isEqualTo("* 1 EXPUNGE");
      assertThat(heard).contains("* 4 EXISTS", "* 2 FETCH (FLAGS (\\Flagged))");
      assertThat(heard).last().asString().startsWith("* 1 FETCH (UID 2 BODY[TEXT]");
      assertThat(String.join("\n", heard)).doesNotContain("MODSEQ");
      List<String> more = client.ok("UID STORE 3 +FLAGS (\\Seen)");
      assertThat(more).containsExactly("* 2 FETCH (UID 3 FLAGS (\\Flagged \\Seen))");
    }
  }

  @Test
  void aQresyncClientWokenAmidChangesHearsVanishedAndModSequences() {
    try (Stage stage = Stage.before(dovecot, Stage::awakeOutsideIdle).fill(6)) {
      ImapClient client = stage.sleeper("ENABLE QRESYNC", "SELECT INBOX");
      client.done();
      ImapClient other = stage.other();
      other.ok("SELECT INBOX");
      other.ok("UID STORE 5 +FLAGS.SILENT (\\Flagged)");
      Stage.remove(other, "1,3:4");
      other.append("INBOX", "\\Seen", Stage.message(7));

      List<String> heard = client.ok("UID FETCH 2 (UID)");

      assertThat(heard).startsWith("* VANISHED 1,3:4", "* 4 EXISTS");
      assertThat(heard)
          .anyMatch(line ->
              line.matches("\\* 2 FETCH \\(UID 5 MODSEQ \\(\\d+\\) FLAGS \\(.Flagged\\)\\)"))
          .anyMatch(line -> line.startsWith("* OK [HIGHESTMODSEQ "))
          .noneMatch(line -> line.contains("EXPUNGE"));
      assertThat(heard).last().isEqualTo("* 1 FETCH (UID 2)");
      Stage.remove(other, "2");
      assertThat(client.ok("NOOP")).first().isEqualTo("* VANISHED 2");
    }
  }

  // T20
  @Test
  void anExaminedMailboxIsExaminedAgain() {
    List<String> heard =
        Stage.sameBothWays(
            dovecot,
            (way, client) -> {
              way.stage().fill(2);
              client.ok("EXAMINE INBOX");
              client.startIdle();
              way.awaitAsleep();
              client.done();
              return client.command("STORE 1 +FLAGS (\\Flagged)");
            });
    assertThat(heard).hasSize(1).first().asString().contains("ignored with read-only mailbox");
  }

  // T28
  @Test
  void aClientInTheMidstOfALiteralStaysAttached() {
    try (Stage stage = Stage.before(dovecot)) {
      ImapClient client = stage.client();
      stage.awaitAsleep(1);
      client.send("x STATUS {5}\r\n").expectMatch("\\+.*");
      client.send("INB");
      anotherFallsAsleep(stage);
      assertThat(stage.front().sessions(Metrics.State.ATTACHED)).isEqualTo(1);

      client.send("OX (MESSAGES)\r\n");

      client.expectMatch("\\* STATUS INBOX \\(MESSAGES 0\\)");
      client.expectMatch("x OK .*");
      stage.awaitAsleep(2);
    }
  }

  // T30
  @Test
  void halfACommandIsCompletedLater() {
    try (Stage stage = Stage.before(dovecot).fill(1)) {
      ImapClient client = stage.client();
      stage.awaitAsleep(1);
      client.send("x STA");
      anotherFallsAsleep(stage);
      client.send("TUS INB");
      stage
          .front()
          .await(() -> stage.front().sessions(Metrics.State.ATTACHED) == 1, "awake for STATUS");
      anotherFallsAsleep(stage);
      assertThat(stage.front().sessions(Metrics.State.ATTACHED)).isEqualTo(1);

      client.send("OX (MESSAGES)\r\n");

      client.expectMatch("\\* STATUS INBOX \\(MESSAGES 1\\)");
      client.expectMatch("x OK .*");
    }
  }

  // T30
  @Test
  void halfADoneIsCompletedLater() {
    try (Stage stage = Stage.before(dovecot).fill(1)) {
      ImapClient client = stage.sleeper();
      client.send("DO");
      anotherFallsAsleep(stage);
      stage.mark();
      client.send("NE\r\n").expectMatch("a\\d+ OK .*");
      stage.assertNobodyWoke();
    }
  }

  /// Whoever wanted to sleep has had the time for it.
  private static void anotherFallsAsleep(Stage stage) {
    long before = stage.front().sessions(Metrics.State.HIBERNATED);
    stage.client();
    stage.awaitAsleep(before + 1);
  }

  // T29
  @Test
  void anAppendThatWaitsForNobodyWakesAndArrivesWhole() {
    try (Stage stage = Stage.before(dovecot).fill(1)) {
      ImapClient client = stage.sleeper();
      String message = Stage.message(2);
      client.send(
          "DONE\r\nx APPEND INBOX {" + message.length() + "+}\r\n" + message + "\r\ny NOOP\r\n");

      client.expectMatch("a\\d+ OK .*");
      List<String> heard = client.readUntilTagged("y");
      assertThat(heard).contains("* 2 EXISTS").anyMatch(line -> line.startsWith("x OK [APPENDUID"));
      assertThat(client.ok("FETCH 2 (BODY.PEEK[])")).first().asString().contains(message);
    }
  }

  // T31
  @Test
  void aSavedSearchResultOutlivesSleep() {
    List<String> heard =
        Stage.sameBothWays(
            dovecot,
            (way, client) -> {
              way.stage().fill(5);
              ImapClient other = way.other();
              other.ok("SELECT INBOX");
              client.ok("SELECT INBOX");
              client.ok("UID SEARCH RETURN (SAVE) UID 2:4");
              client.startIdle();
              way.awaitAsleep();
              Stage.remove(other, "3");
              client.expect("* 3 EXPUNGE");
              List<String> said = new ArrayList<>(client.done());
              said.addAll(client.ok("UID FETCH $ (FLAGS)"));
              said.addAll(client.ok("SEARCH RETURN (COUNT) $"));
              return said;
            });
    assertThat(heard)
        .containsSubsequence("* 2 FETCH (UID 2 FLAGS ())", "* 3 FETCH (UID 4 FLAGS ())");
  }

  // T37
  @Test
  void theBackendLearnsWhoTheClientIs() {
    try (Stage stage = Stage.before(dovecot).fill(1)) {
      int from = dovecot.logSize();
      ImapClient client = stage.client();
      int port = client.socket().getLocalPort();
      String first = login(stage, from, port);
      assertThat(first).contains("rip=127.0.0.1");
      String session = session(first);

      stage.awaitAsleep(1);
      int later = dovecot.logSize();
      client.ok("SELECT INBOX");

      assertThat(session(login(stage, later, port))).matches(Pattern.quote(session) + "\\.\\d+");
    }
  }

  private static String login(Stage stage, int from, int port) {
    return dovecot.awaitLog(
        from,
        line ->
            line.contains("Login: user=<" + stage.user() + ">") && line.contains("rport=" + port),
        Duration.ofSeconds(10));
  }

  private static String session(String logLine) {
    return logLine.replaceAll(".*session=<([^>]*)>.*", "$1");
  }

  // T41
  @Test
  void aBodyThatLooksLikeResponsesIsNotRead() {
    try (Stage stage = Stage.before(dovecot).fill(3)) {
      String trap =
          """
          Subject: Trap

          It was
          * 3 EXPUNGE
          * 9 EXISTS
          * VANISHED 1:3
          + idling
          x OK done
          * BYE {10}
          """
              .replace("\n", "\r\n");
      stage
          .other()
          .send("x APPEND INBOX {" + trap.length() + "+}\r\n" + trap + "\r\n")
          .readUntilTagged("x");
      ImapClient client = stage.client();
      client.ok("SELECT INBOX");
      assertThat(client.ok("FETCH 4 (BODY[])")).first().asString().contains(trap);
      client.startIdle();
      stage.awaitAsleep(1);
      client.done();

      List<String> heard = client.ok("FETCH 4 (UID BODY.PEEK[])");

      assertThat(heard).first().asString().startsWith("* 4 FETCH (UID 4 BODY[]").contains(trap);
    }
  }

  // T42
  @Test
  void aMailboxNamedLikeALiteralIsWatchedAndSelectedAgain() {
    try (Stage stage = Stage.before(dovecot)) {
      stage.other().ok("CREATE \"a{3}\"");
      stage.fill("a{3}", 2);
      ImapClient client = stage.sleeper("SELECT \"a{3}\"");
      stage.other().append("a{3}", "", Stage.message(3));
      client.expect("* 3 EXISTS").expectMatch("\\* \\d+ RECENT");
      client.done();
      assertThat(client.ok("UID FETCH 3 (UID)")).containsExactly("* 3 FETCH (UID 3)");
      assertThat(stage.wakes()).isEqualTo(2); // for SELECT, and for FETCH
    }
  }

  // T42
  @Test
  void aMailboxNamedByALiteralIsWatchedAndSelectedAgain() {
    try (Stage stage = Stage.before(dovecot)) {
      String name = "say \"hi\" \\ {7}";
      stage.other().ok("CREATE " + ImapClient.quoted(name));
      stage.fill(name, 2);
      ImapClient client = stage.sleeper("SELECT {" + name.length() + "}\r\n" + name);
      stage.other().append(name, "", Stage.message(3));
      client.expect("* 3 EXISTS").expectMatch("\\* \\d+ RECENT");
      client.done();
      assertThat(client.ok("UID FETCH 3 (UID)")).containsExactly("* 3 FETCH (UID 3)");
    }
  }

  // T48
  @Test
  void aClientMayUseTagsLikeOurs() {
    try (Stage stage = Stage.before(dovecot).fill(2)) {
      ImapClient client = stage.client();
      for (int round = 0; round < 3; round++) {
        for (int i = 1; i <= 12; i++) {
          client.send("zz" + i + " SELECT INBOX\r\n").readUntilTagged("zz" + i);
        }
        client.send("zz1 IDLE\r\n").expectMatch("\\+ .*");
        stage.awaitAsleep(1);
        client.send("DONE\r\n").expectMatch("zz1 OK .*");
        client.send("zz2 UID FETCH 1:* (UID)\r\n");
        client.expect("* 1 FETCH (UID 1)").expect("* 2 FETCH (UID 2)").expectMatch("zz2 OK .*");
      }
    }
  }
}
