package dormouse.flat;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/// Memory outside the heap in cells of one size, each known by its number. A cell is of zeros when it is taken, and again as soon as it is free,
/// but for its first number, by which the free ones find each other: of one that is taken it must not be less than -1. Memory is touched when it is
/// first used, and used again before more is touched. Used by one thread at a time.
public final class Cells {
  /// No cell.
  public static final int NONE = -1;

  private static final int FREE = -3; // minus the next one that is free

  private final MemorySegment memory;
  private final int cellBytes;
  private final int capacity;
  private int used; // cells that were ever taken
  private int free = NONE;
  private int size;

  /// @param cellBytes a multiple of 4
  /// @param capacity how many there can be; takes that much of the address space
  /// @throws IOException as [ReservedMemory#of]
  public Cells(int cellBytes, int capacity) throws IOException {
    this.cellBytes = cellBytes;
    this.capacity = capacity;
    this.memory = ReservedMemory.of((long) cellBytes * capacity);
  }

  /// Takes a cell; [#NONE] if all are taken.
  public int take() {
    if (size == capacity) {
      return NONE;
    }
    int cell = free;
    if (cell == NONE) {
      cell = used++;
    } else {
      free = FREE - memory.get(JAVA_INT, at(cell));
      memory.set(JAVA_INT, at(cell), 0);
    }
    size++;
    return cell;
  }

  /// Forgets all that is in it.
  public void free(int cell) {
    assert isTaken(cell) : cell;
    all(cell).fill((byte) 0);
    memory.set(JAVA_INT, at(cell), FREE - free);
    free = cell;
    size--;
  }

  /// Whether it is now, perhaps by another than before.
  public boolean isTaken(int cell) {
    return cell >= 0 && cell < used && memory.get(JAVA_INT, at(cell)) >= NONE;
  }

  /// @param at which byte of it, a multiple of 4
  public int get(int cell, int at) {
    assert isTaken(cell) : cell;
    return memory.get(JAVA_INT, at(cell) + at);
  }

  public void set(int cell, int at, int value) {
    assert isTaken(cell) : cell;
    memory.set(JAVA_INT, at(cell) + at, value);
  }

  MemorySegment all(int cell) {
    return memory.asSlice(at(cell), cellBytes);
  }

  MemorySegment memory() {
    return memory;
  }

  private long at(int cell) {
    return (long) cell * cellBytes;
  }

  int cellBytes() {
    return cellBytes;
  }

  int capacity() {
    return capacity;
  }

  /// How many are taken.
  public int size() {
    return size;
  }
}
