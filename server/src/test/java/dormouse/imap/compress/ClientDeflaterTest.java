package dormouse.imap.compress;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ClientDeflaterTest {
  private final ClientDeflater deflater = new ClientDeflater(ByteBufAllocator.DEFAULT);
  private final Inflater client = new Inflater(true);

  @AfterEach
  void end() {
    deflater.end();
    client.end();
  }

  @Test
  void allThatWasSaidIsThereAfterEachFlush() throws DataFormatException {
    for (int seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      ByteBuf said = Unpooled.buffer();
      ByteBuf sent = Unpooled.buffer();
      for (int i = random.nextInt(5); i >= 0; i--) {
        byte[] part = new byte[random.nextInt(1 << random.nextInt(17))];
        for (int at = 0; at < part.length; at++) {
          part[at] = (byte) random.nextInt(1 + seed);
        }
        said.writeBytes(part);
        deflater.deflate(Unpooled.wrappedBuffer(part), sent);
      }
      assertThat(deflater.waits()).isTrue();
      deflater.flush(sent);

      assertThat(deflater.waits()).isFalse();
      byte[] heard = inflate(bytes(sent), said.readableBytes());
      assertThat(Arrays.mismatch(heard, bytes(said))).as("seed %d", seed).isEqualTo(-1);
      if (random.nextInt(3) == 0) {
        deflater.rest();
      }
    }
  }

  @Test
  void littleIsStoredWhileThereIsNoDeflater() {
    ByteBuf sent = Unpooled.buffer();
    deflater.deflate(Unpooled.copiedBuffer("* OK Still", ISO_8859_1), sent);
    deflater.deflate(Unpooled.copiedBuffer(" here\r\n", ISO_8859_1), sent);
    deflater.flush(sent);

    assertThat(sent.toString(ISO_8859_1)).isEqualTo("\0\u0011\0\u00ee\u00ff* OK Still here\r\n");
  }

  @Test
  void muchIsMadeLittle() {
    ByteBuf sent = Unpooled.buffer();
    deflater.deflate(
        Unpooled.copiedBuffer("* 1 FETCH (FLAGS ())\r\n".repeat(1000), ISO_8859_1), sent);
    deflater.flush(sent);

    assertThat(sent.readableBytes()).isLessThan(300);
  }

  @Test
  void aFlushOfNothingSaysNothing() {
    ByteBuf sent = Unpooled.buffer();
    deflater.deflate(Unpooled.wrappedBuffer(new byte[1000]), sent);
    deflater.flush(sent);
    sent.clear();

    deflater.flush(sent);

    assertThat(sent.isReadable()).isFalse();
  }

  /// @param most one byte more than this would be found
  private byte[] inflate(byte[] sent, int most) throws DataFormatException {
    client.setInput(sent);
    byte[] heard = new byte[most + 1];
    int length = 0;
    int more;
    do {
      more = client.inflate(heard, length, heard.length - length);
      length += more;
    } while (more > 0);
    assertThat(client.needsInput()).isTrue();
    return Arrays.copyOf(heard, length);
  }

  private static byte[] bytes(ByteBuf buffer) {
    byte[] bytes = new byte[buffer.readableBytes()];
    buffer.getBytes(buffer.readerIndex(), bytes);
    return bytes;
  }
}
