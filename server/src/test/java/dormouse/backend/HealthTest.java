package dormouse.backend;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.config.HealthSettings;
import dormouse.ops.Metrics;
import org.junit.jupiter.api.Test;

final class HealthTest {
  private final Metrics metrics = new Metrics();
  private final Health health = new Health("mx", "mx:143", HealthSettings.DEFAULT, metrics);

  @Test
  void threeFailuresInARowAreDownAndTwoSuccessesUp() {
    assertThat(health.isUp()).isTrue();
    fail(2);
    assertThat(health.isUp()).isTrue();
    fail(1);
    assertThat(health.isUp()).isFalse();
    assertThat(metrics.scrape()).contains("dormouse_backend_up{backend=\"mx\"} 0.0");
    health.succeeded();
    assertThat(health.isUp()).isFalse();
    health.succeeded();
    assertThat(health.isUp()).isTrue();
    assertThat(metrics.scrape())
        .contains("dormouse_backend_up{backend=\"mx\"} 1.0")
        .contains("dormouse_backend_failures_total{backend=\"mx\"} 3.0");
  }

  @Test
  void aSuccessForgetsTheFailuresBeforeItAndTheOtherWayRound() {
    fail(2);
    health.succeeded();
    fail(2);
    assertThat(health.isUp()).isTrue();
    fail(1);
    health.succeeded();
    fail(1);
    health.succeeded();
    assertThat(health.isUp()).isFalse();
    health.succeeded();
    assertThat(health.isUp()).isTrue();
  }

  @Test
  void anotherAddressOfTheSameEntryHasAHealthOfItsOwn() {
    metrics.backendUp("mx", true);
    Health other = health.at("other:143");
    for (int i = 0; i < 3; i++) {
      other.failed("slow");
    }
    assertThat(other.isUp()).isFalse();
    assertThat(health.isUp()).isTrue();
    assertThat(metrics.scrape()).contains("dormouse_backend_up{backend=\"mx\"} 1.0");
  }

  private void fail(int times) {
    for (int i = 0; i < times; i++) {
      health.failed("unreachable");
    }
  }
}
