package dormouse.session;

import org.jspecify.annotations.Nullable;

/// A task waiting in a [TimerWheel]. Lives on the wheel's event loop.
public class Timer {
  long dueMillis;
  private @Nullable Runnable task;

  /// Neighbours in a ring of timers; this itself when in none.
  Timer next = this;

  Timer previous = this;

  Timer(long dueMillis, @Nullable Runnable task) {
    this.dueMillis = dueMillis;
    this.task = task;
  }

  /// One that is set by [TimerWheel#set].
  protected Timer() {}

  /// Waits from now on.
  void begin(long due, Runnable toRun) {
    dueMillis = due;
    task = toRun;
  }

  /// Takes the task back; O(1).
  ///
  /// @return whether it was still waiting
  public final boolean cancel() {
    return take() != null;
  }

  /// Whether the task is still to run.
  public final boolean isWaiting() {
    return task != null;
  }

  /// The task, once; from then on the timer is in no ring and holds nothing.
  @Nullable Runnable take() {
    var taken = task;
    task = null;
    leave();
    return taken;
  }

  /// Steps out of its ring.
  void leave() {
    previous.next = next;
    next.previous = previous;
    next = this;
    previous = this;
  }

  /// Puts `timer`, which is in no ring, before this one: last, if this one heads the ring.
  void append(Timer timer) {
    timer.previous = previous;
    timer.next = this;
    previous.next = timer;
    previous = timer;
  }
}
