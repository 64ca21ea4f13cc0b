package dormouse.bench.load;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntFunction;

/// So many at a time: each begins again as soon as it has ended. That tells how much a stack does, not how long who comes
/// unasked must wait: for that, [OpenLoop]. Any thread.
public final class ClosedLoop {
  private static final long PATIENCE_SECONDS = 60;

  private final IntFunction<CompletableFuture<?>> step;
  private final Faults faults;
  private final Latencies latencies;
  private final AtomicLong left; // to begin
  private final long deadline;
  private final AtomicLong ended = new AtomicLong();

  private ClosedLoop(
      IntFunction<CompletableFuture<?>> step,
      Faults faults,
      Latencies latencies,
      long most,
      Duration atMost) {
    this.step = step;
    this.faults = faults;
    this.latencies = latencies;
    this.left = new AtomicLong(most);
    this.deadline = System.nanoTime() + atMost.toNanos();
  }

  /// What came of it.
  ///
  /// @param count how many ended
  /// @param seconds all of them together took
  public record Outcome(long count, double seconds) {
    public double perSecond() {
      return count / seconds;
    }
  }

  /// Runs until so many have begun, or the time is over, and all have ended.
  ///
  /// @param step begins one, of the so-many-th of those at a time
  public static Outcome run(
      int atOnce,
      long most,
      Duration atMost,
      Faults faults,
      Latencies latencies,
      IntFunction<CompletableFuture<?>> step) {
    ClosedLoop loop = new ClosedLoop(step, faults, latencies, most, atMost);
    long begin = System.nanoTime();
    CompletableFuture<?>[] all = new CompletableFuture<?>[atOnce];
    for (int i = 0; i < atOnce; i++) {
      all[i] = new CompletableFuture<Void>();
      loop.next(i, all[i]);
    }
    try {
      CompletableFuture.allOf(all)
          .orTimeout(atMost.toSeconds() + PATIENCE_SECONDS, TimeUnit.SECONDS)
          .join();
    } catch (RuntimeException e) {
      faults.add(e);
    }
    return new Outcome(loop.ended.get(), (System.nanoTime() - begin) / 1e9);
  }

  private void next(int which, CompletableFuture<?> all) {
    if (left.getAndDecrement() <= 0 || System.nanoTime() - deadline > 0) {
      all.complete(null);
      return;
    }
    long begin = System.nanoTime();
    step.apply(which)
        .whenComplete((_, failure) -> {
          if (failure == null) {
            latencies.since(begin);
            ended.incrementAndGet();
            next(which, all);
          } else {
            faults.add(failure);
            all.complete(null);
          }
        });
  }
}
