package dormouse.session;

import static java.time.Duration.ZERO;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TimerWheelTest {
  private final HandClock clock = new HandClock();
  private final TimerWheel wheel = new TimerWheel(clock);
  private final List<String> ran = new ArrayList<>();

  @Test
  void aTaskRunsOnceItsTimeHasComeAndNotBefore() {
    wheel.after(ofSeconds(2), () -> ran.add("late"));
    wheel.after(ofMillis(150), () -> ran.add("soon"));

    turn(ofMillis(149));
    assertThat(ran).isEmpty();
    turn(ofMillis(1));
    assertThat(ran).containsExactly("soon");
    turn(ofMillis(1849));
    assertThat(ran).containsExactly("soon");
    turn(ofMillis(1));
    assertThat(ran).containsExactly("soon", "late");
    turn(ofDays(1));
    assertThat(ran).containsExactly("soon", "late");
  }

  @Test
  void noDelayMeansTheNextAdvance() {
    wheel.after(ZERO, () -> ran.add("zero"));
    wheel.after(ofSeconds(-5), () -> ran.add("below"));
    assertThat(ran).isEmpty();

    wheel.advance();

    assertThat(ran).containsExactly("zero", "below");
  }

  @Test
  void aFractionOfAMillisecondRunsLateRatherThanEarly() {
    wheel.after(Duration.ofNanos(1), () -> ran.add("late"));

    wheel.advance();
    assertThat(ran).isEmpty();
    turn(ofMillis(1));
    assertThat(ran).containsExactly("late");
  }

  @Test
  void whatATaskAddsWaitsForTheNextAdvance() {
    wheel.after(ZERO, () -> wheel.after(ZERO, () -> ran.add("second")));

    wheel.advance();
    assertThat(ran).isEmpty();
    wheel.advance();
    assertThat(ran).containsExactly("second");
  }

  @Test
  void aCancelledTaskDoesNotRun() {
    var timer = wheel.after(ofSeconds(1), () -> ran.add("never"));
    wheel.after(ofSeconds(1), () -> ran.add("beside"));

    assertThat(timer.isWaiting()).isTrue();
    assertThat(timer.cancel()).isTrue();
    assertThat(timer.isWaiting()).isFalse();
    assertThat(timer.cancel()).isFalse();
    turn(ofSeconds(1));

    assertThat(ran).containsExactly("beside");
  }

  @Test
  void aTaskCancelsAnotherThatIsDueWithIt() {
    var timers = new ArrayList<Timer>();
    wheel.after(ofMillis(10), () -> timers.forEach(Timer::cancel));
    timers.add(wheel.after(ofMillis(20), () -> ran.add("never")));
    timers.add(wheel.after(ofDays(3), () -> ran.add("never")));
    wheel.after(ofMillis(30), () -> ran.add("after"));

    turn(ofDays(4));

    assertThat(ran).containsExactly("after");
  }

  @Test
  void aTimerThatRanIsNoLongerWaiting() {
    var timer = wheel.after(ZERO, () -> ran.add("once"));

    wheel.advance();

    assertThat(timer.isWaiting()).isFalse();
    assertThat(timer.cancel()).isFalse();
  }

  @Test
  void aTaskThatThrowsDoesNotStopTheOthers() {
    wheel.after(
        ofMillis(1),
        () -> {
          throw new IllegalStateException("meant to fail");
        });
    wheel.after(
        ofMillis(2),
        () -> {
          throw new AssertionError("meant to fail");
        });
    wheel.after(ofMillis(3), () -> ran.add("after"));

    turn(ofSeconds(1));
    assertThat(ran).containsExactly("after");
    wheel.after(ZERO, () -> ran.add("later"));
    wheel.advance();
    assertThat(ran).containsExactly("after", "later");
  }

  @Test
  void aTaskMayNotAdvanceItsOwnWheel() {
    wheel.after(
        ZERO,
        () -> {
          assertThatThrownBy(wheel::advance).isInstanceOf(IllegalStateException.class);
          ran.add("refused");
        });

    wheel.advance();

    assertThat(ran).containsExactly("refused");
  }

  @Test
  void aClockSetBackStopsNothing() {
    wheel.after(ofSeconds(10), () -> ran.add("ten"));
    turn(ofSeconds(4));
    turn(ofDays(-2));
    wheel.after(ofSeconds(3), () -> ran.add("three"));

    turn(ofSeconds(3));
    assertThat(ran).containsExactly("three");
    turn(ofSeconds(2));
    assertThat(ran).containsExactly("three");
    turn(ofSeconds(1));
    assertThat(ran).containsExactly("three", "ten");
  }

  @Test
  void aJumpOfTheClockRunsAllInTheOrderOfTheirDeadlines() {
    var random = new Random(40);
    var deadlines = new ArrayList<Integer>();
    var order = new ArrayList<Integer>();
    for (int i = 0; i < 5000; i++) {
      int millis = random.nextInt(200_000);
      deadlines.add(millis);
      wheel.after(ofMillis(millis), () -> order.add(millis));
    }

    turn(ofDays(30));

    deadlines.sort(Comparator.naturalOrder());
    assertThat(order).isEqualTo(deadlines);
  }

  @Test
  void tasksOfOneDeadlineRunInTheOrderTheyWereAdded() {
    for (int i = 0; i < 100; i++) {
      String name = "" + i;
      wheel.after(ofMillis(50 + 7 * (i % 2)), () -> ran.add(name));
    }

    turn(ofMillis(99));

    assertThat(ran.subList(0, 50)).allMatch(name -> Integer.parseInt(name) % 2 == 0);
    assertThat(ran.stream().mapToInt(Integer::parseInt).limit(50)).isSorted();
    assertThat(ran.stream().mapToInt(Integer::parseInt).skip(50)).isSorted();
  }

  @Test
  void aVeryLongDelayIsNoTrouble() {
    var timer = wheel.after(ofSeconds(Long.MAX_VALUE), () -> ran.add("never"));

    turn(ofDays(365));

    assertThat(timer.isWaiting()).isTrue();
  }

  /// The reference keeps its timers in a list and looks at all of them.
  @Test
  void theWheelDoesWhatAListOfTimersDoes() {
    var random = new Random(41);
    var model = new ArrayList<Waiting>();
    var expected = new ArrayList<Integer>();
    var actual = new ArrayList<Integer>();
    for (int step = 0; step < 20_000; step++) {
      switch (random.nextInt(4)) {
        case 0, 1 -> {
          int id = step;
          long delay = random.nextInt(1 << random.nextInt(18));
          var timer = wheel.after(ofMillis(delay), () -> actual.add(id));
          model.add(new Waiting(clock.millis() + delay, id, timer));
        }
        case 2 -> {
          if (!model.isEmpty()) {
            assertThat(model.remove(random.nextInt(model.size())).timer().cancel()).isTrue();
          }
        }
        default -> {
          clock.turn(
              ofMillis(random.nextInt(1 << random.nextInt(random.nextInt(20) == 0 ? 18 : 9))));
          model.stream()
              .filter(waiting -> waiting.due() <= clock.millis())
              .sorted(Comparator.comparingLong(Waiting::due).thenComparingInt(Waiting::id))
              .forEach(waiting -> expected.add(waiting.id()));
          model.removeIf(waiting -> waiting.due() <= clock.millis());
          wheel.advance();
          assertThat(actual).isEqualTo(expected);
          expected.clear();
          actual.clear();
        }
      }
    }
    assertThat(model).allMatch(waiting -> waiting.timer().isWaiting());
  }

  @Test
  void advancingAllocatesNothing() {
    var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    for (int i = 0; i < 20_000; i++) {
      wheel.after(ofMillis(i * 10L), () -> {});
    }
    advanceFor(ofSeconds(100));

    long before = threads.getCurrentThreadAllocatedBytes();
    advanceFor(ofSeconds(90));
    long allocated = threads.getCurrentThreadAllocatedBytes() - before;

    assertThat(allocated).isLessThan(9000); // 9,000 timers ran
  }

  private void advanceFor(Duration duration) {
    for (long left = duration.toMillis(); left > 0; left -= 100) {
      clock.turn(TimerWheel.TICK);
      wheel.advance();
    }
  }

  private void turn(Duration by) {
    clock.turn(by);
    wheel.advance();
  }

  private record Waiting(long due, int id, Timer timer) {}
}
