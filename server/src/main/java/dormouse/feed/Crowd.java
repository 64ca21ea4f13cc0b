package dormouse.feed;

import dormouse.flat.Cells;
import dormouse.flat.HashIndex;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/// Many listeners of one event loop for whom there is no object each, but a number: their names lie outside the heap, as hashes. Two names of one
/// hash hear of each other; an event too many costs a look. 20 bytes a name.
/// ```text
/// 0 next in its bucket   4, 8 hash of backend and name   12 member
/// ```
/// Any thread, a short lock.
public final class Crowd {
  /// What the loop knows of them.
  public interface Members {
    /// As [BackendFeeds.Listener#changed]; on the loop, while the member listens.
    void changed(int member, Feed by, @Nullable String mailbox, @Nullable String session);

    /// The feeds of a backend have become reliable or have ceased to be: its members want to know, of whom some may have gone since. On the loop.
    void turned(BackendFeeds by);
  }

  private static final int AT_NEXT = 0;
  private static final int AT_HASH = 4;
  private static final int AT_REST = 8;
  private static final int AT_MEMBER = 12;
  private static final int CELL_BYTES = 16;
  private static final long SEED = ThreadLocalRandom.current().nextLong();
  private static final int[] NOBODY = {};

  private final Executor loop;
  private final Members members;
  private final Cells names;
  private final HashIndex index;

  /// @param capacity how many names there can be at most; takes only addresses
  /// @throws IOException if the kernel does not let it
  public Crowd(Executor loop, Members members, int capacity) throws IOException {
    this.loop = loop;
    this.members = members;
    this.names = new Cells(CELL_BYTES, capacity);
    this.index = new HashIndex(names, AT_HASH, AT_NEXT);
  }

  Executor loop() {
    return loop;
  }

  Members members() {
    return members;
  }

  /// What a name at a backend is known by.
  static long hash(String backend, String name) {
    return hash(hash(SEED, backend) + 1, name);
  }

  private static long hash(long seed, String text) {
    long hash = seed;
    for (int i = 0; i < text.length(); i++) {
      hash = (hash ^ text.charAt(i)) * 0x9e3779b97f4a7c15L;
      hash ^= hash >>> 32;
    }
    return hash;
  }

  synchronized void add(long hash, int member) {
    int name = names.take();
    if (name == Cells.NONE) {
      throw new IllegalStateException("the crowd is full");
    }
    names.set(name, AT_REST, rest(hash));
    names.set(name, AT_MEMBER, member);
    index.add(name, (int) hash);
  }

  synchronized void remove(long hash, int member) {
    for (int name = index.find((int) hash); name != Cells.NONE; name = index.findNext(name)) {
      if (names.get(name, AT_REST) == rest(hash) && names.get(name, AT_MEMBER) == member) {
        index.remove(name);
        names.free(name);
        return;
      }
    }
  }

  /// Who listens to that name.
  synchronized int[] find(long hash) {
    int[] found = NOBODY;
    for (int name = index.find((int) hash); name != Cells.NONE; name = index.findNext(name)) {
      if (names.get(name, AT_REST) == rest(hash)) {
        found = Arrays.copyOf(found, found.length + 1);
        found[found.length - 1] = names.get(name, AT_MEMBER);
      }
    }
    return found;
  }

  boolean isThere(long hash, int member) {
    return Arrays.stream(find(hash)).anyMatch(one -> one == member);
  }

  private static int rest(long hash) {
    return (int) (hash >>> Integer.SIZE);
  }

  /// How many names there are.
  public synchronized int size() {
    return names.size();
  }
}
