package dormouse.feed;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.DecoderException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Reads what Redis says: RESP2, `+OK`, `-ERR …`, `:3`, `$5` and `*2`, each line ending in CRLF. A value is passed on when all
/// of it is there; one of more than 4 MiB, nested more than 8 deep, or that is none, ends the connection.
///
/// Lives on its connection's event loop.
final class RedisReader extends ByteToMessageDecoder {
  static final int MOST_BYTES = 4 << 20;
  private static final int MOST_DEEP = 8;
  private static final int LONGEST_NUMBER = 10;

  @Override
  protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
    int start = in.readerIndex();
    RedisValue value = value(in, 0);
    if (value != null) {
      out.add(value);
      return;
    }
    in.readerIndex(start);
    if (in.readableBytes() > MOST_BYTES) {
      throw new DecoderException("a value of more than " + MOST_BYTES + " bytes");
    }
  }

  /// @return null if not all of it is there
  private static @Nullable RedisValue value(ByteBuf in, int depth) {
    if (depth > MOST_DEEP) {
      throw new DecoderException("nested too deep");
    }
    String line = line(in);
    if (line == null) {
      return null;
    }
    if (line.isEmpty()) {
      throw new DecoderException("an empty line");
    }
    String rest = line.substring(1);
    return switch (line.charAt(0)) {
      case '+', ':' -> new RedisValue.Text(rest);
      case '-' -> new RedisValue.Failure(rest);
      case '$' -> string(in, length(rest));
      case '*' -> array(in, length(rest), depth);
      default -> throw new DecoderException("no RESP2");
    };
  }

  private static @Nullable String line(ByteBuf in) {
    int length = in.bytesBefore((byte) '\n');
    if (length < 0) {
      return null;
    }
    String line = in.readString(length, StandardCharsets.UTF_8);
    in.skipBytes(1);
    return line.endsWith("\r") ? line.substring(0, line.length() - 1) : line;
  }

  /// @return -1 for null
  private static int length(String digits) {
    if (digits.equals("-1")) {
      return -1;
    }
    boolean number =
        !digits.isEmpty()
            && digits.length() < LONGEST_NUMBER
            && digits.chars().allMatch(c -> c >= '0' && c <= '9');
    int length = number ? Integer.parseInt(digits) : MOST_BYTES + 1;
    if (length > MOST_BYTES) {
      throw new DecoderException("no length");
    }
    return length;
  }

  private static @Nullable RedisValue string(ByteBuf in, int length) {
    if (length < 0) {
      return new RedisValue.Nothing();
    }
    if (in.readableBytes() < length + 2) {
      return null;
    }
    String text = in.readString(length, StandardCharsets.UTF_8);
    in.skipBytes(2);
    return new RedisValue.Text(text);
  }

  private static @Nullable RedisValue array(ByteBuf in, int length, int depth) {
    if (length < 0) {
      return new RedisValue.Nothing();
    }
    List<RedisValue> items = new ArrayList<>();
    for (int i = 0; i < length; i++) {
      RedisValue item = value(in, depth + 1);
      if (item == null) {
        return null;
      }
      items.add(item);
    }
    return new RedisValue.Many(items);
  }
}
