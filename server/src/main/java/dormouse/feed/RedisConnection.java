package dormouse.feed;

import dormouse.directory.password.SealedPassword;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// One connection to Redis: commands, their answers in order, and what comes unasked once it has subscribed.
///
/// Lives on one event loop.
final class RedisConnection extends SimpleChannelInboundHandler<RedisValue> {
  /// Whose connection it is.
  interface Host {
    /// It stands, and is logged in.
    void connected(RedisConnection connection);

    /// Something came that answers no command.
    void heard(RedisValue value);

    /// It has ended, or could not be had. Told once.
    void lost();
  }

  private final Host host;
  private final Deque<Consumer<RedisValue>> asked = new ArrayDeque<>();
  private @Nullable Channel channel;
  private boolean over;

  RedisConnection(Host host) {
    this.host = host;
  }

  /// The first thing it does.
  ///
  /// @param password null: no login
  void logIn(@Nullable String user, @Nullable SealedPassword password) {
    if (password == null) {
      host.connected(this);
      return;
    }
    byte[] secret = password.open();
    byte[][] words =
        user == null
            ? new byte[][] {bytes("AUTH"), secret}
            : new byte[][] {bytes("AUTH"), bytes(user), secret};
    write(
        words,
        answer -> {
          if (answer instanceof RedisValue.Failure) {
            close();
            return;
          }
          host.connected(this);
        });
    Arrays.fill(secret, (byte) 0);
  }

  /// Sends a command.
  ///
  /// @param answer takes what Redis says to it, unless the connection ends before
  void ask(Consumer<RedisValue> answer, String... words) {
    write(Arrays.stream(words).map(RedisConnection::bytes).toArray(byte[][]::new), answer);
  }

  /// Sends a command that is not answered, but makes things come unasked.
  void tell(String... words) {
    write(Arrays.stream(words).map(RedisConnection::bytes).toArray(byte[][]::new), null);
  }

  private void write(byte[][] words, @Nullable Consumer<RedisValue> answer) {
    Channel to = channel;
    if (to == null || over) {
      return;
    }
    ByteBuf out = to.alloc().buffer();
    out.writeCharSequence("*" + words.length + "\r\n", StandardCharsets.US_ASCII);
    for (byte[] word : words) {
      out.writeCharSequence("$" + word.length + "\r\n", StandardCharsets.US_ASCII);
      out.writeBytes(word).writeByte('\r').writeByte('\n');
    }
    if (answer != null) {
      asked.add(answer);
    }
    to.writeAndFlush(out, to.voidPromise());
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /// Whether Redis takes what it is sent.
  boolean keepsUp() {
    return channel != null && channel.isWritable();
  }

  /// Ends it without a word to Redis; the host is told.
  void close() {
    if (channel != null) {
      channel.close();
    }
    end();
  }

  private void end() {
    if (!over) {
      over = true;
      host.lost();
    }
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    channel = context.channel();
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, RedisValue value) {
    if (over) {
      return;
    }
    Consumer<RedisValue> answer = asked.poll();
    if (answer == null) {
      host.heard(value);
      return;
    }
    answer.accept(value);
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    end();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    close();
  }
}
