package dormouse.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/// How much of the processors a process has used, its own code's and the kernel's for it together; by `/proc/PID/stat` in steps of
/// 10 ms.
final class CpuTime {
  private static final int USER = 11; // counted from the state, which follows the name
  private static final int SYSTEM = 12;
  private static final long TICKS_PER_SECOND = 100; // what Linux shows, whatever its own timer

  private CpuTime() {}

  /// Of all these processes since their start.
  static Duration of(List<Long> pids) {
    return pids.stream().map(CpuTime::of).reduce(Duration.ZERO, Duration::plus);
  }

  /// Of one process since its start, but for what its virtual machine compiled; to the nanosecond, where the kernel counts so. Of threads that
  /// have ended nothing is known.
  static Duration withoutCompilers(long pid) {
    long nanos = 0;
    try (DirectoryStream<Path> threads =
        Files.newDirectoryStream(Path.of("/proc", Long.toString(pid), "task"))) {
      for (Path thread : threads) {
        if (!Files.readString(thread.resolve("comm")).matches("C[12] Compiler.*\n")) {
          String spent = Files.readString(thread.resolve("schedstat"));
          nanos += Long.parseLong(spent.substring(0, spent.indexOf(' ')));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return Duration.ofNanos(nanos);
  }

  private static Duration of(long pid) {
    try {
      String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      long ticks = Long.parseLong(fields[USER]) + Long.parseLong(fields[SYSTEM]);
      return Duration.ofMillis(ticks * 1000 / TICKS_PER_SECOND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
