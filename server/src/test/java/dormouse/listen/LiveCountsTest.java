package dormouse.listen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class LiveCountsTest {
  @Test
  void itCountsAsAMapWouldWhateverComesAndGoes() {
    LiveCounts counts = new LiveCounts();
    Map<Long, Integer> expected = new HashMap<>();
    Random random = new Random(7);
    for (int i = 0; i < 200_000; i++) {
      long key = 1 + random.nextInt(500) * 64L; // many have the same home
      if (random.nextInt(100) < (i < 100_000 ? 60 : 40) || !expected.containsKey(key)) {
        counts.add(key);
        expected.merge(key, 1, Integer::sum);
      } else {
        counts.remove(key);
        expected.computeIfPresent(key, (_, count) -> count == 1 ? null : count - 1);
      }
    }
    assertThat(counts.size()).isEqualTo(expected.size());
    for (long key = 1; key < 500 * 64L; key += 64) {
      assertThat(counts.of(key)).isEqualTo(expected.getOrDefault(key, 0));
    }
  }

  @Test
  void noMoreGoThanCame() {
    LiveCounts counts = new LiveCounts();
    counts.add(7);
    counts.remove(7);
    assertThat(counts.of(7)).isZero();
    assertThatThrownBy(() -> counts.remove(7)).isInstanceOf(IllegalStateException.class);
  }
}
