package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dormouse.FrontEnd;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class ImapSessionsTest {
  /// Else its command could hold up the stop.
  @Test
  void whoComesBackWhileDormouseStopsIsAnsweredNothingMore() throws IOException {
    assumeTrue(FrontEnd.PARK);
    TranscriptFile folded =
        TranscriptFile.of("imap/parts").stream()
            .filter(part -> part.name().equals("folded.txt"))
            .findFirst()
            .orElseThrow();
    try (SessionStage stage = SessionTranscriptTest.stage(folded, false)) {
      new SessionPlay(folded, stage, false).play();
      SpokenLines client = stage.client(1);
      stage.shutDown(Duration.ZERO, () -> client.say(List.of("DONE", "a3 LIST \"\" *")));
      assertThat(client.hear()).isEqualTo("* BYE Server shutting down.");
      assertThat(client.hear()).isEqualTo(SpokenLines.END);
    }
  }
}
