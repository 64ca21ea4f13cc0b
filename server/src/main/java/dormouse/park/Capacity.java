package dormouse.park;

import dormouse.ops.EventLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/// How many sleeping sessions this machine can hold, and what will be too small first. Immutable.
///
/// @param descriptors how many the process may have open; a sleeping session takes one
/// @param watches how many its user may have in epoll sets; a sleeping session takes one
/// @param memoryBytes what there is for the process and what the kernel keeps for it
public record Capacity(long descriptors, long watches, long memoryBytes) {
  /// What one sleeping session takes in the process, about, where three of each user sleep and a feed tells of changes: a slot of 148, and its
  /// share of its user's record and of the names it is found by (docs/benchmarks.md).
  static final int SESSION_BYTES = 400;

  /// What the kernel keeps of one socket that nothing passes through: TCP, inode, file, dentry, epoll item.
  static final int KERNEL_BYTES = 3800;

  private static final int OWN_DESCRIPTORS = 200; // listeners, loops, backends, files
  private static final long OWN_BYTES = 200L << 20;
  private static final Path LIMITS = Path.of("/proc/self/limits");
  private static final Path WATCHES = Path.of("/proc/sys/fs/epoll/max_user_watches");
  private static final Path MEMORY = Path.of("/proc/meminfo");
  private static final Path GROUP_MEMORY = Path.of("/sys/fs/cgroup/memory.max");
  private static final EventLog LOG = EventLog.of(Capacity.class);

  private record Limit(String name, long sessions, String lift) {}

  /// Of this machine; what cannot be read is no limit.
  public static Capacity here() {
    long memory = numberOf(MEMORY, "MemTotal:", 1);
    return new Capacity(
        numberOf(LIMITS, "Max open files", 3),
        numberOf(WATCHES, "", 0),
        Math.min(
            memory < Long.MAX_VALUE >> 10 ? memory << 10 : memory, numberOf(GROUP_MEMORY, "", 0)));
  }

  /// The number at this place of the first line that begins so.
  private static long numberOf(Path file, String beginning, int place) {
    try (Stream<String> lines = Files.lines(file)) {
      return lines
          .filter(line -> line.startsWith(beginning))
          .map(line -> Long.parseLong(line.split("\\s+")[place]))
          .findFirst()
          .orElse(Long.MAX_VALUE);
    } catch (IOException | RuntimeException _) {
      return Long.MAX_VALUE; // no such file here, or "unlimited"
    }
  }

  /// Says it in the log.
  public void log() {
    Limit first = first();
    LOG.info(
        "memory",
        "session-bytes",
        SESSION_BYTES,
        "kernel-bytes",
        KERNEL_BYTES,
        "sleepers",
        first.sessions(),
        "first",
        first.name(),
        "lift",
        first.lift());
  }

  /// How many sleeping sessions there is room for.
  public long sessions() {
    return first().sessions();
  }

  /// What is met first: `descriptors`, `epoll-watches` or `memory`.
  public String firstMet() {
    return first().name();
  }

  private Limit first() {
    return Stream.of(
            new Limit("descriptors", descriptors - OWN_DESCRIPTORS, "LimitNOFILE of the unit"),
            new Limit("epoll-watches", watches, "sysctl fs.epoll.max_user_watches"),
            new Limit(
                "memory",
                (memoryBytes - OWN_BYTES) / (SESSION_BYTES + KERNEL_BYTES),
                "MemoryMax of the unit, or more memory"))
        .min(Comparator.comparingLong(Limit::sessions))
        .orElseThrow();
  }
}
