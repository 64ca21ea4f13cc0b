package dormouse.bench.stack;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// Seconds of the processors that a stack has used since it was started, its kernel's part with it. Immutable.
///
/// @param front of what clients connect to
/// @param back of all others
/// @param compilers of the front, what a virtual machine there has compiled
/// @param kernel of the front, the kernel's part, by `/proc/PID/stat` in steps of 10 ms
public record Usage(double front, double back, double compilers, double kernel) {
  private static final double TICKS_PER_SECOND = 100; // what Linux shows, whatever its own timer
  private static final int SYSTEM = 12; // stime, counted from the state, which follows the name
  private static final int CHILDREN = 13; // cutime, cstime: of those that were waited for
  private static final String LOGIN = "imap-login";
  private static final int WHOLE_PROCESS = 2; // CPUCLOCK_SCHED, in the lowest bits of a clock

  @SuppressWarnings("restricted") // which a call of the kernel is
  private static final MethodHandle CLOCK_GETTIME =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().findOrThrow("clock_gettime"),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS));

  /// @param direct whether Dovecot's login processes count as the front, and all others as the back
  static Usage of(List<Long> roots, boolean direct) {
    double[] seconds = new double[3]; // front, back, the kernel's of the front
    pids(roots).forEach(pid -> count(pid, direct, seconds));
    return new Usage(seconds[0], seconds[1], 0, seconds[2]);
  }

  /// The same, with what was compiled.
  Usage compiling(List<Long> roots) {
    return new Usage(front, back, pids(roots).mapToDouble(Usage::compilerSeconds).sum(), kernel);
  }

  /// What is behind this front.
  Usage behind(Usage other) {
    return new Usage(other.front, front, other.compilers, other.kernel);
  }

  public Usage minus(Usage earlier) {
    return new Usage(
        front - earlier.front,
        back - earlier.back,
        compilers - earlier.compilers,
        kernel - earlier.kernel);
  }

  public double sum() {
    return front + back;
  }

  /// These processes and all below them, as far as they still run.
  static Stream<Long> pids(List<Long> roots) {
    return roots.stream()
        .flatMap(root -> ProcessHandle.of(root).stream())
        .flatMap(root -> Stream.concat(Stream.of(root), root.descendants()))
        .map(ProcessHandle::pid);
  }

  private static void count(long pid, boolean direct, double[] seconds) {
    try {
      String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
      int named = stat.lastIndexOf(')');
      String[] fields = stat.substring(named + 2).split(" ", -1);
      double children = ticks(fields, CHILDREN) + ticks(fields, CHILDREN + 1);
      boolean front = !direct || stat.substring(stat.indexOf('(') + 1, named).equals(LOGIN);
      seconds[front ? 0 : 1] += processSeconds(pid) + children;
      if (front) {
        seconds[2] += ticks(fields, SYSTEM) + ticks(fields, CHILDREN + 1);
      }
    } catch (IOException _) {
      // it has ended, and counts with its parent
    }
  }

  private static double ticks(String[] fields, int which) {
    return Long.parseLong(fields[which]) / TICKS_PER_SECOND;
  }

  /// By the process' own clock (clock_getcpuclockid(3)), to the nanosecond, threads that have ended with it; what `/proc/PID/stat` has of it
  /// are steps of 10 ms, too coarse for a process of one session, or for a round of a second.
  private static double processSeconds(long pid) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment time = arena.allocate(2 * Long.BYTES, Long.BYTES);
      int failed = (int) CLOCK_GETTIME.invokeExact((int) ((~pid << 3) | WHOLE_PROCESS), time);
      return failed != 0
          ? 0 // it has ended
          : time.get(ValueLayout.JAVA_LONG, 0) + time.get(ValueLayout.JAVA_LONG, Long.BYTES) / 1e9;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  private static double exactSeconds(Path task) throws IOException {
    String schedstat = Files.readString(task.resolve("schedstat"));
    return Long.parseLong(schedstat.substring(0, schedstat.indexOf(' '))) / 1e9;
  }

  private static double compilerSeconds(long pid) {
    double seconds = 0;
    try (DirectoryStream<Path> threads =
        Files.newDirectoryStream(Path.of("/proc", Long.toString(pid), "task"))) {
      for (Path thread : threads) {
        if (Files.readString(thread.resolve("comm")).matches("C[12] Compiler.*\n")) {
          seconds += exactSeconds(thread);
        }
      }
    } catch (IOException _) {
      // it has ended
    }
    return seconds;
  }
}
