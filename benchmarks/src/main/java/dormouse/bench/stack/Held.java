package dormouse.bench.stack;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// The memory that a stack holds. Immutable.
///
/// @param front bytes of the processes that clients connect to: Pss, less the room that a heap has and does not need
/// @param back of all others
/// @param tables page tables, and the kernel's stacks at 16 KiB a thread
/// @param processes how many there are
public record Held(long front, long back, long tables, int processes) {
  private static final Path DROP = Path.of("/proc/sys/vm/drop_caches");
  private static final String NAMES = "2";
  private static final long KERNEL_STACK = 16 << 10;
  private static final long LOOK_NANOS = 250_000_000;
  private static final int MOST_LOOKS = 40;
  private static final long STEADY_BYTES = 16 << 10; // between two looks
  private static final long SAME_BYTES = 64 << 10;
  private static final Pattern PSS = Pattern.compile("(?m)^Pss: +(\\d+) kB");
  private static final Pattern FILES = Pattern.compile("(?m)^Pss_File: +(\\d+) kB");
  private static final Pattern TABLES = Pattern.compile("(?m)^VmPTE:\\s+(\\d+) kB");
  private static final Pattern THREADS = Pattern.compile("(?m)^Threads:\\s+(\\d+)");

  /// Sockets, their inodes, files, names; epoll's records; inotify's; of processes their tasks, areas and files.
  private static final List<String> SLABS =
      List.of(
          "TCP",
          "TCPv6",
          "UNIX",
          "sock_inode_cache",
          "filp",
          "lsm_file_cache",
          "lsm_inode_cache",
          "dentry",
          "eventpoll_epi",
          "eventpoll_pwq",
          "ep_head",
          "inotify_inode_mark",
          "fsnotify_mark_connector",
          "task_struct",
          "signal_cache",
          "sighand_cache",
          "files_cache",
          "mm_struct",
          "vm_area_struct",
          "anon_vma",
          "anon_vma_chain",
          "cred",
          "cred_jar",
          "pid");

  /// @param direct whether Dovecot's login processes count as the front, and all others as the back
  /// @param files whether what is mapped in of files counts
  static Held of(List<Long> roots, boolean direct, boolean files) {
    long front = 0;
    long back = 0;
    long tables = 0;
    int processes = 0;
    for (long pid : Usage.pids(roots).toList()) {
      Path process = Path.of("/proc", Long.toString(pid));
      try {
        String memory = Files.readString(process.resolve("smaps_rollup"));
        long pss = 1024 * (number(PSS, memory) - (files ? 0 : number(FILES, memory)));
        String status = Files.readString(process.resolve("status"));
        if (!direct || Files.readString(process.resolve("comm")).strip().equals("imap-login")) {
          front += pss;
        } else {
          back += pss;
        }
        tables += 1024 * number(TABLES, status) + KERNEL_STACK * number(THREADS, status);
        processes++;
      } catch (IOException _) {
        // it has ended
      }
    }
    return new Held(front, back, tables, processes);
  }

  /// What is behind this front.
  Held behind(Held other) {
    return new Held(other.front, front, tables + other.tables, processes + other.processes);
  }

  /// What a look finds in the front, without room that it does not need. As a heap goes on changing, that is asked for right before the look, and right behind it.
  static Held without(LongSupplier unused, Supplier<Held> look) {
    long before = unused.getAsLong();
    Held found = look.get();
    return found.less((before + unused.getAsLong()) / 2);
  }

  private Held less(long unused) {
    return new Held(front - unused, back, tables, processes);
  }

  /// Memory that has been looked at until it was the same for some looks, or for long enough.
  ///
  /// @param held what the last look found
  /// @param changedBytes by how much it still changed between the last looks; 0 if it was the same
  public record Steady(Held held, long changedBytes) {}

  /// Looks again until so many looks in turn, the first of them with them, find the same in front and back, to 64 KiB; at the latest when there were so many in all.
  ///
  /// @param pause lies between two looks
  public static Steady steady(Supplier<Held> look, Runnable pause, int alike, int most) {
    Held first = look.get(); // of those alike
    Held last = first;
    int same = 1;
    long changed = 0;
    for (int looks = 1; looks < most && same < alike; looks++) {
      pause.run();
      last = look.get();
      long now = Math.abs(last.front + last.back - first.front - first.back);
      if (now <= SAME_BYTES) {
        same++;
      } else {
        first = last;
        same = 1;
        changed = now;
      }
    }
    return new Steady(last, same < alike ? changed : 0);
  }

  public Held minus(Held earlier) {
    return new Held(
        front - earlier.front,
        back - earlier.back,
        tables - earlier.tables,
        processes - earlier.processes);
  }

  private static long number(Pattern where, String text) {
    Matcher found = where.matcher(text);
    return found.find() ? Long.parseLong(found.group(1)) : 0; // a process that is ending has none
  }

  /// The same without what the kernel remembers of files that nobody has open, once two looks, a quarter of a second apart, agree; after ten seconds all the same: what was
  /// closed is given back (RCU) only a little later.
  public static long settledSlabs() {
    forgetNames();
    return settled(Held::kernelSlabs, () -> LockSupport.parkNanos(LOOK_NANOS));
  }

  /// It would do so itself as soon as it needed room. Only root may ask for it.
  private static void forgetNames() {
    try {
      Files.writeString(DROP, NAMES);
    } catch (IOException _) {
      // then they count
    }
  }

  /// @param pause lies between two looks
  static long settled(LongSupplier look, Runnable pause) {
    long before = look.getAsLong();
    for (int i = 1; i < MOST_LOOKS; i++) {
      pause.run();
      long now = look.getAsLong();
      if (Math.abs(now - before) < STEADY_BYTES) {
        return now;
      }
      before = now;
    }
    return before;
  }

  /// Bytes in use, by `/proc/slabinfo`, which only root may read; 0 for others.
  public static long kernelSlabs() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/slabinfo"))) {
      return lines
          .map(line -> line.split(" +"))
          .filter(fields -> SLABS.contains(fields[0]))
          .mapToLong(fields -> Long.parseLong(fields[1]) * Long.parseLong(fields[3]))
          .sum();
    } catch (IOException _) {
      return 0;
    }
  }
}
