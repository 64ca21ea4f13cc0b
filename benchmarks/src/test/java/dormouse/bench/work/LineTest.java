package dormouse.bench.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LineTest {
  private static final double MS = 50; // whatever the sessions are
  private static final double EACH = 0.01;

  @Test
  void whoHasEightTimesAsManySessionsIsNoCheaperForIt() {
    assertThat(ofStack(150).slope()).isCloseTo(EACH, within(1e-9));
    assertThat(ofStack(1200).slope()).isCloseTo(EACH, within(1e-9));
    assertThat(ofStack(1200).begin()).isCloseTo(MS, within(1e-6));
  }

  @Test
  void oneRoundTellsNothing() {
    assertThat(Line.through(List.of())).isEmpty();
    assertThat(Line.through(List.of(new Line.Point(600, 56)))).isEmpty();
  }

  private static Line ofStack(int step) {
    return Line.through(
            IntStream.rangeClosed(1, 4)
                .mapToObj(i -> new Line.Point(i * step, MS + i * step * EACH))
                .toList())
        .orElseThrow();
  }
}
