package dormouse.imap.sleep;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.ops.Metrics;
import org.junit.jupiter.api.Test;

class KeptBytesTest {
  private final Metrics metrics = new Metrics();
  private final KeptBytes kept = new KeptBytes(1000, metrics);

  @Test
  void thereIsRoomUpToItsShareOfTheHeap() {
    kept.add(400);
    assertThat(kept.roomFor(100, 50)).isTrue();
    assertThat(kept.roomFor(101, 50)).isFalse();
    assertThat(kept.roomFor(101, 60)).isTrue();
  }

  @Test
  void whatIsGivenBackIsRoomAgain() {
    kept.add(500);
    assertThat(kept.roomFor(1, 50)).isFalse();
    kept.add(-200);
    assertThat(kept.roomFor(200, 50)).isTrue();
  }

  @Test
  void metricsSayTheSame() {
    kept.add(400);
    kept.add(-100);
    assertThat(metrics.scrape()).contains("\ndormouse_kept_bytes 300.0\n");
  }
}
