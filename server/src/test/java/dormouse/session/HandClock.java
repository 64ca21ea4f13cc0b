package dormouse.session;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;

/// A clock that moves when a test turns it, and jumps when one sets it.
public final class HandClock implements InstantSource {
  private long millis = 1_800_000_000_000L;
  private long passedMillis;
  private final SteadyClock steady =
      new SteadyClock(this, () -> TimeUnit.MILLISECONDS.toNanos(passedMillis));

  @Override
  public Instant instant() {
    return Instant.ofEpochMilli(millis);
  }

  @Override
  public long millis() {
    return millis;
  }

  /// Turns the clock, backward if `by` is below zero.
  public void turn(Duration by) {
    millis += by.toMillis();
    passedMillis += by.toMillis();
  }

  /// Somebody sets the clock, back if `by` is below zero: no time passes.
  public void set(Duration by) {
    millis += by.toMillis();
  }

  /// By which the waits of its machine go.
  public SteadyClock steady() {
    return steady;
  }
}
