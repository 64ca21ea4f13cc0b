package dormouse.listen;

import dormouse.config.Network;
import dormouse.proxy.ProxyHeader;
import dormouse.proxy.ProxyHeaderReader;
import dormouse.session.Client;
import dormouse.session.Timer;
import dormouse.session.TimerWheel;
import dormouse.session.Via;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Reads the PROXY header of one connection, then leaves the pipeline to those who talk with the client.
///
/// Without a header in time, from somebody who is no proxy of ours, or after anything else, the connection is closed without a
/// word: there is no telling who is at the other end. Lives on the client's event loop.
final class ProxyProtocolHandler extends ChannelInboundHandlerAdapter {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final List<Network> proxies;
  private final Client peer;
  private final TimerWheel wheel;
  private final ConnectionLimits limits;
  private final Consumer<Client> go;
  private @Nullable ByteBuf begun;
  private @Nullable Timer late;

  /// @param peer who is at the other end of the connection
  /// @param go puts the handlers for the client behind this one
  ProxyProtocolHandler(
      List<Network> proxies,
      Client peer,
      TimerWheel wheel,
      ConnectionLimits limits,
      Consumer<Client> go) {
    this.proxies = proxies;
    this.peer = peer;
    this.wheel = wheel;
    this.limits = limits;
    this.go = go;
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    if (!Network.contain(proxies, peer.remote().getAddress())) {
      limits.refuse(context.channel(), peer, "untrusted-proxy", "it is not in proxy-protocol-from");
      return;
    }
    late = wheel.after(PATIENCE, () -> refuse(context, "no PROXY header in time"));
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    if (!context.channel().isActive()) {
      bytes.release();
      return;
    }
    ByteBuf all =
        begun == null
            ? bytes
            : ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(context.alloc(), begun, bytes);
    begun = null;
    switch (ProxyHeaderReader.read(all)) {
      case ProxyHeaderReader.Reading.More _ -> begun = all;
      case ProxyHeaderReader.Reading.Bad(var why) -> {
        all.release();
        refuse(context, why);
      }
      case ProxyHeaderReader.Reading.Read(var header) -> {
        go.accept(client(header));
        context.pipeline().remove(this);
        context.fireChannelRead(all);
      }
    }
  }

  private Client client(ProxyHeader header) {
    if (header.source() == null || header.destination() == null) {
      return peer;
    }
    ProxyHeader.Tls tls = header.tls();
    return new Client(
        header.uniqueId().isEmpty() ? peer.sessionId() : header.uniqueId(),
        header.source(),
        header.destination(),
        peer.tls() || tls != null,
        header.authority(),
        new Via(
            peer.remote(),
            tls == null ? "" : tls.certificateName(),
            /* insecure= */ false,
            Via.NOBODY.hopsLeft(),
            Map.of()));
  }

  private void refuse(ChannelHandlerContext context, String why) {
    limits.refuse(context.channel(), peer, "proxy-header", why);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    context.close(); // the connection broke
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    if (late != null) {
      late.cancel();
    }
    if (begun != null) {
      begun.release();
      begun = null;
    }
  }
}
