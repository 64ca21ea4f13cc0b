package dormouse.bench.load;

import java.util.concurrent.TimeUnit;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/// Times that were measured, to three digits. Any thread.
public final class Latencies {
  private final Histogram nanos = new ConcurrentHistogram(TimeUnit.MINUTES.toNanos(5), 3);

  /// One that began then (`System.nanoTime()`) and ends now.
  public void since(long begin) {
    add(System.nanoTime() - begin);
  }

  /// One of so many nanoseconds.
  public void add(long took) {
    nanos.recordValue(Math.clamp(took, 0, nanos.getHighestTrackableValue()));
  }

  public long count() {
    return nanos.getTotalCount();
  }

  /// The time in milliseconds that so many percent of them did not exceed; 0 of none.
  public double millis(double percent) {
    return nanos.getValueAtPercentile(percent) / 1e6;
  }

  public void add(Latencies other) {
    nanos.add(other.nanos);
  }
}
