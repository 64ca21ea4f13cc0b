package dormouse.imap.compress;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ClientInflaterTest {
  private static final int[] FLUSHES = {
    Deflater.NO_FLUSH, Deflater.SYNC_FLUSH, Deflater.SYNC_FLUSH, Deflater.FULL_FLUSH
  };
  private static final int[] STRATEGIES = {
    Deflater.DEFAULT_STRATEGY, Deflater.FILTERED, Deflater.HUFFMAN_ONLY
  };

  @Test
  void whateverADeflaterMakesIsInflated() throws MalformedDeflateException {
    for (int seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      byte[] plain = plain(random, random.nextInt(1 << (4 + random.nextInt(15))));
      byte[] deflated = deflated(random, plain);

      byte[] inflated = inflated(random, deflated, random.nextBoolean());
      assertThat(Arrays.mismatch(inflated, plain)).as("seed %d", seed).isEqualTo(-1);
    }
  }

  @Test
  void aStreamMayBeCutAnywhere() throws MalformedDeflateException {
    for (int seed = 0; seed < 20; seed++) {
      Random random = new Random(seed);
      byte[] plain = plain(random, 500);
      byte[] deflated = deflated(random, plain);
      for (int at = 0; at <= deflated.length; at++) {
        Stream stream = new Stream();
        stream.take(Arrays.copyOf(deflated, at), 1000);
        stream.inflater.rest();
        stream.take(Arrays.copyOfRange(deflated, at, deflated.length), 1000);

        assertThat(Arrays.mismatch(stream.plain.toByteArray(), plain))
            .as("seed %d, cut at %d", seed, at)
            .isEqualTo(-1);
      }
    }
  }

  /// Long streams refer to what is 32 KiB back, and no farther.
  @Test
  void theWindowHoldsAllThatMayBeReferredTo() throws MalformedDeflateException {
    byte[] part = new byte[Window.MAX_BYTES - 300];
    new Random(1).nextBytes(part);
    ByteArrayOutputStream plain = new ByteArrayOutputStream();
    for (int i = 0; i < 5; i++) {
      plain.writeBytes(part);
    }
    Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION, true);
    byte[] deflated = flushed(deflater, plain.toByteArray());
    deflater.end();
    assertThat(deflated.length).isLessThan(2 * part.length);

    byte[] inflated = inflated(new Random(0), deflated, true);
    assertThat(Arrays.mismatch(inflated, plain.toByteArray())).isEqualTo(-1);
  }

  @Test
  void eachMessageComesWholeHoweverTheClientFlushes() throws MalformedDeflateException {
    Random random = new Random(7);
    PartialFlushes flushes = new PartialFlushes();
    Stream stream = new Stream();
    for (int i = 0; i < 2000; i++) {
      byte[] message = plain(random, 1 + random.nextInt(40));
      stream.plain.reset();
      stream.take(flushes.message(message), 600);

      assertThat(stream.plain.toByteArray()).isEqualTo(message);
      stream.inflater.rest();
    }
  }

  @Test
  void aQuietClientCostsWhatItHasSaidOrLess() throws MalformedDeflateException {
    Stream stream = new Stream();
    Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
    assertThat(stream.inflater.keptBytes()).isZero();

    for (int i = 0; i < 1000; i++) {
      stream.take(
          flushed(deflater, "A%04d IDLE\r\nDONE\r\n".formatted(i).getBytes(ISO_8859_1)), 600);
      stream.inflater.rest();
      assertThat(stream.inflater.keptBytes()).isLessThan(18 * (i + 1) + 64);
    }
    assertThat(stream.inflater.keptBytes()).isLessThan(6000);
    deflater.end();
  }

  /// The same comes out of damaged streams as from zlib's inflater, and then the same is refused. Where it is not at once (a
  /// code without symbols), the bytes behind make it.
  @Test
  void damageIsFoundWhereZlibFindsIt() {
    int refused = 0;
    for (int seed = 0; seed < 3000; seed++) {
      Random random = new Random(seed);
      byte[] deflated = deflated(random, plain(random, random.nextInt(600)));
      for (int i = random.nextInt(4); i >= 0 && deflated.length > 0; i--) {
        deflated[random.nextInt(deflated.length)] ^= (byte) (1 << random.nextInt(8));
      }
      deflated = Arrays.copyOf(deflated, deflated.length + 64);
      String ours = verdict(deflated);

      assertThat(ours.replaceFirst("refused.*", "refused"))
          .as("seed %d, %s: %s", seed, HexFormat.of().formatHex(deflated), ours)
          .isEqualTo(verdictOfZlib(deflated));
      refused += ours.contains("refused") ? 1 : 0;
    }
    assertThat(refused).isGreaterThan(2500);
  }

  @ParameterizedTest
  @CsvSource({
    "07, no such kind of block",
    "00 01 00 00 00, lengths of a stored block disagree",
    "03 00 00, bytes behind the end",
    "4b 04 00 00, bytes behind the end",
    "02 07 00, a distance beyond what there is",
    "fc 1f 00, too many symbols",
    "1b 03, no such length",
  })
  void whatIsNoStreamIsRefused(String hex, String why) {
    byte[] bytes = HexFormat.ofDelimiter(" ").parseHex(hex);
    Stream stream = new Stream();

    assertThatThrownBy(() -> stream.take(bytes, 600))
        .isInstanceOf(MalformedDeflateException.class)
        .hasMessage(why);
  }

  @ParameterizedTest
  @ValueSource(ints = {258, 300, 8192, 16384})
  void noMoreIsInflatedThanThereIsRoomFor(int room) throws MalformedDeflateException {
    Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION, true);
    byte[] bomb = flushed(deflater, new byte[10_000_000]);
    deflater.end();
    ClientInflater inflater = new ClientInflater();
    ByteBuf in = Unpooled.wrappedBuffer(bomb);
    ByteBuf out = Unpooled.buffer(room, room);

    assertThat(inflater.inflate(in, out)).isTrue();
    assertThat(out.readableBytes()).isBetween(1, room);
    assertThat(in.readableBytes()).isGreaterThan(bomb.length - 1100);
    assertThat(inflater.keptBytes()).isLessThanOrEqualTo(Window.MAX_BYTES + 4096);
  }

  private static String verdict(byte[] deflated) {
    Stream stream = new Stream();
    try {
      for (byte b : deflated) {
        stream.take(new byte[] {b}, 600);
      }
    } catch (MalformedDeflateException e) {
      return HexFormat.of().formatHex(stream.plain.toByteArray()) + " refused " + e.getMessage();
    }
    return HexFormat.of().formatHex(stream.plain.toByteArray());
  }

  private static String verdictOfZlib(byte[] deflated) {
    Inflater inflater = new Inflater(true);
    ByteArrayOutputStream plain = new ByteArrayOutputStream();
    byte[] one = new byte[1];
    try {
      for (byte b : deflated) {
        if (inflater.finished()) {
          return HexFormat.of().formatHex(plain.toByteArray()) + " refused";
        }
        inflater.setInput(new byte[] {b});
        while (inflater.inflate(one) > 0) {
          plain.write(one[0]);
        }
      }
      return HexFormat.of().formatHex(plain.toByteArray());
    } catch (DataFormatException _) {
      return HexFormat.of().formatHex(plain.toByteArray()) + " refused";
    } finally {
      inflater.end();
    }
  }

  /// Bytes as mail is: words that come again, runs, and some that nobody could foresee.
  private static byte[] plain(Random random, int length) {
    byte[] plain = new byte[length];
    int at = 0;
    while (at < length) {
      int run = Math.min(length - at, 1 + random.nextInt(300));
      switch (random.nextInt(4)) {
        case 0 -> Arrays.fill(plain, at, at + run, (byte) random.nextInt());
        case 1 -> {
          int from = at - Math.min(at, random.nextInt(33_000));
          System.arraycopy(plain.clone(), from, plain, at, run);
        }
        case 2 -> {
          for (int i = at; i < at + run; i++) {
            plain[i] = (byte) ('a' + random.nextInt(6));
          }
        }
        default -> {
          for (int i = at; i < at + run; i++) {
            plain[i] = (byte) random.nextInt();
          }
        }
      }
      at += run;
    }
    return plain;
  }

  private static byte[] deflated(Random random, byte[] plain) {
    Deflater deflater = new Deflater(random.nextInt(10), true);
    deflater.setStrategy(STRATEGIES[random.nextInt(STRATEGIES.length)]);
    deflater.deflate(new byte[0]); // does nothing but change the strategy
    ByteArrayOutputStream deflated = new ByteArrayOutputStream();
    int at = 0;
    while (at < plain.length) {
      int bytes = Math.min(plain.length - at, 1 + random.nextInt(20_000));
      deflater.setInput(plain, at, bytes);
      at += bytes;
      drain(deflater, FLUSHES[random.nextInt(FLUSHES.length)], deflated);
    }
    drain(deflater, Deflater.SYNC_FLUSH, deflated);
    if (random.nextBoolean()) {
      deflater.finish();
      drain(deflater, Deflater.NO_FLUSH, deflated);
    }
    deflater.end();
    return deflated.toByteArray();
  }

  private static byte[] flushed(Deflater deflater, byte[] plain) {
    ByteArrayOutputStream deflated = new ByteArrayOutputStream();
    deflater.setInput(plain);
    drain(deflater, Deflater.SYNC_FLUSH, deflated);
    return deflated.toByteArray();
  }

  private static void drain(Deflater deflater, int flush, ByteArrayOutputStream out) {
    byte[] some = new byte[1000];
    int bytes = some.length;
    while (bytes == some.length) {
      bytes = deflater.deflate(some, 0, some.length, flush);
      out.write(some, 0, bytes);
    }
  }

  private static byte[] inflated(Random random, byte[] deflated, boolean resting)
      throws MalformedDeflateException {
    Stream stream = new Stream();
    int at = 0;
    while (at < deflated.length) {
      int bytes = Math.min(deflated.length - at, 1 + random.nextInt(3000));
      stream.take(Arrays.copyOfRange(deflated, at, at + bytes), 258 + random.nextInt(16_000));
      at += bytes;
      if (resting) {
        stream.inflater.rest();
      }
    }
    return stream.plain.toByteArray();
  }

  private static final class Stream {
    final ClientInflater inflater = new ClientInflater();
    final ByteArrayOutputStream plain = new ByteArrayOutputStream();

    void take(byte[] deflated, int room) throws MalformedDeflateException {
      ByteBuf in = Unpooled.wrappedBuffer(deflated);
      boolean more = true;
      while (more) {
        ByteBuf out = Unpooled.buffer(room, room);
        try {
          more = inflater.inflate(in, out);
        } finally {
          plain.writeBytes(bytes(out));
        }
      }
      assertThat(in.isReadable()).isFalse();
    }

    private static byte[] bytes(ByteBuf out) {
      byte[] bytes = new byte[out.readableBytes()];
      out.readBytes(bytes);
      return bytes;
    }
  }
}
