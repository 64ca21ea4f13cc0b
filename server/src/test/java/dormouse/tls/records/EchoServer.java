package dormouse.tls.records;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.handler.ssl.SslProvider;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.netty.util.ReferenceCountUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// Greets over TLS with `hello`, and sends back whatever it gets.
final class EchoServer implements AutoCloseable {
  /// Who carried each connection, in the order of their handshakes.
  final List<Carrier> carriers = new CopyOnWriteArrayList<>();

  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final SslContext context;
  private final Channel listening;

  EchoServer() throws Exception {
    this(true, CertificateBuilder.Algorithm.ecp256);
  }

  /// @param carries as in [RecordLayer]
  /// @param key of the certificate
  EchoServer(boolean carries, CertificateBuilder.Algorithm key) throws Exception {
    X509Bundle made =
        new CertificateBuilder()
            .subject("CN=localhost")
            .addSanDnsName("localhost")
            .algorithm(key)
            .setIsCertificateAuthority(true)
            .buildSelfSigned();
    context =
        SslContextBuilder.forServer(made.getKeyPair().getPrivate(), made.getCertificatePath())
            .sslProvider(SslProvider.OPENSSL_REFCNT)
            .protocols("TLSv1.3", "TLSv1.2")
            .ciphers(Stream.of(Suite.values()).map(suite -> suite.standardName).toList())
            .build();
    ((OpenSslSessionContext) context.sessionContext()).setTicketKeys();
    RecordLayer layer = new RecordLayer(carries, carriers::add);
    layer.prepare(context, made.getKeyPair().getPublic());
    listening =
        new ServerBootstrap()
            .group(loops)
            .channel(NioServerSocketChannel.class)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel
                        .pipeline()
                        .addLast(layer.around(layer.newSslHandler(context, channel.alloc())))
                        .addLast(new Echo());
                  }
                })
            .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .sync()
            .channel();
  }

  int port() {
    return ((InetSocketAddress) listening.localAddress()).getPort();
  }

  @Override
  public void close() {
    listening.close().syncUninterruptibly();
    // a quiet time, in which channels that have just closed give back what they hold
    loops.shutdownGracefully(100, 2000, TimeUnit.MILLISECONDS).syncUninterruptibly();
    ReferenceCountUtil.release(context);
  }

  private static final class Echo extends ChannelInboundHandlerAdapter {
    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event instanceof SslHandshakeCompletionEvent done && done.isSuccess()) {
        context.writeAndFlush(Unpooled.copiedBuffer("hello\r\n", StandardCharsets.US_ASCII));
      }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      context.write(message);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
      context.flush();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      context.close();
    }
  }
}
