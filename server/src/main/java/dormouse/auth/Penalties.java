package dormouse.auth;

/// Two times for each of so many keys, in a table that never grows: until when a key counts, and when it was last used. Not
/// safe for threads.
///
/// 24 bytes a slot. A key has eight slots it may be in; when all are taken, the one that counts for the shortest time gives way,
/// so a million newcomers do not wash out who has earned a long time.
final class Penalties {
  private static final int WAYS = 8;

  private final int mask;
  private final long[] keys;
  private final long[] untilMillis;
  private final long[] usedMillis;

  /// @param slots at least so many; rounded up to a power of two
  Penalties(int slots) {
    int size = Math.max(WAYS, Integer.highestOneBit(Math.max(1, slots - 1)) << 1);
    mask = size - 1;
    keys = new long[size];
    untilMillis = new long[size];
    usedMillis = new long[size];
  }

  /// Until when the key counts; 0 if it does not.
  long untilMillis(long key) {
    int slot = find(key);
    return slot < 0 ? 0 : untilMillis[slot];
  }

  /// When the key was last used; 0 if that is not known.
  long usedMillis(long key) {
    int slot = find(key);
    return slot < 0 ? 0 : usedMillis[slot];
  }

  /// Lets a key count until then. Takes a slot if it has none.
  void put(long key, long until, long used) {
    int slot = find(key);
    slot = slot < 0 ? leastWorth(key) : slot;
    keys[slot] = key;
    untilMillis[slot] = until;
    usedMillis[slot] = used;
  }

  /// Lets a key that has a slot count for so much less.
  void shorten(long key, long byMillis) {
    int slot = find(key);
    if (slot >= 0) {
      untilMillis[slot] -= byMillis;
    }
  }

  /// Lets each key count for so much longer or shorter from now on as the second time is to the first.
  void rescale(long fromMillis, long toMillis, long nowMillis) {
    if (fromMillis == toMillis) {
      return;
    }
    for (int slot = 0; slot < untilMillis.length; slot++) {
      long left = untilMillis[slot] - nowMillis;
      if (left > 0) {
        untilMillis[slot] = nowMillis + (long) ((double) left * toMillis / fromMillis);
      }
    }
  }

  /// What it takes, whatever is in it.
  long bytes() {
    return 24L * keys.length;
  }

  private int find(long key) {
    int first = first(key);
    for (int slot = first; slot < first + WAYS; slot++) {
      if (keys[slot] == key) {
        return slot;
      }
    }
    return -1;
  }

  private int leastWorth(long key) {
    int least = first(key);
    for (int slot = least + 1; slot < first(key) + WAYS; slot++) {
      least = untilMillis[slot] < untilMillis[least] ? slot : least;
    }
    return least;
  }

  /// Keys are hashes already.
  private int first(long key) {
    return (int) key & mask & -WAYS;
  }
}
