package dormouse.imap;

import dormouse.imap.sleep.StayReason;
import dormouse.imap.sleep.UserMailboxes;
import dormouse.session.Timer;
import java.time.Duration;
import java.time.Instant;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// Says when an attached session has been quiet long enough to sleep: after `hibernate.after`, and after ever longer for a
/// client that keeps waking.
///
/// Lives on the user's event loop.
final class QuietClock {
  private static final Duration RESTLESS = Duration.ofMinutes(5);
  private static final Duration LONGEST_DELAY = Duration.ofMinutes(10);
  private static final Duration TRY_AGAIN = Duration.ofSeconds(1);

  private final UserMailboxes home;
  private final BooleanSupplier restful;
  private final Runnable sleep;
  private @Nullable Timer timer;
  private Instant lastActivity;
  private Instant wokeAt = Instant.EPOCH;
  private Duration delay;
  private boolean declined;

  /// @param restful whether neither side is in the middle of anything
  /// @param sleep called when a restful session has been quiet long enough
  QuietClock(UserMailboxes home, BooleanSupplier restful, Runnable sleep) {
    this.home = home;
    this.restful = restful;
    this.sleep = sleep;
    this.delay = home.settings().after();
    this.lastActivity = home.clock().instant();
  }

  /// Client or backend has said something.
  void touched() {
    lastActivity = home.clock().instant();
    declined = false;
  }

  /// Starts to wait, if the session is restful and not waiting yet.
  void consider() {
    if (timer != null || declined || !restful.getAsBoolean()) {
      return;
    }
    if (delay.isZero()) {
      sleep.run();
      return;
    }
    timer = home.wheel().after(delay, this::due);
  }

  private void due() {
    timer = null;
    if (declined || !restful.getAsBoolean()) {
      return;
    }
    Duration silence = Duration.between(lastActivity, home.clock().instant());
    if (silence.compareTo(delay) < 0) {
      timer = home.wheel().after(delay.minus(silence), this::due);
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
      Duration later = delay.compareTo(TRY_AGAIN) > 0 ? delay : TRY_AGAIN;
      timer =
          home.wheel()
              .after(
                  later,
                  () -> {
                    declined = false;
                    due();
                  });
    }
  }

  /// The session is awake again. A client that wakes often shall not be put to sleep as often.
  void woke() {
    Instant now = home.clock().instant();
    Duration shortest = home.settings().after();
    Duration longest = LONGEST_DELAY.compareTo(shortest) > 0 ? LONGEST_DELAY : shortest;
    Duration doubled = delay.multipliedBy(2);
    boolean restless = wokeAt.plus(RESTLESS).isAfter(now);
    wokeAt = now;
    if (!restless) {
      delay = shortest;
    } else {
      delay = doubled.compareTo(longest) < 0 ? doubled : longest;
    }
    touched();
  }

  void stop() {
    if (timer != null) {
      timer.cancel();
      timer = null;
    }
  }
}
