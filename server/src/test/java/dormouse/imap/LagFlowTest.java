package dormouse.imap;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What a client that has just woken is told passes as it takes it; it does not pile up until the command has its reply.
class LagFlowTest {
  private static final int MUCH = 500_000; // more than may wait to be sent
  private static final int OFTEN = 300;
  private static final int LINES = 60_000; // of a KB, far more than the kernel takes

  @Test
  void aLongAnswerIsPassedOnBeforeItsEnd() throws IOException {
    TranscriptFile lagging =
        TranscriptFile.of("imap/parts").stream()
            .filter(part -> part.name().equals("lagging.txt"))
            .findFirst()
            .orElseThrow();
    try (SessionStage stage = SessionTranscriptTest.stage(lagging, false)) {
      new SessionPlay(lagging, stage, false).play();
      SpokenLines client = stage.client(1);
      SpokenLines backend = stage.backends.connection(3);
      stage.say(client, List.of("a4 FETCH 1,3 (BODY[])"), true);
      String asked = backend.hear();
      assertThat(asked).endsWith(" FETCH 1:2 (BODY[])");

      String first = "* 1 FETCH (BODY[] {" + MUCH + "}";
      String text = "x".repeat(MUCH) + ")";
      byte[] said = (first + "\r\n" + text + "\r\n").getBytes(US_ASCII);
      backend.say(said, 0, said.length);
      assertThat(client.hear()).isEqualTo(first);

      String tag = asked.substring(0, asked.indexOf(' '));
      stage.say(backend, List.of("* 2 FETCH (BODY[] {1}", "y)", tag + " OK Fetched."), false);
      assertThat(client.hear()).isEqualTo(text);
      assertThat(client.hear()).isEqualTo("* 3 FETCH (BODY[] {1}");
      assertThat(client.hear()).isEqualTo("y)");
      assertThat(client.hear()).isEqualTo("a4 OK Fetched.");
    }
  }

  @Test
  void flagsBehindAStoreAreReadAsTheClientReadsThem() throws IOException {
    TranscriptFile storing = untilFlagsAreAskedFor();
    try (SessionStage stage = SessionTranscriptTest.stage(storing, false)) {
      SessionPlay play = new SessionPlay(storing, stage, false);
      play.play();
      SpokenLines client = stage.client(1);
      SpokenLines backend = stage.backends.connection(3);
      String flags = "\\Seen " + "x".repeat(1_000);
      String line = "* 2 FETCH (UID 13 FLAGS (" + flags + ") MODSEQ (63))\r\n";
      String end = play.tag(3) + " OK Fetch completed.\r\n";
      ByteBuffer all = ByteBuffer.wrap((line.repeat(LINES) + end).getBytes(US_ASCII));
      int stalled = 0;
      while (all.hasRemaining() && stalled < OFTEN) { // the kernel may be slow to tell of room
        int before = all.position();
        backend.sayWhatFits(all);
        stage.settle();
        stalled = all.position() > before ? 0 : stalled + 1;
      }
      assertThat(all.hasRemaining()).isTrue();

      for (int i = 0; i < LINES; i++) {
        backend.sayWhatFits(all);
        assertThat(client.hear()).isEqualTo("* 2 FETCH (FLAGS (" + flags + "))");
      }
      assertThat(client.hear()).isEqualTo("a3 OK Store completed.");
    }
  }

  private static TranscriptFile untilFlagsAreAskedFor() throws IOException {
    TranscriptFile all =
        TranscriptFile.of("imap").stream()
            .filter(file -> file.name().equals("wake-by-store.txt"))
            .findFirst()
            .orElseThrow();
    List<TranscriptFile.Turn> turns = new ArrayList<>();
    for (TranscriptFile.Turn turn : all.turns()) {
      turns.add(turn);
      if (turn.text().equals("zz UID FETCH 13 (UID FLAGS)")) {
        break;
      }
    }
    return new TranscriptFile(all.name(), turns);
  }
}
