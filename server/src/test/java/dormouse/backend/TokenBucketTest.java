package dormouse.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class TokenBucketTest {
  private static final long NOW = 1_800_000_000_000L;

  private final TokenBucket bucket = new TokenBucket(200, 3, NOW);

  @Test
  void aBurstAndThenTheRate() {
    assertThat(taken(NOW)).isEqualTo(3);
    assertThat(bucket.untilNext()).isEqualTo(Duration.ofMillis(5));
    assertThat(taken(NOW + 4)).isZero();
    assertThat(bucket.untilNext()).isEqualTo(Duration.ofMillis(1));
    assertThat(taken(NOW + 5)).isEqualTo(1);
    assertThat(taken(NOW + 15)).isEqualTo(2);
  }

  @Test
  void aLongRestBringsNoMoreThanABurst() {
    assertThat(taken(NOW + 365L * 24 * 3_600_000)).isEqualTo(3);
  }

  @Test
  void aClockSetBackBringsNothingAndThenGoesOn() {
    assertThat(taken(NOW)).isEqualTo(3);
    assertThat(taken(NOW - 1_000_000)).isZero();
    assertThat(taken(NOW - 1_000_000 + 10)).isEqualTo(2);
  }

  private int taken(long at) {
    int taken = 0;
    while (bucket.take(at)) {
      taken++;
    }
    return taken;
  }
}
