package dormouse.session;

import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/// The clock that waits go by: it shows the time of day at which it began, and what has passed since. Whoever sets the machine's clock, back
/// or forward, makes no wait longer or shorter.
///
/// What is compared with what others have written down, as until when a certificate is good, goes by [#timeOfDay]. Immutable.
public final class SteadyClock implements InstantSource {
  private final InstantSource timeOfDay;
  private final LongSupplier nanos;
  private final long beganMillis;
  private final long beganNanos;

  /// Begins now.
  ///
  /// @param timeOfDay which may be set
  /// @param nanos how long it is since some moment of the past; never goes back
  public SteadyClock(InstantSource timeOfDay, LongSupplier nanos) {
    this.timeOfDay = timeOfDay;
    this.nanos = nanos;
    this.beganMillis = timeOfDay.millis();
    this.beganNanos = nanos.getAsLong();
  }

  /// The machine's, from now on.
  public static SteadyClock start() {
    return new SteadyClock(InstantSource.system(), System::nanoTime);
  }

  @Override
  public Instant instant() {
    return Instant.ofEpochMilli(beganMillis).plusNanos(passedNanos());
  }

  @Override
  public long millis() {
    return beganMillis + TimeUnit.NANOSECONDS.toMillis(passedNanos());
  }

  private long passedNanos() {
    return nanos.getAsLong() - beganNanos;
  }

  /// What the machine's clock shows.
  public InstantSource timeOfDay() {
    return timeOfDay;
  }
}
