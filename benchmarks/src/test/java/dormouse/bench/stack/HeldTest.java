package dormouse.bench.stack;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class HeldTest {
  private static final long MIB = 1 << 20;

  @Test
  void whatIsStillToBeGivenBackDoesNotCount() {
    Iterator<Long> looks = List.of(7 * MIB, 6 * MIB, 5 * MIB, 5 * MIB + 100, 9 * MIB).iterator();
    assertThat(Held.settled(looks::next, () -> {})).isEqualTo(5 * MIB + 100);
  }

  @Test
  void whatNeverSettlesIsTakenAsItIs() {
    AtomicInteger looks = new AtomicInteger();
    assertThat(Held.settled(() -> looks.incrementAndGet() * MIB, () -> {}))
        .isEqualTo(looks.get() * MIB);
  }

  @Test
  void roomInAHeapIsThatOfTheMomentInWhichItIsLookedAt() {
    AtomicLong room = new AtomicLong(2 * MIB);
    Held held =
        Held.without(
            room::get,
            () -> {
              room.addAndGet(MIB); // it grows meanwhile
              return new Held(10 * MIB, 4, 3, 1);
            });
    assertThat(held).isEqualTo(new Held(10 * MIB - 5 * MIB / 2, 4, 3, 1));
  }
}
