package dormouse.park;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CapacityTest {
  private static final long PLENTY = 1L << 40;

  @Test
  void theSmallestLimitIsMetFirst() {
    assertThat(new Capacity(20_000, PLENTY, PLENTY).firstMet()).isEqualTo("descriptors");
    assertThat(new Capacity(20_000, PLENTY, PLENTY).sessions()).isEqualTo(19_800);
    assertThat(new Capacity(PLENTY, 5_000, PLENTY).firstMet()).isEqualTo("epoll-watches");
    assertThat(new Capacity(PLENTY, PLENTY, 1L << 30).firstMet()).isEqualTo("memory");
    assertThat(new Capacity(PLENTY, PLENTY, 1L << 30).sessions()).isBetween(100_000L, 250_000L);
  }

  @Test
  void thisMachineHasRoom() {
    assertThat(Capacity.here().sessions()).isPositive();
  }
}
