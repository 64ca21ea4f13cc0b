package dormouse.bench;

import dormouse.park.Parked;
import dormouse.park.Parking;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import org.jspecify.annotations.Nullable;

/// A connection that is parked whenever nothing is to be done, and sends back what it gets. Lives on its event loop.
final class EchoOwner extends ChannelInboundHandlerAdapter implements Parking.Owner {
  private final Parking parking;
  private final boolean wakes;
  private @Nullable Channel channel;
  private @Nullable Parked socket;
  private ByteBuf heard = Unpooled.EMPTY_BUFFER;
  private boolean leaving;

  /// @param wakes whether it answers on a channel, or else from the slot where it can
  EchoOwner(Parking parking, boolean wakes) {
    this.parking = parking;
    this.wakes = wakes;
  }

  @Override
  public boolean isSharable() {
    return true; // one after the other, in the channels that this connection gets
  }

  /// Says something, from the slot if it is parked.
  ///
  /// @return 1 if it is, else 0
  int tell(ByteBuf data) {
    Parked here = socket;
    Channel live = channel;
    if (here == null) {
      if (live == null) {
        data.release();
      } else {
        live.writeAndFlush(data, live.voidPromise());
        rest();
      }
      return 0;
    }
    here.send(data);
    return 1;
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof SslHandshakeCompletionEvent done && done.isSuccess()) {
      context.writeAndFlush(ByteBufUtil.writeAscii(context.alloc(), EchoServer.GREETING));
      context.channel().eventLoop().execute(this::rest);
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    received((ByteBuf) message);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    receivedAll();
  }

  @Override
  public void received(ByteBuf data) {
    if (!heard.isReadable()) {
      heard = data;
      return;
    }
    ByteBuf before = heard;
    int bytes = before.readableBytes() + data.readableBytes();
    heard = ByteBufAllocator.DEFAULT.directBuffer(bytes).writeBytes(before).writeBytes(data);
    before.release();
    data.release();
  }

  @Override
  public void receivedAll() {
    ByteBuf all = heard;
    heard = Unpooled.EMPTY_BUFFER;
    Parked here = socket;
    if (here != null && !wakes) {
      here.send(all);
      return;
    }
    if (here != null) {
      here.revive();
    }
    if (channel == null) { // the peer has gone
      all.release();
      return;
    }
    channel.writeAndFlush(all, channel.voidPromise());
    rest();
  }

  private void rest() {
    Channel here = channel;
    if (here != null && !leaving && parking.obstacle(here) == null) {
      leaving = true;
      parking.park(here, this);
    }
  }

  @Override
  public boolean canPark() {
    return true;
  }

  @Override
  public void parked(Parked parked) {
    leaving = false;
    channel = null;
    socket = parked;
  }

  @Override
  public void stayed() {
    leaving = false;
  }

  @Override
  public void revived(Channel revived) {
    socket = null;
    channel = revived;
    revived.pipeline().addLast("owner", this);
  }

  @Override
  public void gone() {
    socket = null;
    channel = null;
  }

  @Override
  public void broken(Throwable bug) {
    bug.printStackTrace();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    context.close();
  }
}
