package dormouse.tls.records;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.handler.ssl.SslHandler;

/// Says to a client that it will hear no more (RFC 8446 §6.1), and goes on reading.
public final class CloseNotify {
  private CloseNotify() {}

  /// Sends close_notify behind what was written, if the channel has TLS. On its event loop.
  ///
  /// @return done when it was sent, or nothing was to be sent
  public static ChannelFuture say(Channel channel) {
    SslHandler handshake = channel.pipeline().get(SslHandler.class);
    if (handshake != null) {
      return handshake.closeOutbound();
    }
    RecordHandler records = channel.pipeline().get(RecordHandler.class);
    return records == null ? channel.newSucceededFuture() : records.closeOutbound();
  }

  /// Sends what was written, close_notify with it, and closes then, however long that takes. On its event loop.
  public static void sayAndClose(Channel channel) {
    if (channel.pipeline().get(RecordHandler.class) != null) {
      channel.close(); // in one piece
    } else {
      channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }
  }
}
