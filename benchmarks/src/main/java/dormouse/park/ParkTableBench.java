package dormouse.park;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import com.sun.management.GarbageCollectionNotificationInfo;
import dormouse.tls.records.ParkedRecords;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import javax.management.NotificationEmitter;
import javax.management.openmbean.CompositeData;

/// What do ten million parked sockets cost in one table, and what do the collector and each look-up take?
/// ```text
/// ./bench own park [RECORDS] [HEAP-BYTES]
/// ```
/// No sockets are opened. Every slot is filled, then slots are looked up at random, all of their TLS read; then at random one goes
/// and one comes, with garbage made meanwhile, as a server makes it. Pauses are those that the collector tells of; at the end all of the heap is collected
/// once, as no server does by itself.
///
/// With HEAP-BYTES each record has an owner of about that size, in objects of 40 bytes, as sleeping sessions have; without, they share one.
public final class ParkTableBench {
  private static final int RECORDS = 10_000_000;
  private static final int TURNS = 5_000_000;
  private static final int GARBAGE_BYTES = 1 << 10;
  private static final int PART_BYTES = 40;

  private final PrintStream out;
  private final int records;
  private final int parts; // of each owner
  private long sum;
  private final AtomicLong longestPauseMillis = new AtomicLong();
  private final AtomicInteger pauses = new AtomicInteger();

  /// Of whom there is one a record.
  private record Owner(List<byte[]> parts) {}

  private static final Owner NOBODY = new Owner(List.of());

  private ParkTableBench(PrintStream out, int records, int parts) {
    this.out = out;
    this.records = records;
    this.parts = parts;
  }

  public static void main(String... arguments) throws IOException {
    Locale.setDefault(Locale.ROOT);
    int records = arguments.length > 0 ? Integer.parseInt(arguments[0]) : RECORDS;
    int heap = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 0;
    new ParkTableBench(System.out, records, heap / PART_BYTES).run();
  }

  private void run() throws IOException {
    sum += NOBODY.hashCode();
    System.gc(); // what all records refer to is old
    watchCollectors();
    try (Arena arena = Arena.ofConfined()) {
      ParkTable<Owner> table = new ParkTable<>(new Kernel(arena), records);
      SplittableRandom random = new SplittableRandom(1);
      long before = pss();
      MemorySegment content = arena.allocate(ParkedRecords.BYTES);
      content.fill((byte) 7);
      report("insert", records, () -> insertAll(table, content));
      say("%,d records: Pss grew by %,d bytes each".formatted(records, (pss() - before) / records));
      report("look up and read", TURNS, () -> lookUp(table, random));
      report(
          "remove and insert, 1 KiB of garbage each", TURNS, () -> renew(table, random, content));
      report("collect all", 1, System::gc);
      say("Pss of the process: %,d MB (%d)".formatted(pss() >> 20, sum & 1));
      table.close();
    }
  }

  private void watchCollectors() {
    for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
      if (collector.getName().contains("Concurrent")) {
        continue; // its pauses are told by the others
      }
      ((NotificationEmitter) collector)
          .addNotificationListener(
              (told, _) -> {
                long millis =
                    GarbageCollectionNotificationInfo.from((CompositeData) told.getUserData())
                        .getGcInfo()
                        .getDuration();
                longestPauseMillis.accumulateAndGet(millis, Math::max);
                pauses.incrementAndGet();
              },
              null,
              null);
    }
  }

  private Owner owner() {
    if (parts == 0) {
      return NOBODY;
    }
    List<byte[]> all = new ArrayList<>(parts);
    for (int i = 0; i < parts; i++) {
      all.add(new byte[PART_BYTES - 16 - 4]); // beside its header and the reference to it
    }
    return new Owner(all);
  }

  private void insertAll(ParkTable<Owner> table, MemorySegment content) {
    for (int i = 0; i < records; i++) {
      table.records(table.add(i, owner())).copyFrom(content);
    }
  }

  private void lookUp(ParkTable<Owner> table, SplittableRandom random) {
    for (int i = 0; i < TURNS; i++) {
      int slot = random.nextInt(records);
      MemorySegment tls = table.records(slot);
      for (long at = 0; at < ParkedRecords.BYTES; at += Integer.BYTES) {
        sum += tls.get(JAVA_INT, at);
      }
      sum += table.fd(slot) + table.owner(slot).parts().size();
    }
  }

  private void renew(ParkTable<Owner> table, SplittableRandom random, MemorySegment content) {
    for (int i = 0; i < TURNS; i++) {
      table.remove(random.nextInt(records));
      table.records(table.add(i, owner())).copyFrom(content);
      sum += new byte[GARBAGE_BYTES].length;
    }
  }

  private void report(String what, int times, Runnable work) {
    longestPauseMillis.set(0);
    pauses.set(0);
    long begin = System.nanoTime();
    work.run();
    long nanos = System.nanoTime() - begin;
    say(
        "%s: %,d ns each, %,d ms; %d pauses of the collector, the longest %,d ms"
            .formatted(
                what, nanos / times, nanos / 1_000_000, pauses.get(), longestPauseMillis.get()));
  }

  private static long pss() throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/smaps_rollup"))) {
      return lines
          .filter(line -> line.startsWith("Pss:"))
          .mapToLong(line -> Long.parseLong(line.split("\\s+")[1]) << 10)
          .sum();
    }
  }

  private void say(String line) {
    out.println(line);
    out.flush();
  }
}
