package dormouse.flat;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@EnabledOnOs(OS.LINUX)
class RecordsTest {
  private static final int CAPACITY = 300;
  private static final int NUMBERS = 10;

  private final Records records = records();

  private static Records records() {
    try {
      return new Records(NUMBERS, CAPACITY);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  static IntStream lengths() {
    return IntStream.rangeClosed(0, 400);
  }

  @ParameterizedTest
  @MethodSource("lengths")
  void itKeepsAnyLength(int length) {
    byte[] bytes = bytes(length, new Random(length));
    int record = records.add(bytes);
    assertThat(records.bytes(record)).isEqualTo(bytes);
    assertThat(records.size()).isEqualTo(records.bytesOf(length));
    for (int part = 0; part <= length; part++) {
      byte[] beginning = Arrays.copyOf(bytes, part);
      assertThat(records.bytes(record, part)).isEqualTo(beginning);
      assertThat(records.beginsWith(record, beginning)).isTrue();
      if (part > 0) {
        beginning[part - 1]++;
        assertThat(records.beginsWith(record, beginning)).isFalse();
      }
    }
    assertThat(records.beginsWith(record, Arrays.copyOf(bytes, length + 1))).isFalse();
    records.remove(record);
    assertThat(records.size()).isZero();
  }

  /// Against a map, with a seed that a failure names.
  @Test
  void itHoldsWhatAMapWouldHold() {
    long seed = Long.getLong("dormouse.seed", System.nanoTime());
    Random random = new Random(seed);
    Map<Integer, byte[]> model = new HashMap<>();
    for (int step = 0; step < 20_000; step++) {
      String where = "seed " + seed + " step " + step;
      int what = random.nextInt(5);
      if (what < 2 || model.isEmpty()) {
        byte[] bytes = bytes(random.nextInt(1000), random);
        int record = records.add(bytes);
        boolean fits = taken(model) + records.bytesOf(bytes.length) <= CAPACITY * 128L;
        assertThat(record != Cells.NONE).as(where).isEqualTo(fits);
        if (fits) {
          for (int i = 0; i < NUMBERS; i++) {
            assertThat(records.cells().get(record, Records.AT_NUMBERS + i * 4)).as(where).isZero();
            records.cells().set(record, Records.AT_NUMBERS + i * 4, record ^ i);
          }
          assertThat(model.put(record, bytes)).as(where).isNull();
        }
      } else {
        List<Integer> all = new ArrayList<>(model.keySet());
        int record = all.get(random.nextInt(all.size()));
        byte[] bytes = Objects.requireNonNull(model.get(record));
        assertThat(records.bytes(record)).as(where).isEqualTo(bytes);
        for (int i = 0; i < NUMBERS; i++) {
          assertThat(records.cells().get(record, Records.AT_NUMBERS + i * 4))
              .as(where)
              .isEqualTo(record ^ i);
        }
        if (what == 2) {
          byte[] other = bytes(random.nextInt(bytes.length + 1), random);
          records.write(record, other, other.length);
          System.arraycopy(other, 0, bytes, 0, other.length);
        } else {
          records.remove(record);
          model.remove(record);
        }
      }
      assertThat(records.size()).as(where).isEqualTo(taken(model));
    }
    List.copyOf(model.keySet()).forEach(records::remove);
    for (int cell = 0; cell < CAPACITY; cell++) {
      for (long at = 4; at < Records.CELL_BYTES; at++) {
        assertThat(records.cells().all(cell).get(JAVA_BYTE, at)).as("seed %d", seed).isZero();
      }
    }
  }

  private long taken(Map<Integer, byte[]> model) {
    return model.values().stream().mapToLong(bytes -> records.bytesOf(bytes.length)).sum();
  }

  private static byte[] bytes(int length, Random random) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    for (int i = 0; i < length; i++) {
      bytes[i] |= 1; // none is 0
    }
    return bytes;
  }
}
