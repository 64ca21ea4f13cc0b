package dormouse.bench.work;

import dormouse.bench.stack.Held;
import dormouse.bench.stack.Stack;
import java.util.concurrent.locks.LockSupport;

/// The most memory that all processes of a stack have held at a time, as far as looking tells. Who looks waits twenty times as long as a look took, and so
/// takes less than a twentieth of a processor, even where there are thousands of processes. Any thread.
final class Peak implements AutoCloseable {
  private static final long LEAST_NANOS = 50_000_000;
  private static final int TIMES = 20;

  private final Stack stack;
  private final Thread looks;
  private volatile boolean over;
  private long bytes;

  Peak(Stack stack) {
    this.stack = stack;
    looks = Thread.ofPlatform().name("peak").start(this::look);
  }

  private void look() {
    while (!over) {
      long begin = System.nanoTime();
      add(stack.processes());
      LockSupport.parkNanos(Math.max(LEAST_NANOS, TIMES * (System.nanoTime() - begin)));
    }
  }

  /// One more look, by somebody else.
  synchronized void add(Held held) {
    bytes = Math.max(bytes, held.front() + held.back());
  }

  synchronized long bytes() {
    return bytes;
  }

  /// Returns when nobody looks any more.
  @Override
  public void close() {
    over = true;
    LockSupport.unpark(looks);
    try {
      looks.join();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
