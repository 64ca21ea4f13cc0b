package dormouse.tls.records;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import org.jspecify.annotations.Nullable;

/// Lets one whole TLS record at a time into a handshake, until the handshake is over. A client's last handshake record and its
/// first command mostly come in one segment, and the handshake's handler would open both.
///
/// Lives on its channel's event loop.
final class RecordGate extends ChannelInboundHandlerAdapter {
  /// More than the largest certificate chain that a client may show.
  private static final int MAX_HANDSHAKE_BYTES = 256 << 10;

  private static final int MAX_RECORD_BYTES = Protection.HEADER_BYTES + (1 << 14) + 2048;

  private @Nullable ByteBuf waiting;
  private int passedBytes;
  private boolean open;
  private boolean passing;

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf more = (ByteBuf) message;
    ByteBuf before = waiting;
    waiting = before == null ? more : context.alloc().buffer().writeBytes(before).writeBytes(more);
    if (before != null) {
      before.release();
      more.release();
    }
    pass(context);
  }

  private void pass(ChannelHandlerContext context) {
    if (passing) {
      return;
    }
    passing = true;
    try {
      while (!open && passOne(context)) {}
    } finally {
      passing = false;
    }
    if (open) {
      context.pipeline().remove(this);
    }
  }

  private boolean passOne(ChannelHandlerContext context) {
    ByteBuf in = waiting;
    if (in == null || in.readableBytes() < Protection.HEADER_BYTES) {
      return false;
    }
    int bytes = isRecord(in) ? recordBytes(in) : in.readableBytes();
    if (passedBytes + bytes > MAX_HANDSHAKE_BYTES) {
      context.close();
      return false;
    }
    if (in.readableBytes() < bytes) {
      return false;
    }
    passedBytes += bytes;
    context.fireChannelRead(in.readRetainedSlice(bytes));
    return true;
  }

  /// What is none passes as it is: the handshake's handler knows what to say.
  private static boolean isRecord(ByteBuf in) {
    return ContentType.of(in.getByte(in.readerIndex())) != null
        && in.getByte(in.readerIndex() + 1) == TlsRecords.LEGACY_VERSION >> 8
        && recordBytes(in) <= MAX_RECORD_BYTES;
  }

  private static int recordBytes(ByteBuf in) {
    return Protection.HEADER_BYTES + in.getUnsignedShort(in.readerIndex() + 3);
  }

  /// The handshake is over, whatever came of it: from now on everything passes, and the gate goes.
  void open(ChannelHandlerContext context) {
    open = true;
    if (!passing) {
      context.pipeline().remove(this);
    }
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    ByteBuf rest = waiting;
    waiting = null;
    if (rest == null) {
      return;
    }
    if (rest.isReadable() && context.channel().isActive()) {
      context.fireChannelRead(rest);
      context.fireChannelReadComplete();
    } else {
      rest.release();
    }
  }
}
