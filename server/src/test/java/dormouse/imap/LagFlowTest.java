package dormouse.imap;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What a lagging client is told passes; it does not pile up until the command has its reply.
class LagFlowTest {
  private static final int MUCH = 500_000; // more than may wait to be sent

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
      SpokenLines backend = stage.connection(3);
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
}
