package dormouse.session;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.WriteBufferWaterMark;

/// What waits in a channel until its peer reads it. When it is over the mark, whoever fills it is read no further, until it is small again.
public final class Backlog {
  private static final int READ_BYTES = 64 << 10; // the most that one read brings

  /// Of all channels that carry what one side says to the other: two reads.
  public static final WriteBufferWaterMark MARK =
      new WriteBufferWaterMark(READ_BYTES / 2, 2 * READ_BYTES);

  private Backlog() {}

  /// Writes bytes, to go out at the next flush. If they would go over the mark, what waits goes out before them: that nobody has flushed it
  /// yet is no reason to read no further, only that the kernel does not take it.
  ///
  /// On the channel's event loop.
  ///
  /// @param bytes owned by this method
  public static void add(Channel channel, ByteBuf bytes) {
    if (channel.bytesBeforeUnwritable() <= bytes.readableBytes()) {
      channel.flush();
    }
    channel.write(bytes, channel.voidPromise());
  }
}
