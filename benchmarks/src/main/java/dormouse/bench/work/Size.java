package dormouse.bench.work;

import java.lang.reflect.RecordComponent;
import java.util.LinkedHashMap;
import java.util.Map;

/// How much of everything. Immutable.
///
/// @param rounds of each workload; their least, middle and most are told
/// @param holdStep sessions that **hold** adds a round, and a round more than `rounds`; a fifth where each takes a process
/// @param holdMore how many times as many of Dormouse, who cannot be seen beside what else its memory does; or as many as make 18,400 of all: all of all stacks are clients of one process
/// @param holdSeconds between two keep-alives; it watches them for a half more, and then a fifth, or a second; longer than it takes to hibernate, or nobody ever rests
/// @param holdLooks at memory that must find the same in turn before **hold** takes it; it looks twice as often less once at most
/// @param warmSeconds how long each of what is measured runs at most before it counts, until it is steady
/// @param warmPeersSeconds the same of a peer, which was compiled before it was started
/// @param patienceSeconds for compilers, and for what is late
/// @param logins a round, of each kind
/// @param storm sessions that come back at once; where they are too many for one process, those of one stack after the other
/// @param sessions that **wake** holds, and **deliver** half of them; as many as wake in a round, or more, so that all of those have slept
/// @param perSecond wakes, and deliveries at half of that
/// @param seconds a round of **wake** and **deliver**
/// @param busySeconds each half of a round of **status** and **stream**
/// @param streamBytes of the message that **stream** fetches
/// @param streamClients of its second half
/// @param mixedUsers of **mixed**; the same
/// @param mixedSeconds a round of it
/// @param mixedSpeed how many seconds pass in one
public record Size(
    String name,
    int rounds,
    int holdStep,
    int holdMore,
    int holdSeconds,
    int holdLooks,
    int warmSeconds,
    int warmPeersSeconds,
    int patienceSeconds,
    int logins,
    int storm,
    int sessions,
    int perSecond,
    int seconds,
    int busySeconds,
    int streamBytes,
    int streamClients,
    int mixedUsers,
    int mixedSeconds,
    int mixedSpeed) {
  private static final int AT_ONCE_WHEN_TINY = 3;

  /// A minute; for right answers, not for figures.
  public static final Size TINY =
      new Size("tiny", 1, 10, 26, 3, 1, 1, 1, 6, 20, 10, 20, 20, 1, 1, 1 << 20, 4, 20, 1, 240);

  /// Under ten minutes on two cores: the peers that are nearest, and a Dormouse that is hardly warm.
  public static final Size QUICK =
      new Size("quick", 3, 30, 8, 4, 1, 1, 1, 4, 20, 20, 50, 50, 1, 1, 4 << 20, 20, 50, 2, 120);

  /// Some 50 minutes on two cores, half of which warm up.
  public static final Size USUAL =
      new Size(
          "usual", 3, 150, 26, 5, 4, 60, 60, 20, 750, 60, 200, 50, 4, 1, 4 << 20, 50, 100, 3, 120);

  /// Hours.
  public static final Size FULL =
      new Size(
          "full", 5, 230, 26, 20, 4, 300, 300, 20, 3000, 5000, 1000, 50, 20, 20, 16 << 20, 50, 5000,
          120, 2);

  /// Each of them by its name, for who reads figures.
  public Map<String, Object> told() {
    Map<String, Object> all = new LinkedHashMap<>();
    for (RecordComponent each : Size.class.getRecordComponents()) {
      try {
        all.put(each.getName(), each.getAccessor().invoke(this));
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(e);
      }
    }
    return all;
  }

  /// How many workloads run beside each other: more than one where nobody looks at figures.
  public int workloadsAtOnce() {
    return equals(TINY) ? AT_ONCE_WHEN_TINY : 1;
  }
}
