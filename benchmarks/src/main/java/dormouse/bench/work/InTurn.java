package dormouse.bench.work;

import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/// Does one thing after the other, each when the last has ended, whatever became of it. Any thread.
final class InTurn {
  private CompletableFuture<?> last = CompletableFuture.completedFuture(null);

  /// Does this when all before it has ended; completes as it does.
  synchronized CompletableFuture<?> add(Supplier<CompletableFuture<?>> what) {
    CompletableFuture<?> turn = last.thenCompose(_ -> what.get());
    last = turn.exceptionally(_ -> null); // whoever does it tells what was wrong
    return turn;
  }

  /// Completes when all that was added so far has ended, well or not.
  synchronized CompletableFuture<?> ended() {
    return last;
  }
}
