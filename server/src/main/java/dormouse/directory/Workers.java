package dormouse.directory;

import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/// Where links do what blocks or takes long: on virtual threads, so many at a time, so many waiting. What finds no place, or has
/// waited for too long, fails with [Crowded]: so those who guess passwords hold nobody up for longer than that. Any thread.
public final class Workers implements AutoCloseable {
  /// There is no place to wait, or the wait took too long; nothing is broken.
  public static final class Crowded extends RuntimeException {
    private static final long serialVersionUID = 1;

    public Crowded() {
      super("too many wait for their turn");
    }
  }

  private static final int WAITING = 1000;

  private final Duration patience;
  private final InstantSource clock;
  private final ThreadPoolExecutor threads;

  /// @param name of its threads
  /// @param atATime at least 1
  /// @param patience how long a piece of work may wait
  public Workers(String name, int atATime, Duration patience, InstantSource clock) {
    this.patience = patience;
    this.clock = clock;
    threads =
        new ThreadPoolExecutor(
            atATime,
            atATime,
            10,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(WAITING),
            Thread.ofVirtual().name(name).factory());
    threads.allowCoreThreadTimeOut(true);
  }

  /// Does it, unless the future is cancelled before its turn.
  public <T> CompletableFuture<T> run(Callable<T> work) {
    CompletableFuture<T> done = new CompletableFuture<>();
    long sinceMillis = clock.millis();
    try {
      threads.execute(() -> run(work, done, sinceMillis));
    } catch (RejectedExecutionException _) {
      done.completeExceptionally(new Crowded());
    }
    return done;
  }

  private <T> void run(Callable<T> work, CompletableFuture<T> done, long sinceMillis) {
    if (done.isDone()) {
      return;
    }
    if (clock.millis() - sinceMillis > patience.toMillis()) {
      done.completeExceptionally(new Crowded());
      return;
    }
    try {
      done.complete(work.call());
    } catch (Throwable e) { // also an error: who asked must have an answer
      done.completeExceptionally(e);
    }
  }

  /// How much waits now.
  public int waiting() {
    return threads.getQueue().size();
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
