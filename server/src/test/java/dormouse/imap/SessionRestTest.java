package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dormouse.FrontEnd;
import dormouse.imap.SessionStage.Carrier;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// A session that begins asleep: whose connection is not parked while its client goes on.
class SessionRestTest {
  @ParameterizedTest
  @EnumSource(names = {"IN_THE_CLEAR", "OWN_RECORDS"})
  void whoGoesOnBehindItsLoginIsParkedWhenItIsQuiet(Carrier carrier) throws IOException {
    assumeTrue(FrontEnd.PARK);
    TranscriptFile begins = beginsAsleep();
    try (SessionStage stage = SessionTranscriptTest.stage(begins, carrier, false)) {
      new SessionPlay(begins, stage, false).play();
      assertThat(stage.metrics.parked()).isZero();
      stage.say(stage.client(2), List.of("a1 NOOP"), true);
      assertThat(stage.client(2).hear()).isEqualTo("a1 OK NOOP completed.");
      stage.pass(Duration.ofMillis(100));
      assertThat(stage.metrics.parked()).isZero();
      stage.pass(Duration.ofMillis(200));
      assertThat(stage.metrics.parked()).isEqualTo(1);
      stage.say(stage.client(2), List.of("a2 NOOP"), true);
      assertThat(stage.client(2).hear()).isEqualTo("a2 OK NOOP completed.");
      assertThat(stage.metrics.parked()).isEqualTo(1);
    }
  }

  private static TranscriptFile beginsAsleep() throws IOException {
    return TranscriptFile.of("imap").stream()
        .filter(part -> part.name().equals("login-again-and-stays.txt"))
        .findFirst()
        .orElseThrow();
  }
}
