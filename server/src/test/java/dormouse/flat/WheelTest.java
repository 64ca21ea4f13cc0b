package dormouse.flat;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class WheelTest {
  private final Cells cells;
  private final Wheel wheel;

  WheelTest() throws IOException {
    cells = new Cells(16, 200);
    wheel = new Wheel(cells, 4);
  }

  /// Against a map, with a seed that a failure names.
  @Test
  void whoeverWaitsIsToldOnceWhenTheTimeHasCome() {
    long seed = Long.getLong("dormouse.seed", System.nanoTime());
    Random random = new Random(seed);
    List<Integer> all = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      all.add(cells.take());
    }
    Map<Integer, Integer> model = new HashMap<>();
    int now = 0;
    for (int step = 0; step < 20_000; step++) {
      String where = "seed " + seed + " step " + step;
      int cell = all.get(random.nextInt(all.size()));
      switch (random.nextInt(8)) {
        case 0 -> {
          wheel.cancel(cell);
          model.remove(cell);
        }
        case 1 -> {
          now += random.nextInt(10) == 0 ? random.nextInt(40_000) : random.nextInt(100);
          int at = now;
          Set<Integer> due = new TreeSet<>();
          model.forEach((one, tick) -> {
            if (tick <= at) {
              due.add(one);
            }
          });
          model.keySet().removeAll(due);
          List<Integer> told = new ArrayList<>();
          wheel.advance(at, told::add);
          assertThat(told).as(where).containsExactlyInAnyOrderElementsOf(due);
        }
        default -> {
          int tick = now + random.nextInt(random.nextBoolean() ? 100 : 100_000) - 10;
          wheel.set(cell, tick);
          model.put(cell, tick);
        }
      }
      assertThat(wheel.isWaiting(cell)).as(where).isEqualTo(model.containsKey(cell));
      assertThat(wheel.size()).as(where).isEqualTo(model.size());
    }
  }

  @Test
  void whoeverIsCancelledOrSetByAnotherMeanwhileIsNotTold() {
    int one = cells.take();
    int other = cells.take();
    int third = cells.take();
    for (int cell : List.of(one, other, third)) {
      wheel.set(cell, 5);
    }
    List<Integer> told = new ArrayList<>();
    wheel.advance(
        7,
        cell -> {
          told.add(cell);
          List.of(one, other, third).forEach(wheel::cancel);
          wheel.set(cell, 6); // is due again, the next time
        });
    assertThat(told).hasSize(1);
    assertThat(wheel.size()).isEqualTo(1);
    List<Integer> again = new ArrayList<>();
    wheel.advance(7, again::add);
    assertThat(again).isEqualTo(told);
    assertThat(Objects.requireNonNull(again.getFirst())).isIn(one, other, third);
    assertThat(wheel.size()).isZero();
  }
}
