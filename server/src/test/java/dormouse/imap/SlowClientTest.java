package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dormouse.FrontEnd;
import dormouse.imap.SessionStage.Carrier;
import dormouse.ops.Metrics;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// A sleeper is told of one change in far more bytes than the kernel takes of them at once.
class SlowClientTest {
  private static final int MESSAGES = 700_000; // 13 MB of EXPUNGE
  private static final int LAST_UID = 10 + MESSAGES;
  private static final int GONE = 500_000; // 9 MB of EXPUNGE
  private static final int SEEN = 100_000; // 3 MB of FETCH
  private static final int SOME = 100_000; // 2 MB of EXPUNGE

  @Test
  void whoReadsHearsAllOfOneChangeHoweverLong() throws IOException {
    TranscriptFile asleep = asleep();
    try (SessionStage stage = SessionTranscriptTest.stage(asleep, false)) {
      SessionPlay play = new SessionPlay(asleep, stage, false);
      play.play();
      allButOneVanish(play, stage);
      SpokenLines client = stage.client(1);
      for (int number = MESSAGES; number > 1; number--) {
        assertThat(client.hear()).isEqualTo("* " + number + " EXPUNGE");
      }
      assertThat(stage.metrics.sessions(Metrics.State.HIBERNATED)).isEqualTo(1);
      stage.say(client, List.of("DONE"), true);
      assertThat(client.hear()).isEqualTo("a2 OK Idle completed.");
    }
  }

  /// Else its TLS would send all that waits before it closed, however long the client takes.
  @ParameterizedTest
  @EnumSource
  void whoDoesNotReadIsCutOffWhenThereIsMoreToTell(Carrier carrier) throws IOException {
    TranscriptFile asleep = asleep();
    try (SessionStage stage = SessionTranscriptTest.stage(asleep, carrier, false)) {
      SessionPlay play = new SessionPlay(asleep, stage, false);
      play.play();
      String idle = allButOneVanish(play, stage);
      assertThat(stage.metrics.sessions(Metrics.State.HIBERNATED)).isEqualTo(1);
      oneMoreComes(stage, idle);
      stage.awaitCounter("dormouse_closes_total{reason=\"slow-client\"}", 1);
      assertThat(stage.metrics.sessions(Metrics.State.HIBERNATED)).isZero();

      SpokenLines client = stage.client(1);
      int heard = 0;
      while (!client.hear().equals(SpokenLines.END)) {
        heard++;
      }
      assertThat(heard).isLessThan(MESSAGES - 1);
    }
  }

  @ParameterizedTest
  @EnumSource
  void whoReadsNothingIsSentAway(Carrier carrier) throws IOException {
    TranscriptFile asleep = asleep();
    try (SessionStage stage = SessionTranscriptTest.stage(asleep, carrier, false)) {
      SessionPlay play = new SessionPlay(asleep, stage, false);
      play.play();
      allButOneVanish(play, stage);
      stage.fill(stage.client(1));
      stage.pass(Duration.ofSeconds(45));
      assertThat(stage.metrics.sessions(Metrics.State.HIBERNATED)).isEqualTo(1);
      stage.pass(Duration.ofSeconds(10));
      assertThat(stage.metrics.sessions(Metrics.State.HIBERNATED)).isZero();
      assertThat(stage.counter("dormouse_closes_total{reason=\"slow-client\"}")).isEqualTo(1);
    }
  }

  /// What it is told of flags is written behind all that is gone, when much of that waits already.
  @ParameterizedTest
  @EnumSource
  void whoReadsSomeOfItStays(Carrier carrier) throws IOException {
    TranscriptFile asleep = asleep();
    try (SessionStage stage = SessionTranscriptTest.stage(asleep, carrier, false)) {
      SessionPlay play = new SessionPlay(asleep, stage, false);
      play.play();
      someVanishAndSomeAreSeen(play, stage);
      SpokenLines client = stage.client(1);
      int heard = 0;
      for (int number = GONE + 1; number > 1; number--) {
        if (heard++ % SOME == 0) {
          stage.pass(Duration.ofSeconds(45));
        }
        assertThat(client.hear()).isEqualTo("* " + number + " EXPUNGE");
      }
      for (int number = 2; number < 2 + SEEN; number++) {
        assertThat(client.hear()).isEqualTo("* " + number + " FETCH (FLAGS (\\Seen))");
      }
      assertThat(stage.metrics.sessions(Metrics.State.HIBERNATED)).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"IN_THE_CLEAR", "OWN_RECORDS"})
  void whoHasReadAllIsParkedAgain(Carrier carrier) throws IOException {
    assumeTrue(FrontEnd.PARK);
    TranscriptFile asleep = asleep();
    try (SessionStage stage = SessionTranscriptTest.stage(asleep, carrier, false)) {
      SessionPlay play = new SessionPlay(asleep, stage, false);
      play.play();
      assertThat(stage.metrics.parked()).isEqualTo(1);
      allButOneVanish(play, stage);
      assertThat(stage.metrics.parked()).isZero();
      SpokenLines client = stage.client(1);
      for (int number = MESSAGES; number > 1; number--) {
        client.hear();
      }
      stage.settle();
      assertThat(stage.metrics.parked()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @EnumSource
  void whoReadsSomeOfItHearsAllThoughItsSessionHasEnded(Carrier carrier) throws IOException {
    TranscriptFile asleep = asleep();
    try (SessionStage stage = SessionTranscriptTest.stage(asleep, carrier, false)) {
      SessionPlay play = new SessionPlay(asleep, stage, false);
      play.play();
      allButOneVanish(play, stage);
      stage.kick("ann");
      assertThat(stage.counter("dormouse_closes_total{reason=\"kicked\"}")).isEqualTo(1);
      SpokenLines client = stage.client(1);
      int heard = 0;
      for (int number = MESSAGES; number > 1; number--) {
        if (heard++ % SOME == 0) {
          stage.pass(Duration.ofSeconds(45));
        }
        assertThat(client.hear()).isEqualTo("* " + number + " EXPUNGE");
      }
      assertThat(client.hear()).startsWith("* BYE ");
      assertThat(client.hear()).isEqualTo(SpokenLines.END);
    }
  }

  @ParameterizedTest
  @EnumSource
  void whoReadsNothingIsCutWhenItsSessionHasEnded(Carrier carrier) throws IOException {
    TranscriptFile asleep = asleep();
    try (SessionStage stage = SessionTranscriptTest.stage(asleep, carrier, false)) {
      SessionPlay play = new SessionPlay(asleep, stage, false);
      play.play();
      allButOneVanish(play, stage);
      SpokenLines client = stage.client(1);
      stage.fill(client);
      stage.kick("ann");
      stage.pass(Duration.ofSeconds(55));
      int heard = 0;
      while (!client.hear().equals(SpokenLines.END)) {
        heard++;
      }
      assertThat(heard).isLessThan(MESSAGES - 1);
    }
  }

  @ParameterizedTest
  @EnumSource
  void whoReadsSomeOfItIsCutByAnotherKick(Carrier carrier) throws IOException {
    TranscriptFile asleep = asleep();
    try (SessionStage stage = SessionTranscriptTest.stage(asleep, carrier, false)) {
      SessionPlay play = new SessionPlay(asleep, stage, false);
      play.play();
      allButOneVanish(play, stage);
      SpokenLines client = stage.client(1);
      stage.kick("ann");
      for (int number = MESSAGES; number > MESSAGES - SOME; number--) {
        assertThat(client.hear()).isEqualTo("* " + number + " EXPUNGE");
      }
      stage.kick("ann");
      int heard = SOME;
      while (!client.hear().equals(SpokenLines.END)) {
        heard++;
      }
      assertThat(heard).isLessThan(MESSAGES - 1);
      assertThat(stage.counter("dormouse_closes_total{reason=\"kicked\"}")).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @EnumSource
  void whoseSessionHasEndedHearsAllInSpiteOfAKick(Carrier carrier) throws IOException {
    TranscriptFile asleep = asleep();
    try (SessionStage stage = SessionTranscriptTest.stage(asleep, carrier, false)) {
      SessionPlay play = new SessionPlay(asleep, stage, false);
      play.play();
      allButOneVanish(play, stage);
      anotherComesInItsPlace(play, stage);
      stage.awaitCounter("dormouse_closes_total{reason=\"mailbox-changed\"}", 1);
      stage.kick("ann");
      SpokenLines client = stage.client(1);
      for (int number = MESSAGES; number > 1; number--) {
        assertThat(client.hear()).isEqualTo("* " + number + " EXPUNGE");
      }
      assertThat(client.hear()).startsWith("* BYE ");
      assertThat(client.hear()).isEqualTo(SpokenLines.END);
    }
  }

  private static void anotherComesInItsPlace(SessionPlay play, SessionStage stage) {
    stage.closeConnection(2, /* left= */ false);
    stage.pass(Duration.ofMillis(200));
    int number = stage.backends.accept();
    play.backendLogin(number);
    answer(
        stage,
        stage.backends.connection(number),
        "EXAMINE INBOX (CONDSTORE)",
        "* 1 EXISTS",
        "* OK [UIDVALIDITY 8] UIDs valid",
        "* OK [UIDNEXT 14] Predicted next UID",
        "* OK [HIGHESTMODSEQ 50] Highest");
  }

  private static void oneMoreComes(SessionStage stage, String tag) {
    SpokenLines watch = stage.backends.connection(2);
    stage.say(watch, List.of("+ idling", "* 2 EXISTS"), false);
    assertThat(watch.hear()).isEqualTo("DONE");
    stage.say(watch, List.of(tag + " OK Idle completed."), false);
    answer(stage, watch, "NOOP");
    answer(
        stage,
        watch,
        "STATUS INBOX (UIDVALIDITY UIDNEXT HIGHESTMODSEQ)",
        "* STATUS INBOX (UIDVALIDITY 7 UIDNEXT " + (LAST_UID + 2) + " HIGHESTMODSEQ 70)");
    answer(stage, watch, "NOOP");
    answer(
        stage,
        watch,
        "UID SEARCH RETURN (ALL) ALL",
        "* ESEARCH (TAG \"x\") UID ALL 11," + (LAST_UID + 1));
    answer(stage, watch, "UID FETCH 1:11 (FLAGS) (CHANGEDSINCE 60)");
  }

  /// What the watch hears, on the second connection; it has told of it when it waits in IDLE again, under a tag.
  private static String allButOneVanish(SessionPlay play, SessionStage stage) {
    return vanish(play, stage, LAST_UID, "11", List.of());
  }

  private static void someVanishAndSomeAreSeen(SessionPlay play, SessionStage stage) {
    int left = 12 + GONE;
    List<String> seen =
        IntStream.range(0, SEEN)
            .mapToObj(
                i -> "* %d FETCH (UID %d FLAGS (\\Seen) MODSEQ (60))".formatted(2 + i, left + i))
            .toList();
    vanish(play, stage, left - 1, "11," + left + ":" + LAST_UID, seen);
  }

  private static String vanish(
      SessionPlay play, SessionStage stage, int lastGone, String left, List<String> changed) {
    SpokenLines watch = stage.backends.connection(2);
    stage.say(watch, List.of("* VANISHED 12:" + lastGone), false);
    assertThat(watch.hear()).isEqualTo("DONE");
    stage.say(watch, List.of(play.tag(2) + " OK Idle completed."), false);
    answer(stage, watch, "NOOP");
    answer(
        stage,
        watch,
        "STATUS INBOX (UIDVALIDITY UIDNEXT HIGHESTMODSEQ)",
        "* STATUS INBOX (UIDVALIDITY 7 UIDNEXT " + (LAST_UID + 1) + " HIGHESTMODSEQ 60)");
    answer(stage, watch, "NOOP");
    answer(stage, watch, "UID SEARCH RETURN (ALL) ALL", "* ESEARCH (TAG \"x\") UID ALL " + left);
    answer(
        stage,
        watch,
        "UID FETCH 1:" + LAST_UID + " (FLAGS) (CHANGEDSINCE 50)",
        changed.toArray(String[]::new));
    String[] heard = watch.hear().split(" ", 2);
    assertThat(heard[1]).isEqualTo("IDLE");
    stage.settle();
    return heard[0];
  }

  private static void answer(
      SessionStage stage, SpokenLines connection, String command, String... lines) {
    String[] heard = connection.hear().split(" ", 2);
    assertThat(heard[1]).isEqualTo(command);
    List<String> all = new ArrayList<>(List.of(lines));
    all.add(heard[0] + " OK Done.");
    stage.say(connection, all, false);
  }

  /// As in transcripts, but with more messages.
  private static TranscriptFile asleep() throws IOException {
    TranscriptFile few =
        TranscriptFile.of("imap/parts").stream()
            .filter(part -> part.name().equals("asleep.txt"))
            .findFirst()
            .orElseThrow();
    return new TranscriptFile(
        few.name(), few.turns().stream().map(SlowClientTest::withMore).toList());
  }

  private static TranscriptFile.Turn withMore(TranscriptFile.Turn turn) {
    String text =
        turn.text()
            .replace("* 3 EXISTS", "* " + MESSAGES + " EXISTS")
            .replace("MESSAGES 3", "MESSAGES " + MESSAGES)
            .replace(":13", ":" + LAST_UID)
            .replace("UIDNEXT 14", "UIDNEXT " + (LAST_UID + 1));
    return new TranscriptFile.Turn(turn.file(), turn.number(), turn.who(), turn.side(), text);
  }
}
