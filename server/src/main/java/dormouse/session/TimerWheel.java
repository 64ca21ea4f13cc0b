package dormouse.session;

import dormouse.ops.EventLog;
import java.time.Duration;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/// Runs tasks when their time has come: one wheel an event loop, for all its sessions. Lives on that event loop.
///
/// A hashed wheel: time goes round 512 buckets of 100 ms each, and a timer waits in the bucket of its deadline, however many
/// rounds away. Adding and cancelling are O(1); each [#advance()] looks at the buckets the time passed through, allocates
/// nothing, and runs what is due in the order of the deadlines, tasks of one deadline in the order they were added. Nothing
/// runs early; late by as long as the loop waits between two calls.
///
/// The clock may jump. Forward, everything due runs once; backward, time stands still for the wheel and goes on from there.
@SuppressWarnings("ReferenceEquality") // timers are neighbours in a ring, each itself
public final class TimerWheel {
  /// How often the loop is to call [#advance()].
  public static final Duration TICK = Duration.ofMillis(100);

  private static final EventLog log = EventLog.of(TimerWheel.class);
  private static final int BUCKETS = 512;
  private static final long TICK_MILLIS = TICK.toMillis();
  private static final Duration LONGEST = Duration.ofDays(36500);

  /// A task that waits, once; also the head of a ring.
  private static final class Task extends Timer {
    private @Nullable Runnable task;

    Task(@Nullable Runnable task) {
      this.task = task;
    }

    @Override
    protected void due() {
      var taken = task;
      task = null;
      if (taken != null) {
        taken.run();
      }
    }

    @Override
    void forget() {
      task = null;
    }
  }

  private final InstantSource clock;
  private final Timer[] buckets = new Timer[BUCKETS];
  private final Timer due = ring();
  private long clockMillis;
  private long nowMillis;
  private long seenTick;
  private boolean running;

  /// @param clock tells the time; only differences count
  public TimerWheel(InstantSource clock) {
    this.clock = clock;
    clockMillis = clock.millis();
    for (int i = 0; i < BUCKETS; i++) {
      buckets[i] = ring();
    }
  }

  /// Runs the task once the delay has passed; with no delay, or one below zero, at the next [#advance()].
  public Timer after(Duration delay, Runnable task) {
    var timer = new Task(task);
    set(timer, delay);
    return timer;
  }

  /// The same with a timer of the caller, which is in no wheel.
  public void set(Timer timer, Duration delay) {
    readClock();
    timer.dueMillis = nowMillis + millisUp(delay);
    bucket(timer.dueMillis / TICK_MILLIS).append(timer);
  }

  /// How long a timer that waits has still to wait; nothing or less if it is due.
  public Duration left(Timer timer) {
    readClock();
    return Duration.ofMillis(timer.dueMillis - nowMillis);
  }

  /// Runs all that is due. What tasks add waits for the next call, due or not; what they cancel does not run. A task that
  /// throws is logged, and the others run.
  public void advance() {
    if (running) {
      throw new IllegalStateException("a task advances its own wheel");
    }
    readClock();
    collectDue();
    sortDue();
    running = true;
    while (due.next != due) {
      run(due.next);
    }
    running = false;
  }

  /// How many milliseconds have passed since some moment of the past; only differences count. Never goes back.
  public long millis() {
    readClock();
    return nowMillis;
  }

  private void readClock() {
    long millis = clock.millis();
    nowMillis += Math.max(0, millis - clockMillis);
    clockMillis = millis;
  }

  /// The tick seen last is looked at again: timers due later in it may have come since.
  private void collectDue() {
    long nowTick = nowMillis / TICK_MILLIS;
    long ticks = Math.min(nowTick - seenTick + 1, BUCKETS);
    for (long tick = nowTick - ticks + 1; tick <= nowTick; tick++) {
      var bucket = bucket(tick);
      for (var timer = bucket.next; timer != bucket; ) {
        var next = timer.next;
        if (timer.dueMillis <= nowMillis) {
          timer.leave();
          due.append(timer);
        }
        timer = next;
      }
    }
    seenTick = nowTick;
  }

  /// A merge sort of the ring in place: stable, and nothing allocated.
  private void sortDue() {
    for (int width = 1; mergeRuns(width) > 1; width *= 2) {}
  }

  /// Merges each two neighbouring sorted runs of `width` timers; says how many runs there are now.
  private int mergeRuns(int width) {
    int merged = 0;
    var tail = due;
    var left = due.next;
    while (left != due) {
      var right = left;
      int leftSize = 0;
      while (leftSize < width && right != due) {
        right = right.next;
        leftSize++;
      }
      int rightSize = width;
      while (leftSize > 0 || (rightSize > 0 && right != due)) {
        Timer first;
        if (leftSize > 0 && (rightSize == 0 || right == due || left.dueMillis <= right.dueMillis)) {
          first = left;
          left = left.next;
          leftSize--;
        } else {
          first = right;
          right = right.next;
          rightSize--;
        }
        tail.next = first;
        first.previous = tail;
        tail = first;
      }
      left = right;
      merged++;
    }
    tail.next = due;
    due.previous = tail;
    return merged;
  }

  private static void run(Timer timer) {
    try {
      timer.leave();
      timer.due();
    } catch (Throwable e) {
      log.error(e, "bug", "in", "timer");
    }
  }

  private Timer bucket(long tick) {
    return buckets[(int) (tick % BUCKETS)];
  }

  private static Timer ring() {
    return new Task(null);
  }

  private static long millisUp(Duration delay) {
    if (delay.isNegative()) {
      return 0;
    }
    return delay.compareTo(LONGEST) < 0 ? delay.plusNanos(999_999).toMillis() : LONGEST.toMillis();
  }
}
