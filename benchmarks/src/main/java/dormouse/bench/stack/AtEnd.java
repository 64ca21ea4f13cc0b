package dormouse.bench.stack;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// What is still to be closed when this process ends, also by a signal: the newest first, one behind the other, so that a folder goes when nobody
/// works in it any more; then whatever runs below this process. Any thread.
public final class AtEnd {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Deque<AutoCloseable> OPEN = new ArrayDeque<>();
  private static boolean ending;

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(AtEnd::closeAll, "at-end"));
  }

  private AtEnd() {}

  /// Closes this at the end, unless [#closed] comes first.
  public static synchronized <T extends AutoCloseable> T close(T what) {
    check();
    OPEN.push(what);
    return what;
  }

  /// The same with a program that is started here, unless the end has begun.
  public static synchronized <T extends AutoCloseable> T start(
      ProcessBuilder builder, Function<Process, T> as) throws IOException {
    check();
    return close(as.apply(builder.start()));
  }

  /// This needs no closing any more.
  public static synchronized void closed(AutoCloseable what) {
    OPEN.removeFirstOccurrence(what);
  }

  /// Whether it has begun: what is measured now is not what was asked.
  public static synchronized boolean begun() {
    return ending;
  }

  private static void check() {
    if (begun()) {
      throw new IllegalStateException("the run ends");
    }
  }

  private static void closeAll() {
    for (AutoCloseable each = next(); each != null; each = next()) {
      try {
        each.close();
      } catch (Exception e) {
        System.err.println("Not closed: " + e);
      }
    }
    List<ProcessHandle> left = ProcessHandle.current().descendants().toList();
    left.forEach(ProcessHandle::destroy);
    CompletableFuture.allOf(
            left.stream().map(ProcessHandle::onExit).toArray(CompletableFuture[]::new))
        .completeOnTimeout(null, PATIENCE.toSeconds(), TimeUnit.SECONDS)
        .join();
    left.forEach(ProcessHandle::destroyForcibly);
  }

  private static synchronized @Nullable AutoCloseable next() {
    ending = true;
    return OPEN.poll();
  }
}
