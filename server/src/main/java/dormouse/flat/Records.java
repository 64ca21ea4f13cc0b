package dormouse.flat;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/// Records of any length, each over as many [Cells] as it takes, which need not lie side by side: so whatever is free serves any record. A
/// record is known by its first cell. What is removed is overwritten with zeros. Used by one thread.
/// ```text
/// first cell: 0 next cell, -1 if none   4 length   8 numbers of whoever keeps them, for a HashIndex or a Wheel   then bytes
/// others:     0 next cell, -1 if none   4 bytes
/// ```
public final class Records {
  /// Where the numbers of whoever keeps records begin in each.
  public static final int AT_NUMBERS = 8;

  public static final int CELL_BYTES = 128;

  private static final int AT_LENGTH = 4;
  private static final int AT_MORE = 4;

  private final Cells cells;
  private final int atBytes;

  /// @param numbers how many numbers of 4 bytes there are beside each, zeros at first
  /// @param capacity of how many cells
  /// @throws IOException as [ReservedMemory#of]
  public Records(int numbers, int capacity) throws IOException {
    this.cells = new Cells(CELL_BYTES, capacity);
    this.atBytes = AT_NUMBERS + numbers * Integer.BYTES;
  }

  /// Keeps a copy of the bytes; [Cells#NONE] if there is no room for it.
  public int add(byte[] bytes) {
    int more = more(bytes.length);
    if (more >= cells.capacity() - cells.size()) {
      return Cells.NONE;
    }
    int record = cells.take();
    cells.set(record, AT_LENGTH, bytes.length);
    int last = record;
    for (int i = 0; i < more; i++) {
      int cell = cells.take();
      cells.set(last, 0, cell);
      last = cell;
    }
    cells.set(last, 0, Cells.NONE);
    write(record, bytes, bytes.length);
    return record;
  }

  /// How many cells beside the first.
  private int more(int length) {
    return Math.ceilDiv(Math.max(0, length - (CELL_BYTES - atBytes)), CELL_BYTES - AT_MORE);
  }

  /// How much memory a record of so many bytes takes.
  public int bytesOf(int length) {
    return (1 + more(length)) * CELL_BYTES;
  }

  public void remove(int record) {
    for (int cell = record; cell != Cells.NONE; ) {
      int next = cells.get(cell, 0);
      cells.free(cell);
      cell = next;
    }
  }

  public byte[] bytes(int record) {
    return bytes(record, cells.get(record, AT_LENGTH));
  }

  /// The first so many.
  public byte[] bytes(int record, int length) {
    byte[] bytes = new byte[length];
    int cell = record;
    for (int done = 0, at = atBytes; done < length; at = AT_MORE) {
      int part = Math.min(length - done, CELL_BYTES - at);
      MemorySegment.copy(cells.memory(), JAVA_BYTE, start(cell) + at, bytes, done, part);
      done += part;
      cell = cells.get(cell, 0);
    }
    return bytes;
  }

  /// Puts the first so many of these in the place of the record's first.
  public void write(int record, byte[] bytes, int length) {
    assert length <= cells.get(record, AT_LENGTH);
    int cell = record;
    for (int done = 0, at = atBytes; done < length; at = AT_MORE) {
      int part = Math.min(length - done, CELL_BYTES - at);
      MemorySegment.copy(bytes, done, cells.memory(), JAVA_BYTE, start(cell) + at, part);
      done += part;
      cell = cells.get(cell, 0);
    }
  }

  private static long start(int cell) {
    return (long) cell * CELL_BYTES;
  }

  public boolean beginsWith(int record, byte[] bytes) {
    if (cells.get(record, AT_LENGTH) < bytes.length) {
      return false;
    }
    MemorySegment wanted = MemorySegment.ofArray(bytes);
    int cell = record;
    for (int done = 0, at = atBytes; done < bytes.length; at = AT_MORE) {
      int part = Math.min(bytes.length - done, CELL_BYTES - at);
      if (MemorySegment.mismatch(
              cells.memory(), start(cell) + at, start(cell) + at + part, wanted, done, done + part)
          >= 0) {
        return false;
      }
      done += part;
      cell = cells.get(cell, 0);
    }
    return true;
  }

  /// In which the numbers are, from [#AT_NUMBERS] on.
  public Cells cells() {
    return cells;
  }

  /// How much memory they take now.
  public long size() {
    return (long) cells.size() * CELL_BYTES;
  }
}
