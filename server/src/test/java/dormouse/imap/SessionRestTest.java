package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dormouse.FrontEnd;
import dormouse.imap.SessionStage.Carrier;
import dormouse.ops.Metrics;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// When the connection of a session that sleeps is parked.
class SessionRestTest {
  @ParameterizedTest
  @EnumSource(names = {"IN_THE_CLEAR", "OWN_RECORDS"})
  void whoGoesOnBehindItsLoginIsParkedWhenItIsQuiet(Carrier carrier) throws IOException {
    assumeTrue(FrontEnd.PARK);
    TranscriptFile begins = named("login-again-and-stays.txt");
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

  /// What it said before it woke is long ago.
  @ParameterizedTest
  @EnumSource(names = {"IN_THE_CLEAR", "OWN_RECORDS"})
  void whoHasBeenWokenByACommandIsParkedAsSoonAsItSleeps(Carrier carrier) throws IOException {
    assumeTrue(FrontEnd.PARK);
    TranscriptFile woken = named("asleep-check-with-nothing-selected.txt");
    try (SessionStage stage = SessionTranscriptTest.stage(woken, carrier, false)) {
      new SessionPlay(woken, stage, false).play();
      assertThat(stage.metrics.sessions(Metrics.State.ATTACHED)).isEqualTo(1);
      for (int i = 0; i < 600 && stage.metrics.sessions(Metrics.State.ATTACHED) > 0; i++) {
        stage.pass(Duration.ofMillis(100));
      }
      assertThat(stage.metrics.sessions(Metrics.State.HIBERNATED)).isEqualTo(1);
      assertThat(stage.metrics.parked()).isEqualTo(1);
    }
  }

  private static TranscriptFile named(String name) throws IOException {
    return TranscriptFile.of("imap").stream()
        .filter(part -> part.name().equals(name))
        .findFirst()
        .orElseThrow();
  }
}
