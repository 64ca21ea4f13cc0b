package dormouse.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SteadyClockTest {
  private final HandClock machine = new HandClock();
  private final SteadyClock clock = machine.steady();

  @Test
  void itBeginsWithTheTimeOfDayAndGoesWithIt() {
    assertThat(clock.instant()).isEqualTo(machine.instant());
    machine.turn(Duration.ofDays(40));
    assertThat(clock.instant()).isEqualTo(machine.instant());
    assertThat(clock.millis()).isEqualTo(machine.millis());
  }

  @ParameterizedTest
  @ValueSource(strings = {"-PT1H", "PT1H"})
  void whoSetsTheMachinesClockDoesNotSetIt(Duration by) {
    Instant before = clock.instant();
    machine.set(by);
    machine.turn(Duration.ofMillis(1500));
    assertThat(clock.instant()).isEqualTo(before.plusMillis(1500));
    assertThat(clock.millis()).isEqualTo(before.plusMillis(1500).toEpochMilli());
    assertThat(clock.timeOfDay().instant()).isEqualTo(before.plusMillis(1500).plus(by));
  }

  @Test
  void bothItsReadingsAreOfTheSameMillisecond() {
    SteadyClock between = new SteadyClock(() -> Instant.ofEpochSecond(7, 999_999), () -> 1);
    assertThat(between.instant().toEpochMilli()).isEqualTo(between.millis());
  }

  @Test
  void theMachinesGoesByItself() {
    SteadyClock real = SteadyClock.start();
    Instant before = real.instant();
    assertThat(Duration.between(before, Instant.now()).abs()).isLessThan(Duration.ofMinutes(1));
    assertThat(real.instant()).isAfterOrEqualTo(before);
  }
}
