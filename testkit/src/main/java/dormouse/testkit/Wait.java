package dormouse.testkit;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/// Waits for conditions that nobody announces, by looking every few milliseconds. Any thread.
public final class Wait {
  private static final long LOOK_EVERY_NANOS = 5_000_000;

  private Wait() {}

  /// Returns as soon as the condition holds; an [AssertionError] names `what` if it does not in time.
  public static void until(String what, Duration within, BooleanSupplier condition) {
    long deadline = System.nanoTime() + within.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - deadline > 0) {
        throw new AssertionError("not within " + within.toMillis() + " ms: " + what);
      }
      LockSupport.parkNanos(LOOK_EVERY_NANOS);
    }
  }
}
