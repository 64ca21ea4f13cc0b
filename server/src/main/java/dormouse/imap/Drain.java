package dormouse.imap;

import dormouse.ops.EventLog;
import dormouse.session.TimerWheel;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// The time in which all sessions end when Dormouse stops. It runs from the word to stop, however long a loop is busy with others then.
///
/// Any thread, but for what says otherwise.
final class Drain {
  /// What everybody is told.
  static final String BYE = "Server shutting down.";

  /// How long what is said last may take, of the time in which all must end.
  private static final Duration MOST_LAST_WORDS = Duration.ofSeconds(1);

  /// The wheel may turn for it one tick late, and it takes a moment.
  private static final Duration LEAST_LAST_WORDS = TimerWheel.TICK.multipliedBy(2);

  private static final EventLog LOG = EventLog.of(Drain.class);

  private final InstantSource clock;
  private final Duration within;
  private final Instant patientUntil;
  private final CountDownLatch gone = new CountDownLatch(1);

  /// Begins.
  ///
  /// @param within how long all may take; who is not done shortly before its end is not waited for
  Drain(Duration within, InstantSource clock) {
    this.clock = clock;
    this.within = within;
    this.patientUntil = clock.instant().plus(within).minus(lastWords(within));
  }

  /// A tenth, between the least and the most; all of a time that is shorter.
  private static Duration lastWords(Duration within) {
    long allMillis = within.toMillis();
    long lastMillis =
        Math.clamp(allMillis / 10, LEAST_LAST_WORDS.toMillis(), MOST_LAST_WORDS.toMillis());
    return Duration.ofMillis(Math.min(lastMillis, allMillis));
  }

  /// Ends the sessions of a loop, on which this is called.
  ///
  /// @param wheel of the loop
  /// @param goodbyes has each end as soon as it is done
  /// @param now ends those that are left
  void of(TimerWheel wheel, Runnable goodbyes, Runnable now) {
    wheel.after(left(), now);
    goodbyes.run();
    if (isNearlyOver()) {
      now.run(); // the wheel may turn when all is over
    }
  }

  /// Whether nobody is waited for any more who is not done.
  boolean isNearlyOver() {
    return !left().isPositive();
  }

  private Duration left() {
    return Duration.between(clock.instant(), patientUntil);
  }

  /// Ends each of them, also when one cannot be ended.
  static <T> void each(Stream<T> all, Consumer<T> end) {
    all.forEach(one -> {
      try {
        end.accept(one);
      } catch (RuntimeException | AssertionError bug) {
        LOG.error(bug, "bug", "in", "stop");
      }
    });
  }

  /// The last client has gone.
  void over() {
    gone.countDown();
  }

  /// Waits until that is so, and no longer than it may take; returns whether it is.
  boolean await() throws InterruptedException {
    return gone.await(within.toMillis(), TimeUnit.MILLISECONDS);
  }
}
