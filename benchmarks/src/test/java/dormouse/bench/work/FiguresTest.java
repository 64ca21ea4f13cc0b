package dormouse.bench.work;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.bench.load.Latencies;
import dormouse.bench.stack.StackKind;
import dormouse.bench.work.Figures.Standing;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class FiguresTest {
  private static final Measure MEMORY = Measure.less("hold", "memory", "KiB");

  private final Figures figures = new Figures();

  @Test
  void twoNumbersHaveTheirMeanAsMedian() {
    assertThat(Figures.spread(List.of(3.0, 1.0)).median()).isEqualTo(2);
    assertThat(Figures.spread(List.of(3.0, 1.0, 9.0)).median()).isEqualTo(3);
  }

  @Test
  void whatIsTooSmallToBeMeasuredHasNoRatioAndIsToldAllTheSame() {
    figures.add(MEMORY, StackKind.HAPROXY_HIBERNATE, 20);
    figures.add(MEMORY, StackKind.HAPROXY_HIBERNATE, 22);
    figures.add(MEMORY, StackKind.DORMOUSE, -1);
    figures.add(MEMORY, StackKind.DORMOUSE, 0.5);
    Standing standing = figures.standing(MEMORY).orElseThrow();
    assertThat(standing.ratio()).isEmpty();
    assertThat(standing.ahead()).isFalse();
    assertThat(standing.behind()).isFalse();
  }

  @Test
  void whereBothAreTheSameNeitherIsAhead() {
    figures.add(MEMORY, StackKind.HAPROXY_HIBERNATE, 20);
    figures.add(MEMORY, StackKind.DORMOUSE, 20);
    Standing standing = figures.standing(MEMORY).orElseThrow();
    assertThat(standing.ahead()).isFalse();
    assertThat(standing.behind()).isFalse();
  }

  @Test
  void aHighPercentileIsOfAllRoundsTogetherOnceTheyAreEnough() {
    Measure high = Measure.less("wake", "99 %", "ms");
    for (int round = 0; round < 3; round++) {
      assertThat(figures.of(high)).as("round %d", round).isEmpty();
      Latencies latencies = new Latencies();
      for (int i = 0; i < 90; i++) {
        latencies.add(round == 0 && i < 2 ? 9_000_000 : 1_000_000);
      }
      figures.pool(high, StackKind.DORMOUSE, 99, latencies);
    }
    assertThat(Objects.requireNonNull(figures.of(high).get(StackKind.DORMOUSE))).hasSize(1);
    assertThat(Objects.requireNonNull(figures.of(high).get(StackKind.DORMOUSE)).getFirst())
        .isBetween(0.9, 1.1);
  }
}
