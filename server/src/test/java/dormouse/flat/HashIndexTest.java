package dormouse.flat;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@EnabledOnOs(OS.LINUX)
class HashIndexTest {
  private static final int CAPACITY = 2000;

  private final Cells cells;
  private final HashIndex index;

  HashIndexTest() throws IOException {
    cells = new Cells(16, CAPACITY);
    index = new HashIndex(cells, 4, 8);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 50, Integer.MAX_VALUE})
  void itFindsWhatAMapWouldFind(int hashes) {
    itFindsWhatAMapWouldFind(index, hashes);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 50, Integer.MAX_VALUE})
  void itDoesSoWithAWayBack(int hashes) throws IOException {
    itFindsWhatAMapWouldFind(new HashIndex(cells, 4, 8, 12), hashes);
  }

  /// Against a map, with a seed that a failure names.
  private void itFindsWhatAMapWouldFind(HashIndex index, int hashes) {
    long seed = Long.getLong("dormouse.seed", System.nanoTime());
    Random random = new Random(seed);
    Map<Integer, Set<Integer>> model = new HashMap<>();
    List<int[]> all = new ArrayList<>();
    int aim = CAPACITY;
    for (int step = 0; step < 20_000; step++) {
      if (step % 4000 == 3999) {
        aim = random.nextInt(CAPACITY);
      }
      if (all.isEmpty() || (all.size() < aim && random.nextInt(4) > 0)) {
        int hash = random.nextInt(hashes) - hashes / 2;
        int cell = cells.take();
        index.add(cell, hash);
        all.add(new int[] {cell, hash});
        model.computeIfAbsent(hash, _ -> new HashSet<>()).add(cell);
      } else {
        int[] gone = all.remove(random.nextInt(all.size()));
        index.remove(gone[0]);
        cells.free(gone[0]);
        model.computeIfPresent(gone[1], (_, there) -> there.remove(gone[0]) ? there : null);
      }
      int hash = all.isEmpty() ? 0 : all.get(random.nextInt(all.size()))[1];
      if (hashes > 1 || step % 100 == 0) {
        assertThat(found(index, hash))
            .as("seed %d step %d", seed, step)
            .isEqualTo(model.getOrDefault(hash, Set.of()));
      }
      assertThat(index.size()).isEqualTo(all.size());
    }
    all.forEach(one -> assertThat(found(index, one[1])).as("seed %d", seed).contains(one[0]));
  }

  private static Set<Integer> found(HashIndex index, int hash) {
    Set<Integer> found = new HashSet<>();
    for (int cell = index.find(hash); cell != Cells.NONE; cell = index.findNext(cell)) {
      assertThat(found.add(cell)).isTrue();
    }
    return found;
  }

  @Test
  void whoLooksThroughTheBucketsMissesNothing() {
    List<Integer> there = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      int cell = cells.take();
      index.add(cell, i);
      there.add(cell);
    }
    Set<Integer> seen = new HashSet<>();
    for (int bucket = 0; bucket < index.buckets(); bucket++) {
      for (int cell = index.firstIn(bucket); cell != Cells.NONE; cell = index.nextIn(cell)) {
        seen.add(cell);
      }
      if (cells.size() < CAPACITY) { // it grows meanwhile
        index.add(cells.take(), -bucket);
      }
    }
    assertThat(seen).containsAll(there);
  }
}
