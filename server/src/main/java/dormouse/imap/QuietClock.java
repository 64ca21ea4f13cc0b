package dormouse.imap;

import dormouse.imap.sleep.StayReason;
import dormouse.imap.sleep.UserMailboxes;
import dormouse.session.Timer;
import java.time.Duration;
import java.time.Instant;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Says when an attached session has been quiet long enough to sleep, and makes a client that keeps waking wait ever longer.
///
/// Lives on the user's event loop.
final class QuietClock {
  private static final Duration RESTLESS = Duration.ofMinutes(5);
  private static final Duration LONGEST_DELAY = Duration.ofMinutes(10);
  private static final Duration TRY_AGAIN = Duration.ofSeconds(1);
  private static final int MAX_DOUBLINGS = 10;

  private final UserMailboxes home;
  private final Supplier<Duration> shortest;
  private final BooleanSupplier restful;
  private final Runnable sleep;
  private @Nullable Timer timer;
  private long dueAtMillis; // as the wheel counts
  private long lastActivityMillis;
  private Instant wokeAt = Instant.EPOCH;
  private int doublings;
  private boolean declined;

  /// @param shortest how long the session must be quiet, as it is now; `hibernate.after` or `hibernate.quiet-after`
  /// @param restful whether neither side is in the middle of anything
  /// @param sleep called when a restful session has been quiet long enough
  QuietClock(
      UserMailboxes home, Supplier<Duration> shortest, BooleanSupplier restful, Runnable sleep) {
    this.home = home;
    this.shortest = shortest;
    this.restful = restful;
    this.sleep = sleep;
    this.lastActivityMillis = home.wheel().millis();
  }

  /// What it remembers of a session that sleeps. Immutable.
  ///
  /// @param wokeAt when the session woke last
  record Rest(Instant wokeAt, int doublings) {}

  /// What must be kept of it while the session sleeps.
  Rest rest() {
    return new Rest(wokeAt, doublings);
  }

  /// Goes on where [#rest] was.
  void resume(Rest rest) {
    wokeAt = rest.wokeAt();
    doublings = rest.doublings();
  }

  /// Client or backend has said something.
  void touched() {
    lastActivityMillis = home.wheel().millis();
    declined = false;
  }

  /// Starts to wait, if the session is restful and not waiting yet.
  void consider() {
    if (declined || !restful.getAsBoolean()) {
      return;
    }
    Duration delay = delay();
    if (delay.isZero()) {
      stop();
      sleep.run();
      return;
    }
    long wantedMillis = home.wheel().millis() + delay.toMillis();
    if (timer == null
        || wantedMillis < dueAtMillis) { // the client has gone into IDLE, where less will do
      stop();
      waitFor(delay);
    }
  }

  private Duration delay() {
    Duration base = shortest.get();
    Duration longest = LONGEST_DELAY.compareTo(base) > 0 ? LONGEST_DELAY : base;
    Duration longer = base.multipliedBy(1L << doublings);
    return longer.compareTo(longest) < 0 ? longer : longest;
  }

  private void waitFor(Duration delay) {
    dueAtMillis = home.wheel().millis() + delay.toMillis();
    timer = home.wheel().after(delay, this::due);
  }

  private void due() {
    timer = null;
    if (declined || !restful.getAsBoolean()) {
      return;
    }
    Duration left = delay().minusMillis(home.wheel().millis() - lastActivityMillis);
    if (left.isPositive()) {
      waitFor(left);
      return;
    }
    sleep.run();
  }

  /// The session may not sleep. It is asked again when somebody has spoken, or after a while if the reason may pass by
  /// itself.
  void declined(StayReason reason) {
    stop();
    declined = true;
    if (reason == StayReason.SLOW_READER || reason == StayReason.SNAPSHOT_UNSETTLED) {
      Duration delay = delay();
      tryAgain(delay.compareTo(TRY_AGAIN) > 0 ? delay : TRY_AGAIN);
    } else if (reason == StayReason.KEPT_PER_USER || reason == StayReason.KEPT_HEAP) {
      tryAgain(LONGEST_DELAY); // most tries have the backend read the mailbox
    }
  }

  private void tryAgain(Duration delay) {
    timer =
        home.wheel()
            .after(
                delay,
                () -> {
                  declined = false;
                  due();
                });
  }

  /// The session is awake again. A client that wakes often shall not be put to sleep as often.
  void woke() {
    Instant now = home.clock().instant();
    boolean restless = wokeAt.plus(RESTLESS).isAfter(now);
    wokeAt = now;
    doublings = restless ? Math.min(doublings + 1, MAX_DOUBLINGS) : 0;
    touched();
  }

  void stop() {
    if (timer != null) {
      timer.cancel();
      timer = null;
    }
  }
}
