package dormouse.imap;

import dormouse.session.TimerWheel;
import dormouse.tcp.StreamChannel;
import dormouse.tls.records.CloseNotify;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.DuplexChannel;
import java.time.Duration;

/// Closes a client's connection so that our last line arrives: our direction is closed once it is written, and what the client
/// still sends is read until it closes too. A connection closed with bytes unread is reset, and a reset overtakes our BYE.
final class Farewell {
  /// How long a client may go on after our last line.
  private static final Duration LINGER = Duration.ofSeconds(2);

  /// The same when others wait for its end.
  private static final Duration BRIEFLY = Duration.ofMillis(500);

  private Farewell() {}

  /// Writes the last line or lines and closes. The caller discards what is read from now on.
  ///
  /// @param lines with CRLF
  /// @param wheel of the channel's loop
  static void say(ChannelHandlerContext context, String lines, TimerWheel wheel) {
    Channel channel = context.channel();
    wheel.after(LINGER, channel::close);
    channel.config().setAutoRead(true);
    context
        .writeAndFlush(ByteBufUtil.writeAscii(context.alloc(), lines))
        .addListener(_ -> closeOurDirection(channel));
  }

  /// Writes the last line and closes at once, though it may not arrive: for who is to make room, and has time to spare while it lingers.
  static void cut(ChannelHandlerContext context, String lines, TimerWheel wheel) {
    wheel.after(LINGER, context.channel()::close); // if it cannot be written
    context
        .writeAndFlush(ByteBufUtil.writeAscii(context.alloc(), lines))
        .addListener(ChannelFutureListener.CLOSE);
  }

  /// The last line was said, or is on its way, and Dormouse stops, which waits for the end of the connection.
  static void shorten(Channel channel, TimerWheel wheel) {
    wheel.after(BRIEFLY, channel::close);
  }

  private static void closeOurDirection(Channel channel) {
    CloseNotify.say(channel)
        .addListener(_ -> {
          switch (channel) {
            case StreamChannel stream -> stream.finish();
            case DuplexChannel duplex -> duplex.shutdownOutput();
            default -> channel.close();
          }
        });
  }
}
