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
  void whatIsGivenBackALittleLaterIsNotInWhatOthersAreComparedWith() {
    Iterator<Long> looks =
        List.of(99 * MIB, 99 * MIB, 96 * MIB, 96 * MIB, 96 * MIB + 100).iterator();
    assertThat(Held.steady(() -> front(looks.next()), () -> {}, 3, 7))
        .isEqualTo(new Held.Steady(front(96 * MIB + 100), 0));
  }

  @Test
  void whatCreepsIsNotTheSame() {
    AtomicLong now = new AtomicLong();
    Held.Steady steady = Held.steady(() -> front(now.addAndGet(40 << 10)), () -> {}, 4, 7);
    assertThat(steady).isEqualTo(new Held.Steady(front(7 * (40 << 10)), 80 << 10));
  }

  @Test
  void whatIsTheSameInAllIsSteady() {
    Iterator<Held> looks = List.of(new Held(5, 3, 0, 1), new Held(3, 5, 9, 2)).iterator();
    assertThat(Held.steady(looks::next, () -> {}, 2, 7).changedBytes()).isZero();
  }

  private static Held front(long bytes) {
    return new Held(bytes, 0, 0, 1);
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
