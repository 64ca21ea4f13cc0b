package dormouse.tls.records;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// What does a TLS 1.3 record cost to seal, and to open again? `./bench inner Records`
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class RecordsBenchmark {
  private static final byte DATA = ContentType.APPLICATION_DATA.code;

  /// The cipher suite.
  @Param({"TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"})
  public String suite = "";

  /// Of the content: a keep-alive's, and the most there can be.
  @Param({"20", "16384"})
  public int bytes;

  private final ByteBuf sealed = Unpooled.directBuffer(1 << 15);
  private final ByteBuf opened = Unpooled.directBuffer(1 << 15);
  private ByteBuf content = Unpooled.EMPTY_BUFFER;
  private Protection sealing = protection(Suite.AES_128_GCM);
  private Protection opening = protection(Suite.AES_128_GCM);

  private static Protection protection(Suite suite) {
    return new Protection(suite, new byte[suite.secretBytes], 0);
  }

  @Setup
  public void begin() {
    Suite chosen = Objects.requireNonNull(Suite.named(suite));
    sealing = protection(chosen);
    opening = protection(chosen);
    content = PooledByteBufAllocator.DEFAULT.directBuffer(bytes).writeZero(bytes);
  }

  /// Seals one record.
  @Benchmark
  public int seal() {
    sealing.seal(content.readerIndex(0), bytes, DATA, sealed.clear());
    return sealed.writerIndex();
  }

  /// Seals one record and opens it.
  @Benchmark
  public int sealAndOpen() throws BadRecordException {
    sealing.seal(content.readerIndex(0), bytes, DATA, sealed.clear());
    sealed.skipBytes(Protection.HEADER_BYTES);
    opening.open(sealed, sealed.readableBytes(), opened.clear());
    return opened.writerIndex();
  }

  @TearDown
  public void end() {
    sealed.release();
    opened.release();
    content.release();
  }
}
