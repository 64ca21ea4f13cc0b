package dormouse.bench.stack;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
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
}
