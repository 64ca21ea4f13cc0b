package dormouse.imap;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.imap.SessionStage.Carrier;
import dormouse.ops.Metrics;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// One read may hold thousands of commands that are answered from memory with far more than they are long.
class FloodTest {
  private static final int COMMANDS = 750;
  private static final int NAMES =
      50; // one answer is longer than what deflate remembers, and all have 30 MB, far more than the
  // kernel takes
  private static final int NAME_BYTES = 800;
  private static final int LITTLE = 9; // answers have 370 KB
  private static final String ANSWERED = "dormouse_local_answers_total{command=\"list\"}";

  @ParameterizedTest
  @CsvSource({
    "attached, IN_THE_CLEAR, false",
    "attached, IN_THE_CLEAR, true",
    "attached, OWN_RECORDS, false",
    "attached, ENGINE, false",
    "asleep, IN_THE_CLEAR, false",
    "asleep, IN_THE_CLEAR, true",
    "asleep, OWN_RECORDS, false",
    "asleep, ENGINE, false"
  })
  void whoDoesNotReadIsAnsweredNoMore(String state, Carrier carrier, boolean compressed)
      throws IOException {
    TranscriptFile kept = kept(state.equals("asleep"));
    try (SessionStage stage = SessionTranscriptTest.stage(kept, carrier, false)) {
      new SessionPlay(kept, stage, false).play();
      double before = stage.counter(ANSWERED);
      try (SpokenLines client =
          stage.client(1)) { // gone before Dormouse waits until it has read all
        if (compressed) {
          stage.say(client, List.of("c COMPRESS DEFLATE"), true);
          assertThat(client.hear()).isEqualTo("c OK DEFLATE active");
          client.compress();
        }
        byte[] flood = flood();
        client.say(flood, 0, flood.length);
        stage.awaitCounter(ANSWERED, before + 1);
        double answered;
        do {
          answered = stage.counter(ANSWERED);
          stage.settle();
        } while (stage.counter(ANSWERED) > answered);
        assertThat(answered - before).isBetween(1.0, COMMANDS / 3.0);

        stage.say(client, List.of("m LIST \"\" *"), false);
        for (int i = 0; i < COMMANDS; i++) {
          hear(client, "l" + i);
        }
        hear(client, "m");
        assertThat(stage.counter(ANSWERED) - before).isEqualTo(COMMANDS + 1);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatIsTheBackendsWaitsToo(Carrier carrier) throws IOException {
    TranscriptFile kept = kept(/* asleep= */ false);
    try (SessionStage stage = SessionTranscriptTest.stage(kept, carrier, false)) {
      new SessionPlay(kept, stage, false).play();
      try (SpokenLines client = stage.client(1)) {
        byte[] flood = flood();
        client.say(flood, 0, flood.length);
        stage.say(client, List.of("m NOOP"), false);
        SpokenLines backend = stage.backends.connection(1);
        assertThat(backend.hearWhatIsThere()).isEqualTo(SpokenLines.NOTHING);
        for (int i = 0; i < COMMANDS; i++) {
          hear(client, "l" + i);
        }
        assertThat(backend.hear()).isEqualTo("m NOOP");
        stage.say(backend, List.of("m OK NOOP completed."), false);
        assertThat(client.hear()).isEqualTo("m OK NOOP completed.");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whoReadsNoMoreIsSentAway(boolean asleep) throws IOException {
    TranscriptFile kept = kept(asleep);
    try (SessionStage stage = SessionTranscriptTest.stage(kept, false)) {
      new SessionPlay(kept, stage, false).play();
      try (SpokenLines client = stage.client(1)) {
        byte[] flood = flood();
        client.say(flood, 0, flood.length);
        stage.settle();
        stage.fill(client);
        stage.pass(Duration.ofSeconds(45));
        assertThat(sessions(stage)).isEqualTo(1);
        stage.pass(Duration.ofSeconds(10));
        assertThat(sessions(stage)).isZero();
        assertThat(stage.counter("dormouse_closes_total{reason=\"slow-client\"}")).isEqualTo(1);
      }
    }
  }

  @Test
  void whoReadsFromTimeToTimeStays() throws IOException {
    TranscriptFile kept = kept(/* asleep= */ true);
    try (SessionStage stage = SessionTranscriptTest.stage(kept, false)) {
      new SessionPlay(kept, stage, false).play();
      try (SpokenLines client = stage.client(1)) {
        byte[] flood = flood();
        client.say(flood, 0, flood.length);
        for (int i = 0; i < COMMANDS; i++) {
          if (i % (COMMANDS / 5) == 0) {
            stage.pass(Duration.ofSeconds(45));
          }
          hear(client, "l" + i);
        }
        assertThat(sessions(stage)).isEqualTo(1);
      }
    }
  }

  /// The kernel has room for megabytes, and says that it has some again when a third of them is taken.
  @ParameterizedTest
  @EnumSource
  void whoReadsALittleFromTimeToTimeStays(Carrier carrier) throws IOException {
    TranscriptFile kept = kept(/* asleep= */ true);
    try (SessionStage stage = SessionTranscriptTest.stage(kept, carrier, false)) {
      new SessionPlay(kept, stage, false).play();
      try (SpokenLines client = stage.client(1)) {
        byte[] flood = flood();
        client.say(flood, 0, flood.length);
        stage.settle();
        for (int i = 0; i < 4 * LITTLE; i++) {
          if (i % LITTLE == 0) {
            stage.pass(Duration.ofSeconds(45));
          }
          hear(client, "l" + i);
        }
        assertThat(sessions(stage)).isEqualTo(1);
      }
    }
  }

  private static long sessions(SessionStage stage) {
    return stage.metrics.sessions(Metrics.State.HIBERNATED)
        + stage.metrics.sessions(Metrics.State.ATTACHED);
  }

  /// Each with a tag of its own; together they fit into one read.
  private static byte[] flood() {
    return IntStream.range(0, COMMANDS)
        .mapToObj(number -> "l" + number + " LIST \"\" *\r\n")
        .collect(Collectors.joining())
        .getBytes(US_ASCII);
  }

  private static void hear(SpokenLines client, String tag) {
    for (int name = 0; name <= NAMES; name++) {
      assertThat(client.hear()).startsWith("* LIST (\\HasNoChildren");
    }
    assertThat(client.hear()).isEqualTo(tag + " OK List completed.");
  }

  /// As in a transcript of a list that is kept, but a longer one.
  private static TranscriptFile kept(boolean asleep) throws IOException {
    TranscriptFile all =
        TranscriptFile.of("imap").stream()
            .filter(file -> file.name().equals("list-kept.txt"))
            .findFirst()
            .orElseThrow();
    List<TranscriptFile.Turn> turns = new ArrayList<>();
    for (TranscriptFile.Turn turn : all.turns()) {
      if (turn.text().endsWith(asleep ? "a4 LIST \"\" *" : "a2 LIST \"\" *")) {
        break;
      }
      if (turn.text().endsWith("\"a b\"")) {
        IntStream.range(0, NAMES).mapToObj(number -> longer(turn, number)).forEach(turns::add);
      } else {
        turns.add(turn);
      }
    }
    return new TranscriptFile(all.name(), turns);
  }

  private static TranscriptFile.Turn longer(TranscriptFile.Turn turn, int number) {
    return new TranscriptFile.Turn(
        turn.file(),
        turn.number(),
        turn.who(),
        turn.side(),
        turn.text().replace("a b", name(number)));
  }

  /// What no compression makes much shorter.
  private static String name(int number) {
    return new Random(number)
        .ints(NAME_BYTES, 'a', 'z' + 1)
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }
}
