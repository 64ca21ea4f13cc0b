package dormouse.imap.view;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// What do the UIDs of a mailbox cost, and what to tell of a change? 10,000 messages with gaps of 2 %. `./bench inner Views`
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class ViewsBenchmark {
  private static final int MESSAGES = 10_000;
  private static final int ONE_GAP_IN = 50;
  private static final int GONE = 10;

  private final UidSet before = messages();
  private final UidSet after = later(before);
  private final String text = text(before);
  private final SplittableRandom random = new SplittableRandom(1);
  private final ByteBuf out = Unpooled.directBuffer(1 << 16);

  private static UidSet messages() {
    SplittableRandom random = new SplittableRandom(1);
    UidSet.Builder uids = UidSet.builder();
    long uid = 0;
    for (int i = 0; i < MESSAGES; i++) {
      uid += random.nextInt(ONE_GAP_IN) == 0 ? 2 : 1;
      uids.add(uid);
    }
    return uids.build();
  }

  /// Ten messages are gone, one is new.
  private static UidSet later(UidSet before) {
    UidSet gone = UidSet.EMPTY;
    for (int i = 1; i <= GONE; i++) {
      gone = gone.union(UidSet.of(before.uidAt(i * MESSAGES / GONE)));
    }
    return before.minus(gone).union(UidSet.of(before.last() + 1));
  }

  private static String text(UidSet uids) {
    StringBuilder text = new StringBuilder();
    uids.forEachRange((first, last) -> {
      text.append(text.isEmpty() ? "" : ",").append(first);
      if (last > first) {
        text.append(':').append(last);
      }
    });
    return text.toString();
  }

  /// Reads `1:50,52:99…`.
  @Benchmark
  public UidSet parse() {
    return Objects.requireNonNull(UidSet.parse(text));
  }

  /// The number of a message of a given UID.
  @Benchmark
  public int numberOfUid() {
    return before.seqOf(random.nextLong(before.last()));
  }

  /// What is gone and what is new.
  @Benchmark
  public ViewDiff difference() {
    return ViewDiff.between(before, after);
  }

  /// The same, and the lines that tell a client of it.
  @Benchmark
  public int differenceInLines() {
    out.clear();
    ViewDiff.between(before, after).write(out, false, 0);
    return out.writerIndex();
  }

  @TearDown
  public void end() {
    out.release();
  }
}
