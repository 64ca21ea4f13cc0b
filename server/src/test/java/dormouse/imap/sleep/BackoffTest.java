package dormouse.imap.sleep;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class BackoffTest {
  private final Backoff backoff = new Backoff(Duration.ofSeconds(1));

  @Test
  void eachDelayIsAboutTwiceTheLastUpToTheLimit() {
    for (int millis : new int[] {100, 200, 400, 800, 1000, 1000}) {
      assertAbout(millis, backoff.next());
    }
  }

  @Test
  void aDelayCanBeCutShort() {
    backoff.next();
    backoff.next();
    assertAbout(150, backoff.next(Duration.ofMillis(150)));
    assertAbout(800, backoff.next());
  }

  @Test
  void itBeginsAnew() {
    backoff.next();
    backoff.next();
    backoff.reset();
    assertAbout(100, backoff.next());
  }

  private static void assertAbout(int millis, Duration delay) {
    assertThat(delay.toMillis()).isBetween(millis * 8L / 10, millis * 12L / 10);
  }
}
