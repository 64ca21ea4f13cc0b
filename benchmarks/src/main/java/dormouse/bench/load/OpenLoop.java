package dormouse.bench.load;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// So many a second, whatever becomes of those before. Each counts from when it was to begin: who is late because
/// those before are slow has waited, too. Any thread.
public final class OpenLoop {
  private OpenLoop() {}

  /// Begins one.
  public interface Step {
    /// @param which counts from 0
    /// @param since when it was to begin (`System.nanoTime()`)
    CompletableFuture<?> begin(int which, long since);
  }

  /// Returns when all have ended.
  ///
  /// @param patienceSeconds for those that are late, once the last has begun
  public static void run(
      int count, double perSecond, int patienceSeconds, Faults faults, Step step) {
    long begin = System.nanoTime();
    List<CompletableFuture<?>> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      long due = begin + (long) (i * 1e9 / perSecond);
      for (long early = due - System.nanoTime(); early > 0; early = due - System.nanoTime()) {
        LockSupport.parkNanos(early);
      }
      all.add(step.begin(i, due));
    }
    try {
      CompletableFuture.allOf(all.toArray(CompletableFuture[]::new))
          .orTimeout(patienceSeconds, TimeUnit.SECONDS)
          .join();
    } catch (RuntimeException e) {
      faults.add(e);
    }
  }
}
