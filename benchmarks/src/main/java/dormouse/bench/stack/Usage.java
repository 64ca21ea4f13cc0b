package dormouse.bench.stack;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// Seconds of the processors that a stack has used since it was started, its kernel's part with it. Immutable.
///
/// @param front of what clients connect to
/// @param back of the backend, where it is not the same
/// @param compilers of the front, what a virtual machine there has compiled
public record Usage(double front, double back, double compilers) {
  private static final double TICKS_PER_SECOND = 100; // what Linux shows, whatever its own timer
  private static final int FIRST_TIME =
      11; // utime, stime, then those of children that were waited for
  private static final int TIMES = 4;

  static Usage of(List<Long> roots) {
    return new Usage(pids(roots).mapToDouble(Usage::seconds).sum(), 0, 0);
  }

  /// The same, with what was compiled.
  Usage compiling(List<Long> roots) {
    return new Usage(front, back, pids(roots).mapToDouble(Usage::compilerSeconds).sum());
  }

  Usage behind(Usage other) {
    return new Usage(other.front, front, other.compilers);
  }

  public Usage minus(Usage earlier) {
    return new Usage(front - earlier.front, back - earlier.back, compilers - earlier.compilers);
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

  /// `/proc/PID/stat` has steps of 10 ms, too coarse for a process of one session; `schedstat` has nanoseconds, of its one thread.
  private static double seconds(long pid) {
    Path process = Path.of("/proc", Long.toString(pid));
    try {
      String stat = Files.readString(process.resolve("stat"));
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      double[] times = new double[TIMES];
      for (int i = 0; i < TIMES; i++) {
        times[i] = Long.parseLong(fields[FIRST_TIME + i]) / TICKS_PER_SECOND;
      }
      double own = times[0] + times[1];
      if (fields[17].equals("1")) {
        own = exactSeconds(process);
      }
      return own + times[2] + times[3];
    } catch (IOException _) {
      return 0; // it has ended, and counts with its parent
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
