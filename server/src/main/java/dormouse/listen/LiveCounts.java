package dormouse.listen;

/// Counts what is alive by keys, and forgets a key when its count is back at nothing. Not safe for threads.
///
/// Open addressing in two arrays, 12 bytes a slot, of which at most half are in use: 24 bytes a key that is alive.
final class LiveCounts {
  private static final int FIRST_SLOTS = 64;

  private long[] keys = new long[FIRST_SLOTS];
  private int[] counts = new int[FIRST_SLOTS];
  private int used;

  /// How many are alive.
  int of(long key) {
    int slot = slot(key);
    return keys[slot] == key ? counts[slot] : 0;
  }

  /// One more is alive.
  void add(long key) {
    if (2 * (used + 1) > keys.length) {
      grow();
    }
    int slot = slot(key);
    if (keys[slot] != key) {
      keys[slot] = key;
      used++;
    }
    counts[slot]++;
  }

  /// One fewer is alive.
  void remove(long key) {
    int slot = slot(key);
    if (keys[slot] != key) {
      throw new IllegalStateException("more have gone than came"); // our bug
    }
    if (--counts[slot] == 0) {
      free(slot);
      used--;
    }
  }

  /// How many keys there are.
  int size() {
    return used;
  }

  /// Where the key is, or the free slot where it would be.
  private int slot(long key) {
    int slot = home(key);
    while (keys[slot] != 0 && keys[slot] != key) {
      slot = slot + 1 & keys.length - 1;
    }
    return slot;
  }

  private int home(long key) {
    return (int) key & keys.length - 1; // keys are hashes already
  }

  /// Empties a slot, and moves up those behind it that are not at home (Knuth, Algorithm 6.4 R).
  private void free(int slot) {
    int mask = keys.length - 1;
    int hole = slot;
    for (int next = hole + 1 & mask; keys[next] != 0; next = next + 1 & mask) {
      int distance = next - home(keys[next]) & mask;
      if (distance >= (next - hole & mask)) {
        keys[hole] = keys[next];
        counts[hole] = counts[next];
        hole = next;
      }
    }
    keys[hole] = 0;
    counts[hole] = 0;
  }

  private void grow() {
    long[] oldKeys = keys;
    int[] oldCounts = counts;
    keys = new long[oldKeys.length * 2];
    counts = new int[oldKeys.length * 2];
    for (int i = 0; i < oldKeys.length; i++) {
      if (oldKeys[i] != 0) {
        int slot = slot(oldKeys[i]);
        keys[slot] = oldKeys[i];
        counts[slot] = oldCounts[i];
      }
    }
  }
}
