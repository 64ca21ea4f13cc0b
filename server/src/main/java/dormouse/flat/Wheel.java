package dormouse.flat;

import java.util.Arrays;
import java.util.function.IntConsumer;

/// When the time of a cell has come: as [dormouse.session.TimerWheel], but its rings go through three of the cells' own numbers, and a tick is
/// whatever its user counts. Used by one thread.
/// ```text
/// 0 next one plus 1, 0 if none   4 previous one plus 1, or minus its bucket minus 1; 0 if it waits for nothing   8 tick
/// ```
public final class Wheel {
  private static final int BUCKETS = 1 << 14;
  private static final int DUE =
      BUCKETS; // of those whose time has come, and who have not been told yet
  private static final int PREVIOUS = 4;
  private static final int TICK = 8;

  private final Cells cells;
  private final int at;
  private final int[] heads = new int[BUCKETS + 1];
  private int seen;
  private int size;

  /// @param at which byte of a cell the numbers are at
  public Wheel(Cells cells, int at) {
    this.cells = cells;
    this.at = at;
    Arrays.fill(heads, Cells.NONE);
  }

  /// Waits for the tick from now on, and for no other.
  public void set(int cell, int tick) {
    cancel(cell);
    cells.set(cell, at + TICK, tick);
    link(cell, bucket(Math.max(tick, seen)));
    size++;
  }

  public void cancel(int cell) {
    if (isWaiting(cell)) {
      unlink(cell);
      size--;
    }
  }

  public boolean isWaiting(int cell) {
    return cells.get(cell, at + PREVIOUS) != 0;
  }

  /// Tells of all whose tick has come; they wait no more. Those who are set meanwhile are told of the next time.
  ///
  /// @param now never less than before
  public void advance(int now, IntConsumer due) {
    for (int tick = Math.max(seen, now - BUCKETS + 1); tick <= now; tick++) {
      for (int cell = heads[bucket(tick)]; cell != Cells.NONE; ) {
        int next = next(cell);
        if (cells.get(cell, at + TICK) <= now) {
          unlink(cell);
          link(cell, DUE);
        }
        cell = next;
      }
    }
    seen = now;
    while (heads[DUE] != Cells.NONE) {
      int cell = heads[DUE];
      cancel(cell);
      due.accept(cell);
    }
  }

  private void link(int cell, int bucket) {
    int next = heads[bucket];
    cells.set(cell, at, next + 1);
    cells.set(cell, at + PREVIOUS, -bucket - 1);
    heads[bucket] = cell;
    if (next != Cells.NONE) {
      cells.set(next, at + PREVIOUS, cell + 1);
    }
  }

  private void unlink(int cell) {
    int previous = cells.get(cell, at + PREVIOUS);
    int next = next(cell);
    if (previous < 0) {
      heads[-previous - 1] = next;
    } else {
      cells.set(previous - 1, at, next + 1);
    }
    if (next != Cells.NONE) {
      cells.set(next, at + PREVIOUS, previous);
    }
    cells.set(cell, at, 0);
    cells.set(cell, at + PREVIOUS, 0);
  }

  private int next(int cell) {
    return cells.get(cell, at) - 1;
  }

  private static int bucket(int tick) {
    return tick & BUCKETS - 1;
  }

  /// How many wait.
  public int size() {
    return size;
  }
}
