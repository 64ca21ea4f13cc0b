package dormouse.feed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dormouse.feed.RedisValue.Failure;
import dormouse.feed.RedisValue.Many;
import dormouse.feed.RedisValue.Nothing;
import dormouse.feed.RedisValue.Text;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RedisReaderTest {
  private static final String SAID =
      "+OK\r\n:42\r\n-ERR no\r\n$-1\r\n*-1\r\n$6\r\n{ö\r\n}\r\n*2\r\n*1\r\n$1\r\na\r\n*0\r\n";
  private static final List<RedisValue> MEANT =
      List.of(
          new Text("OK"),
          new Text("42"),
          new Failure("ERR no"),
          new Nothing(),
          new Nothing(),
          new Text("{ö\r\n}"),
          new Many(List.of(new Many(List.of(new Text("a"))), new Many(List.of()))));

  private static List<RedisValue> read(byte[]... parts) {
    EmbeddedChannel channel = new EmbeddedChannel(new RedisReader());
    try {
      for (byte[] part : parts) {
        channel.writeInbound(Unpooled.copiedBuffer(part));
      }
      List<RedisValue> read = new ArrayList<>();
      for (RedisValue value = channel.readInbound(); value != null; value = channel.readInbound()) {
        read.add(value);
      }
      return read;
    } finally {
      channel.finishAndReleaseAll();
    }
  }

  @Test
  void everySortIsReadWholeAndCutAtEveryByte() {
    byte[] said = SAID.getBytes(StandardCharsets.UTF_8);
    assertThat(read(said)).isEqualTo(MEANT);
    for (int cut = 1; cut < said.length; cut++) {
      byte[] head = java.util.Arrays.copyOf(said, cut);
      byte[] tail = java.util.Arrays.copyOfRange(said, cut, said.length);
      assertThat(read(head, tail)).as("cut at " + cut).isEqualTo(MEANT);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1 400 Bad Request\r\n",
        "\r\n",
        "$x\r\n",
        "$-2\r\n",
        "$99999999999\r\n",
        "*4194305\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"
      })
  void whatIsNoneEndsTheConnection(String said) {
    assertThatThrownBy(() -> read(said.getBytes(StandardCharsets.UTF_8)))
        .isInstanceOf(DecoderException.class);
  }

  @Test
  void whatIsTooLongEndsTheConnection() {
    byte[] endless = new byte[RedisReader.MOST_BYTES];
    java.util.Arrays.fill(endless, (byte) 'x');
    assertThatThrownBy(() -> read(new byte[] {'+', 'x'}, endless))
        .isInstanceOf(DecoderException.class);
  }

  @Test
  void idsAreComparedAsNumbers() {
    assertThat(RedisFeed.compare("10-0", "9-0")).isPositive();
    assertThat(RedisFeed.compare("9-2", "9-10")).isNegative();
    assertThat(RedisFeed.compare("9-2", "9-2")).isZero();
  }
}
