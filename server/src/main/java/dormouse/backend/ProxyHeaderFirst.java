package dormouse.backend;

import dormouse.config.ProxyProtocol;
import dormouse.proxy.ProxyHeaderWriter;
import dormouse.session.Client;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/// Tells a backend for whom we come, before anybody else writes to it. Lives on the connection's event loop.
final class ProxyHeaderFirst extends ChannelInboundHandlerAdapter {
  private final ProxyProtocol version;
  private final Client client;

  ProxyHeaderFirst(ProxyProtocol version, Client client) {
    this.version = version;
    this.client = client;
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    ByteBuf header =
        switch (version) {
          case NONE -> context.alloc().buffer(0);
          case V1 -> ProxyHeaderWriter.version1(client, context.alloc());
          case V2 -> ProxyHeaderWriter.version2(client, context.alloc());
        };
    context.writeAndFlush(header);
    context.pipeline().remove(this);
    context.fireChannelActive();
  }
}
