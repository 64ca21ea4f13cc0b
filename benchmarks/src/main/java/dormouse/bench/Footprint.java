package dormouse.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// What a Java process of this machine takes, right after a full collection of its garbage. Immutable.
///
/// @param heap bytes of live objects
/// @param pss bytes of memory that are its own, and its share of those that it shares
/// @param rss bytes of memory that it has mapped in
/// @param threads of the kernel
/// @param descriptors open files and sockets
/// @param kernel what the kernel keeps of all sockets of the machine ([KernelMemory])
record Footprint(long heap, long pss, long rss, long threads, long descriptors, long kernel) {
  private static final Path JCMD = Path.of(System.getProperty("java.home"), "bin", "jcmd");
  private static final Pattern TOTAL = Pattern.compile("(?m)^Total +\\d+ +(\\d+)");

  /// Collects the garbage of the process, has its allocator give back what is free, and looks at it.
  static Footprint of(long pid) throws IOException, InterruptedException {
    jcmd(pid, "GC.run");
    jcmd(pid, "System.trim_native_heap"); // what was freed, but not given back
    Path process = Path.of("/proc", Long.toString(pid));
    String memory = Files.readString(process.resolve("smaps_rollup"));
    long descriptors;
    try (Stream<Path> files = Files.list(process.resolve("fd"))) {
      descriptors = files.count();
    }
    return new Footprint(
        number(TOTAL, jcmd(pid, "GC.class_histogram")),
        1024 * number(Pattern.compile("(?m)^Pss: +(\\d+) kB"), memory),
        1024 * number(Pattern.compile("(?m)^Rss: +(\\d+) kB"), memory),
        number(
            Pattern.compile("(?m)^Threads:\\s+(\\d+)"),
            Files.readString(process.resolve("status"))),
        descriptors,
        KernelMemory.ofSockets());
  }

  private static long number(Pattern where, String text) {
    Matcher found = where.matcher(text);
    if (!found.find()) {
      throw new IllegalStateException("no " + where + " in " + text);
    }
    return Long.parseLong(found.group(1));
  }

  private static String jcmd(long pid, String command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(JCMD.toString(), Long.toString(pid), command)
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IllegalStateException("jcmd " + command + ": " + said);
    }
    return said;
  }
}
