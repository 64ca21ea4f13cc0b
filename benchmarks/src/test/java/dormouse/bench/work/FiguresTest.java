package dormouse.bench.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dormouse.bench.load.Latencies;
import dormouse.bench.stack.StackKind;
import dormouse.bench.work.Figures.Spread;
import dormouse.bench.work.Figures.Standing;
import java.util.List;
import org.junit.jupiter.api.Test;

class FiguresTest {
  private static final Measure MEMORY = Measure.less("hold", "memory", "KiB");
  private static final Measure HIGH = Measure.less("wake", "99 %", "ms");

  private final Figures figures = new Figures();

  @Test
  void twoNumbersHaveTheirMeanAsMedian() {
    assertThat(Spread.of(List.of(3.0, 1.0)).median()).isEqualTo(2);
    assertThat(Spread.of(List.of(3.0, 1.0, 9.0)).median()).isEqualTo(3);
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
    for (int round = 0; round < 3; round++) {
      assertThat(figures.spread(HIGH, StackKind.DORMOUSE)).as("round %d", round).isEmpty();
      figures.pool(HIGH, StackKind.DORMOUSE, 99, millis(1, 88, round == 0 ? 9 : 1, 2));
    }
    assertThat(figures.of(HIGH).get(StackKind.DORMOUSE)).hasSize(3);
    Spread spread = figures.spread(HIGH, StackKind.DORMOUSE).orElseThrow();
    assertThat(spread.min()).isCloseTo(1, within(0.1));
    assertThat(spread.median()).isCloseTo(1, within(0.1)); // 2 of 270 are longer
    assertThat(spread.max()).isCloseTo(9, within(0.1));
  }

  @Test
  void whatIsBelowTheNoiseOfBothHasNoRatioEither() {
    figures.add(MEMORY, StackKind.HAPROXY_HIBERNATE, -0.01);
    figures.add(MEMORY, StackKind.DORMOUSE, -3);
    assertThat(figures.standing(MEMORY).orElseThrow().ratio()).isEmpty();
  }

  @Test
  void aPeerBelowTheNoiseIsNotTheBest() {
    figures.add(MEMORY, StackKind.PERDITION_HIBERNATE, -4);
    figures.add(MEMORY, StackKind.NGINX_HIBERNATE, 30);
    figures.add(MEMORY, StackKind.HAPROXY_HIBERNATE, 20);
    figures.add(MEMORY, StackKind.DORMOUSE, 5);
    assertThat(figures.bestPeer(MEMORY)).contains(StackKind.HAPROXY_HIBERNATE);
    assertThat(figures.standing(MEMORY).orElseThrow().ratio().orElseThrow().median())
        .isEqualTo(0.25);
  }

  @Test
  void whereAllPeersAreBelowTheNoiseNoneIsTheBest() {
    figures.add(MEMORY, StackKind.HAPROXY_HIBERNATE, -4);
    figures.add(MEMORY, StackKind.DORMOUSE, 5);
    assertThat(figures.bestPeer(MEMORY)).isEmpty();
    assertThat(figures.standing(MEMORY).orElseThrow().best()).isEmpty();
  }

  @Test
  void whereThereIsNoPeerDormouseStandsBesideNobody() {
    figures.add(MEMORY, StackKind.DORMOUSE, 5);
    figures.add(MEMORY, StackKind.DORMOUSE_ATTACHED, 5);
    assertThat(figures.standing(MEMORY)).isEmpty();
  }

  @Test
  void aRatioOfHighPercentilesIsThatOfAllRoundsTogetherToo() {
    for (int round = 0; round < 3; round++) {
      figures.pool(HIGH, StackKind.DORMOUSE, 99, millis(2, 90, round == 0 ? 18 : 2, 2));
      figures.pool(HIGH, StackKind.NGINX, 99, millis(1, 92, 1, 0));
    }
    Spread ratio = figures.standing(HIGH).orElseThrow().ratio().orElseThrow();
    assertThat(ratio.min()).isCloseTo(2, within(0.1));
    assertThat(ratio.median()).isCloseTo(2, within(0.1));
    assertThat(ratio.max()).isCloseTo(18, within(0.2));
  }

  private static Latencies millis(long one, int often, long other, int seldom) {
    Latencies all = new Latencies();
    for (int i = 0; i < often + seldom; i++) {
      all.add((i < often ? one : other) * 1_000_000);
    }
    return all;
  }
}
