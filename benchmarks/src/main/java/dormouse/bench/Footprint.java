package dormouse.bench;

import dormouse.bench.stack.Jvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// What a Java process of this machine takes, right after a full collection of its garbage. Immutable.
///
/// @param heap bytes of live objects
/// @param own bytes of memory that are its own alone, behind no file: what of the JVM's and the JDK's files is mapped in goes up and down with the other processes
///     of the machine that do the same, and with the kernel's need for memory
/// @param pss these, and its share of what it shares with others
/// @param rss bytes of memory that it has mapped in
/// @param threads of the kernel
/// @param descriptors open files and sockets
/// @param kernel what the kernel keeps of all sockets of the machine ([KernelMemory])
record Footprint(
    long heap, long own, long pss, long rss, long threads, long descriptors, long kernel) {
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final Pattern TOTAL = Pattern.compile("(?m)^Total +\\d+ +(\\d+)");

  /// Waits until its compilers have had nothing to do for a while, who take megabytes while they work; then collects the garbage of the process, has its allocator give back what is
  /// free, and looks at it.
  static Footprint of(long pid) throws IOException {
    Jvm jvm = new Jvm(pid);
    boolean _ = jvm.awaitCompilersGone(PATIENCE); // else the figure is what it is
    jvm.say("GC.run");
    jvm.say("System.trim_native_heap"); // what was freed, but not given back
    Path process = Path.of("/proc", Long.toString(pid));
    String memory = Files.readString(process.resolve("smaps_rollup"));
    long descriptors;
    try (Stream<Path> files = Files.list(process.resolve("fd"))) {
      descriptors = files.count();
    }
    return new Footprint(
        number(TOTAL, jvm.say("GC.class_histogram")),
        1024 * number(Pattern.compile("(?m)^Pss_Anon: +(\\d+) kB"), memory),
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
}
