package dormouse.bench.load;

import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.http.HttpTimeoutException;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/// What went wrong: a byte that was not expected, a client that was cut off; and, apart from it, what did not come in time. Any thread.
public final class Faults {
  private static final int KEPT = 20;

  private final AtomicLong count = new AtomicLong();
  private final Queue<String> first = new ConcurrentLinkedQueue<>();
  private final AtomicLong late = new AtomicLong();
  private final Queue<String> firstLate = new ConcurrentLinkedQueue<>();

  public void add(String what) {
    if (count.incrementAndGet() <= KEPT) {
      first.add(what);
    }
  }

  /// Adds what has not come in time, which may be the machine's fault.
  public void late(String what) {
    if (late.incrementAndGet() <= KEPT) {
      firstLate.add(what);
    }
  }

  /// Adds that a workload went on without it. Where nothing but time was the reason, it is late, as what takes too long anywhere; else it is wrong, for
  /// nothing is known then of the answers that it would have given.
  ///
  /// @return why, in a few words, for the page
  public String fellOut(String workload, Throwable why) {
    if (isLate(why)) {
      late("it fell out of " + workload + ", not in time");
      return "not in time";
    }
    add(why);
    add("it fell out of " + workload);
    return "for what is counted above as wrong";
  }

  /// Adds that a task failed, unless what failed it has been added already. That it took too long is no fault, but late.
  public void add(Throwable failure) {
    Throwable cause = unwrapped(failure);
    if (isLate(failure)) {
      late("not all ended in time");
    } else if (!(cause instanceof Heard)) {
      add(cause.toString());
    }
  }

  /// Adds that some tasks together have failed: each by what failed it, or late where it has not ended; what failed the whole where all of them have ended
  /// well.
  ///
  /// @param name of each of them
  public void add(Throwable whole, List<CompletableFuture<?>> tasks, IntFunction<String> name) {
    long before = count() + lateCount();
    for (int i = 0; i < tasks.size(); i++) {
      CompletableFuture<?> task = tasks.get(i);
      if (task.isCompletedExceptionally()) {
        add(task.exceptionNow());
      } else if (!task.isDone()) {
        late("not ended: " + name.apply(i));
      }
    }
    if (count() + lateCount() == before) {
      add(whole);
    }
  }

  private static boolean isLate(Throwable failure) {
    Throwable cause = unwrapped(failure);
    return isTime(cause) || isTime(cause.getCause());
  }

  private static Throwable unwrapped(Throwable failure) {
    Throwable cause = failure;
    while (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }

  /// Whether nothing but time has made this fail.
  static boolean isTime(@Nullable Throwable cause) {
    return cause instanceof TimeoutException
        || cause instanceof SocketTimeoutException
        || cause instanceof ConnectTimeoutException
        || cause instanceof HttpTimeoutException
        || cause instanceof SslHandshakeTimeoutException;
  }

  /// Why a client ended that heard what it should not: it has been added.
  static final class Heard extends IOException {
    private static final long serialVersionUID = 1;

    Heard(String what) {
      super(what);
    }
  }

  public long count() {
    return count.get();
  }

  /// The first twenty.
  public List<String> first() {
    return List.copyOf(first);
  }

  public long lateCount() {
    return late.get();
  }

  /// The first twenty of those.
  public List<String> firstLate() {
    return List.copyOf(firstLate);
  }
}
