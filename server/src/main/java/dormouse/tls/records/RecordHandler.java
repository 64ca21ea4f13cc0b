package dormouse.tls.records;

import dormouse.tcp.StreamChannel;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import org.jspecify.annotations.Nullable;

/// Carries one connection's data in and out of TLS records, in the place that its handshake's handler had. Keeps nothing
/// between two reads but what is left of an unfinished record.
///
/// Lives on its channel's event loop.
final class RecordHandler extends ChannelDuplexHandler implements TlsRecords.Listener {
  private final TlsRecords records;
  private @Nullable ChannelHandlerContext context;
  private @Nullable ByteBuf unfinished;
  private boolean gave;
  private boolean closing;

  RecordHandler(TlsRecords records) {
    this(records, null);
  }

  /// @param unfinished the beginning of a record that goes on with what is read next; owned by this object
  RecordHandler(TlsRecords records, @Nullable ByteBuf unfinished) {
    this.records = records;
    this.unfinished = unfinished;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    this.context = context;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (closing) {
      ((ByteBuf) message).release();
      return;
    }
    ByteBuf in = joined(context, (ByteBuf) message);
    try {
      records.read(in, context.alloc(), this);
      if (records.owesKeyUpdate()) {
        context.writeAndFlush(records.seal(Unpooled.EMPTY_BUFFER, context.alloc()));
      }
    } catch (BadRecordException e) {
      fail(context, e);
    } finally {
      if (in.isReadable() && !closing && !context.isRemoved()) {
        unfinished = in;
      } else {
        in.release();
      }
    }
  }

  private ByteBuf joined(ChannelHandlerContext context, ByteBuf more) {
    ByteBuf before = unfinished;
    if (before == null) {
      return more;
    }
    unfinished = null;
    int bytes = before.readableBytes() + more.readableBytes();
    ByteBuf all = context.alloc().directBuffer(bytes).writeBytes(before).writeBytes(more);
    before.release();
    more.release();
    return all;
  }

  @Override
  public void data(ByteBuf data) {
    gave = true;
    context().fireChannelRead(data);
  }

  /// IMAP has nothing to say to a client that will not speak any more. Nor has TLS, if its socket has closed too, and it has asked nothing just now and nothing
  /// waits for it: the kernel would answer with a reset.
  @Override
  public void peerClosed() {
    Channel channel = context().channel();
    ChannelOutboundBuffer waiting = channel.unsafe().outboundBuffer();
    boolean awaits = gave || (waiting != null && waiting.totalPendingWriteBytes() > 0);
    closing |= !awaits && channel instanceof StreamChannel socket && socket.hasPeerLeft();
    close(context(), context().newPromise());
  }

  private void fail(ChannelHandlerContext context, BadRecordException fault) {
    end(fault.alert);
    context.fireExceptionCaught(fault);
  }

  /// Says this last, unless the last has been said, and closes.
  void end(Alert last) {
    if (closing) {
      return;
    }
    closing = true;
    context()
        .writeAndFlush(records.close(last, context().alloc()))
        .addListener(ChannelFutureListener.CLOSE);
  }

  /// Whoever asked to read gets something, or another read.
  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    boolean nothing = !gave;
    gave = false;
    context.fireChannelReadComplete();
    if (nothing && !closing && !context.channel().config().isAutoRead()) {
      context.read();
    }
  }

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
    ByteBuf data = (ByteBuf) message;
    if (!data.isReadable()) {
      context.write(data, promise);
      return;
    }
    ByteBuf sealed;
    try {
      sealed = records.seal(data, context.alloc());
    } finally {
      data.release();
    }
    context.write(sealed, promise);
  }

  /// Says close_notify first. A second close does not wait for it.
  @Override
  public void close(ChannelHandlerContext context, ChannelPromise promise) {
    if (closing || !context.channel().isActive()) {
      context.close(promise);
      return;
    }
    closing = true;
    closeOutbound().addListener(_ -> context.close(promise));
  }

  /// Says close_notify: nothing can be written any more, but goes on reading.
  ChannelFuture closeOutbound() {
    return context().writeAndFlush(records.close(Alert.CLOSE_NOTIFY, context().alloc()));
  }

  /// Whether the secrets and counters of [#records] are all there is to the connection.
  boolean atRest() {
    return unfinished == null && !closing && records.atRest();
  }

  TlsRecords records() {
    return records;
  }

  /// The connection leaves this loop: to end, to be parked, or for another loop.
  @Override
  public void channelUnregistered(ChannelHandlerContext context) {
    context.fireChannelUnregistered();
    records.leave();
    Primitives.forgetSoon(context.executor());
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    end();
  }

  /// Forgets the secrets, and what is left of an unfinished record.
  void end() {
    records.end();
    ByteBuf rest = unfinished;
    unfinished = null;
    if (rest != null) {
      rest.release();
    }
  }

  private ChannelHandlerContext context() {
    ChannelHandlerContext here = context;
    if (here == null) {
      throw new IllegalStateException("not in a pipeline");
    }
    return here;
  }
}
