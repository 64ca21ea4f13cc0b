package dormouse.flat;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class CellsTest {
  private static final int CAPACITY = 100;
  private static final int BYTES = 24;

  private final Cells cells = cells();

  private static Cells cells() {
    try {
      return new Cells(BYTES, CAPACITY);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /// Against a map, with a seed that a failure names.
  @Test
  void aCellIsOfZerosWhenItIsTakenAndKeepsWhatItIsGiven() {
    long seed = Long.getLong("dormouse.seed", System.nanoTime());
    Random random = new Random(seed);
    Map<Integer, Integer> model = new HashMap<>();
    for (int step = 0; step < 20_000; step++) {
      if (random.nextInt(CAPACITY + 10) >= model.size()) {
        int cell = cells.take();
        if (model.size() == CAPACITY) {
          assertThat(cell).isEqualTo(Cells.NONE);
          continue;
        }
        assertThat(isZeros(cells.all(cell))).as("seed %d step %d", seed, step).isTrue();
        int value = random.nextInt();
        cells.set(cell, 0, random.nextInt(Integer.MAX_VALUE) - 1);
        cells.set(cell, 4, value);
        cells.set(cell, BYTES - 4, ~value);
        assertThat(model.put(cell, value)).as("seed %d step %d", seed, step).isNull();
      } else {
        int cell =
            model.keySet().stream().skip(random.nextInt(model.size())).findFirst().orElseThrow();
        int value = Objects.requireNonNull(model.remove(cell));
        assertThat(cells.get(cell, 4)).as("seed %d step %d", seed, step).isEqualTo(value);
        assertThat(cells.get(cell, BYTES - 4)).as("seed %d step %d", seed, step).isEqualTo(~value);
        cells.free(cell);
        assertThat(isZeros(cells.all(cell).asSlice(4))).isTrue();
      }
      assertThat(cells.size()).isEqualTo(model.size());
    }
  }

  @Test
  void whoeverUsesOneThatIsFreeIsStopped() {
    int cell = cells.take();
    cells.take();
    cells.free(cell);
    assertThatThrownBy(() -> cells.get(cell, 4)).isInstanceOf(AssertionError.class);
    assertThatThrownBy(() -> cells.set(cell, 4, 1)).isInstanceOf(AssertionError.class);
    assertThatThrownBy(() -> cells.free(cell)).isInstanceOf(AssertionError.class);
    assertThatThrownBy(() -> cells.get(2, 4)).isInstanceOf(AssertionError.class);
  }

  private static boolean isZeros(MemorySegment memory) {
    for (long i = 0; i < memory.byteSize(); i++) {
      if (memory.get(JAVA_BYTE, i) != 0) {
        return false;
      }
    }
    return true;
  }
}
