package dormouse.feed;

import dormouse.flat.Cells;
import dormouse.flat.HashIndex;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// Many listeners of one event loop for whom there is no object each, but a cell outside the heap, which belongs to whoever keeps them: some of its numbers are this
/// one's, by which they are found as hashes. Two names of one hash hear of each other; an event too many costs a look.
/// ```text
/// of the name                      0 hash, next in its bucket   8 hash of it and the backend
/// of the part before its domain   12 hash, next and previous in its bucket   24 hash of it and the backend, 0 if it is not found by that
/// ```
/// The same part before the domain is that of many: of `info@` each domain has one.
///
/// Any thread, a short lock; only the loop changes it.
public final class Crowd {
  /// What the loop knows of them.
  public interface Members {
    /// As [BackendFeeds.Listener#changed]; on the loop, while the member listens.
    void changed(int member, Feed by, @Nullable String mailbox, @Nullable String session);

    /// The feeds of a backend have become reliable or have ceased to be: its members want to know, of whom some may have gone since. On the loop.
    void turned(BackendFeeds by);
  }

  /// How many numbers of a cell it takes.
  public static final int NUMBERS = 7;

  private static final int AT_WHOLE = 8;
  private static final int AT_PART = 12;
  private static final int AT_PART_WHOLE = 24;
  private static final long SEED = ThreadLocalRandom.current().nextLong();
  private static final int[] NOBODY = {};

  private final Executor loop;
  private final Members members;
  private final Cells cells;
  private final int at;
  private final HashIndex names;
  private final HashIndex parts;

  /// @param loop the same as [BackendFeeds.Listener#toldOn] of whoever joins or leaves
  /// @param cells of the members; a member's number is its cell
  /// @param at which byte of a cell its numbers begin at
  /// @throws IOException if the kernel does not give it its addresses
  public Crowd(Executor loop, Members members, Cells cells, int at) throws IOException {
    this.loop = loop;
    this.members = members;
    this.cells = cells;
    this.at = at;
    this.names = new HashIndex(cells, at, at + 4);
    this.parts = new HashIndex(cells, at + AT_PART, at + AT_PART + 4, at + AT_PART + 8);
  }

  Executor loop() {
    return loop;
  }

  Members members() {
    return members;
  }

  private static long hash(String name, int length) {
    return hash(SEED, name, length);
  }

  private static long hash(long seed, String text, int length) {
    long hash = seed;
    for (int i = 0; i < length; i++) {
      hash = (hash ^ text.charAt(i)) * 0x9e3779b97f4a7c15L;
      hash ^= hash >>> 32;
    }
    return hash;
  }

  /// What it is of a backend's; never 0.
  private static int whole(long hash, String backend) {
    return (int) (hash(hash, backend, backend.length()) >>> Integer.SIZE) | 1;
  }

  /// @param name in lower case
  synchronized void add(int member, String backend, String name) {
    long hash = hash(name, name.length());
    cells.set(member, at + AT_WHOLE, whole(hash, backend));
    names.add(member, (int) hash);
    int domain = name.lastIndexOf('@');
    if (domain >= 0) {
      long ofPart = hash(name, domain);
      cells.set(member, at + AT_PART_WHOLE, whole(ofPart, backend));
      parts.add(member, (int) ofPart);
    }
  }

  synchronized void remove(int member) {
    names.remove(member);
    cells.set(member, at + AT_WHOLE, 0);
    if (cells.get(member, at + AT_PART_WHOLE) != 0) {
      parts.remove(member);
      cells.set(member, at + AT_PART_WHOLE, 0);
    }
  }

  /// Whether anybody listens to that name at that backend.
  ///
  /// @param anyDomain whether those are meant who have this before their domain
  synchronized boolean hasAny(String backend, String name, boolean anyDomain) {
    long hash = hash(name, name.length());
    int whole = whole(hash, backend);
    HashIndex in = in(anyDomain);
    int one = in.find((int) hash);
    while (one != Cells.NONE && cells.get(one, atWhole(anyDomain)) != whole) {
      one = in.findNext(one);
    }
    return one != Cells.NONE;
  }

  private HashIndex in(boolean anyDomain) {
    return anyDomain ? parts : names;
  }

  private int atWhole(boolean anyDomain) {
    return at + (anyDomain ? AT_PART_WHOLE : AT_WHOLE);
  }

  // ── for the loop, which alone changes it ──

  /// Tells of all whom [#hasAny] asks for, who are looked for once, however many there are.
  ///
  /// @param each may have any of them leave
  /// @return whether somebody has left before it was told of
  boolean forEach(String backend, String name, boolean anyDomain, IntConsumer each) {
    long hash = hash(name, name.length());
    int whole = whole(hash, backend);
    int atWhole = atWhole(anyDomain);
    boolean left = false;
    for (int member : find(in(anyDomain), (int) hash, atWhole, whole)) {
      if (cells.isTaken(member) && cells.get(member, atWhole) == whole) {
        each.accept(member);
      } else {
        left = true;
      }
    }
    return left;
  }

  private int[] find(HashIndex in, int hash, int atWhole, int whole) {
    int[] found = new int[1];
    int count = 0;
    for (int one = in.find(hash); one != Cells.NONE; one = in.findNext(one)) {
      if (cells.get(one, atWhole) == whole) {
        found = count < found.length ? found : Arrays.copyOf(found, 2 * count);
        found[count++] = one;
      }
    }
    return count == 0 ? NOBODY : Arrays.copyOf(found, count);
  }

  /// The members of one bucket, and of all if each [#buckets] is looked through; [Cells#NONE] behind the last. Others may be found beside those looked for.
  public int firstIn(int bucket) {
    return names.firstIn(bucket);
  }

  public int nextIn(int member) {
    return names.nextIn(member);
  }

  public int buckets() {
    return names.buckets();
  }

  /// One of those who may have this name; [Cells#NONE] if there is none.
  ///
  /// @param name as the client names itself
  public int first(String name) {
    String known = BackendFeeds.nameOf(name);
    return names.find((int) hash(known, known.length()));
  }

  /// The next of those.
  public int next(int member) {
    return names.findNext(member);
  }

  /// How many members there are.
  public synchronized int size() {
    return names.size();
  }
}
