package dormouse.park;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dormouse.tls.records.ParkedRecords;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// What does a slot cost among a million? No sockets are opened; ten million, with their users: [dormouse.imap.FoldedUsersBench]. `./bench inner ParkTable`
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class ParkTableBenchmark {
  private static final int SLOTS = 1_000_000;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment content = arena.allocate(ParkedRecords.BYTES).fill((byte) 7);
  private final SplittableRandom random = new SplittableRandom(1);
  private final ParkTable<String> table;

  public ParkTableBenchmark() {
    try {
      table = new ParkTable<>(SLOTS);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Setup
  public void fill() {
    for (int i = 0; i < SLOTS; i++) {
      table.records(table.add(i, "")).copyFrom(content);
    }
  }

  /// Reads all of the TLS of a slot, at random.
  @Benchmark
  public int lookUp() {
    int slot = random.nextInt(SLOTS);
    MemorySegment tls = table.records(slot);
    int sum = table.fd(slot);
    for (long at = 0; at < ParkedRecords.BYTES; at += Integer.BYTES) {
      sum += tls.get(JAVA_INT, at);
    }
    return sum;
  }

  /// Frees a slot at random, and takes and fills it anew.
  @Benchmark
  public int renew() {
    int slot = random.nextInt(SLOTS);
    int fd = table.fd(slot);
    table.remove(slot);
    int taken = table.add(fd, "");
    table.records(taken).copyFrom(content);
    return taken;
  }

  @TearDown
  public void end() {
    table.close();
    arena.close();
  }
}
