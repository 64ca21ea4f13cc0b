package dormouse.bench;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.LineBasedFrameDecoder;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;

/// Many [IdleClient]s on one thread. Any thread but theirs.
final class IdleClients implements AutoCloseable {
  private static final int AT_ONCE = 40; // between connect and IDLE
  private static final int LONGEST_LINE = 64 << 10;

  private final EventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final Semaphore coming = new Semaphore(AT_ONCE);
  private final IdleTally tally = new IdleTally(coming::release);
  private final Queue<Channel> channels = new ConcurrentLinkedQueue<>();
  private final SslContext tls;
  private final InetSocketAddress server;
  private final int perUser;
  private int opened;

  /// @param port of IMAP in TLS on this machine
  /// @param perUser how many clients of a user come one behind the other, from `u1` on
  IdleClients(int port, int perUser) throws SSLException {
    this.server = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    this.perUser = perUser;
    this.tls =
        SslContextBuilder.forClient()
            .sslProvider(SslProvider.OPENSSL_REFCNT)
            .trustManager(InsecureTrustManagerFactory.INSTANCE)
            .endpointIdentificationAlgorithm(null)
            .protocols("TLSv1.3")
            .build();
  }

  IdleTally tally() {
    return tally;
  }

  /// Opens more until there are this many, forty at a time, and returns when all idle or are lost.
  void openTo(int count) throws InterruptedException {
    while (opened < count) {
      coming.acquire();
      connect("u" + (opened++ / perUser + 1));
    }
    coming.acquire(AT_ONCE);
    coming.release(AT_ONCE);
  }

  private void connect(String user) {
    new Bootstrap()
        .group(group)
        .channel(NioSocketChannel.class)
        .handler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                channel
                    .pipeline()
                    .addLast(tls.newHandler(channel.alloc()))
                    .addLast(new LineBasedFrameDecoder(LONGEST_LINE))
                    .addLast(new IdleClient(user, tally));
              }
            })
        .connect(server)
        .addListener((ChannelFuture done) -> {
          if (done.isSuccess()) {
            channels.add(done.channel());
          } else {
            tally.lost(user + " cannot connect: " + done.cause());
          }
        });
  }

  /// Has all of them end IDLE and log out.
  void leave() {
    for (Channel channel : channels) {
      ChannelHandlerContext context = channel.pipeline().context(IdleClient.class);
      if (context != null) {
        channel.eventLoop().execute(() -> ((IdleClient) context.handler()).leave(context));
      }
    }
  }

  @Override
  public void close() {
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
  }
}
