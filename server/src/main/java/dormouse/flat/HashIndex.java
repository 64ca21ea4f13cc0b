package dormouse.flat;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/// Finds cells by a hash: of several with the same one it finds all. It chains them through two of their own numbers, their hash and the next one of
/// their bucket, and takes 4 bytes of its own for each.
///
/// Where a great many may have the same hash, a third number leads back, so that one of them goes without a look through the others.
///
/// It grows by linear hashing: with every cell that comes one bucket is split in two, and nothing ever waits for all to be moved. Used by one thread at a
/// time.
public final class HashIndex {
  private static final int FIRST_BUCKETS = 16;
  private static final int NOT_KEPT = -1;

  private final Cells cells;
  private final int atHash;
  private final int atNext; // plus 1; 0: none
  private final int atPrevious; // plus 1; 0: it is the first; NOT_KEPT if it is in no cell
  private final MemorySegment heads; // plus 1; 0: none
  private int whole = FIRST_BUCKETS; // buckets when all were split last; a power of 2
  private int buckets = FIRST_BUCKETS;
  private int size;

  /// @param atHash which byte of a cell its hash is at
  /// @param atNext which byte the next one is at
  /// @throws IOException as [ReservedMemory#of]
  public HashIndex(Cells cells, int atHash, int atNext) throws IOException {
    this(cells, atHash, atNext, NOT_KEPT);
  }

  /// The same for hashes that many may have.
  ///
  /// @param atPrevious which byte the previous one is at
  public HashIndex(Cells cells, int atHash, int atNext, int atPrevious) throws IOException {
    this.cells = cells;
    this.atHash = atHash;
    this.atNext = atNext;
    this.atPrevious = atPrevious;
    this.heads =
        ReservedMemory.of(Math.max(FIRST_BUCKETS, (long) cells.capacity()) * Integer.BYTES);
  }

  /// @param hash the same for what is to be found together; need not be a good one
  public void add(int cell, int hash) {
    cells.set(cell, atHash, mixed(hash));
    put(cell, bucket(mixed(hash)));
    size++;
    if (size > buckets && buckets < cells.capacity()) {
      split();
    }
  }

  private void put(int cell, int bucket) {
    int first = firstIn(bucket);
    cells.set(cell, atNext, first + 1);
    head(bucket, cell + 1);
    if (atPrevious != NOT_KEPT) {
      cells.set(cell, atPrevious, 0);
      previous(first, cell);
    }
  }

  private void previous(int cell, int previous) {
    if (cell != Cells.NONE) {
      cells.set(cell, atPrevious, previous + 1);
    }
  }

  private void split() {
    int one = buckets - whole;
    int cell = firstIn(one);
    head(one, 0);
    buckets++;
    while (cell != Cells.NONE) {
      int next = nextIn(cell);
      put(cell, bucket(cells.get(cell, atHash)));
      cell = next;
    }
    if (buckets == 2 * whole) {
      whole = buckets;
    }
  }

  /// @param cell that was added
  public void remove(int cell) {
    int next = nextIn(cell);
    int before = before(cell);
    if (before == Cells.NONE) {
      head(bucket(cells.get(cell, atHash)), next + 1);
    } else {
      cells.set(before, atNext, next + 1);
    }
    if (atPrevious != NOT_KEPT) {
      previous(next, before);
    }
    size--;
  }

  private int before(int cell) {
    if (atPrevious != NOT_KEPT) {
      return cells.get(cell, atPrevious) - 1;
    }
    int before = Cells.NONE;
    for (int at = firstIn(bucket(cells.get(cell, atHash))); at != cell; at = nextIn(at)) {
      before = at;
    }
    return before;
  }

  /// One of those with this hash; [Cells#NONE] if there is none.
  public int find(int hash) {
    int mixed = mixed(hash);
    return ofHash(mixed, firstIn(bucket(mixed)));
  }

  /// Another with the same hash; [Cells#NONE] if there is no other.
  public int findNext(int cell) {
    return ofHash(cells.get(cell, atHash), nextIn(cell));
  }

  private int ofHash(int mixed, int from) {
    int cell = from;
    while (cell != Cells.NONE && cells.get(cell, atHash) != mixed) {
      cell = nextIn(cell);
    }
    return cell;
  }

  /// How many buckets there are: whoever looks through [#firstIn] all of them, and stops when it likes, misses nothing that stays there meanwhile, and may see
  /// some twice.
  public int buckets() {
    return buckets;
  }

  public int firstIn(int bucket) {
    return head(bucket) - 1;
  }

  public int nextIn(int cell) {
    return cells.get(cell, atNext) - 1;
  }

  private int head(int bucket) {
    return heads.get(JAVA_INT, (long) bucket * Integer.BYTES);
  }

  private void head(int bucket, int value) {
    heads.set(JAVA_INT, (long) bucket * Integer.BYTES, value);
  }

  private int bucket(int mixed) {
    int wide = mixed & 2 * whole - 1;
    return wide < buckets ? wide : mixed & whole - 1;
  }

  private static int mixed(int hash) {
    int mixed = (hash ^ hash >>> 16) * 0x85ebca6b;
    mixed = (mixed ^ mixed >>> 13) * 0xc2b2ae35;
    return mixed ^ mixed >>> 16;
  }

  public int size() {
    return size;
  }
}
