package dormouse.feed;

import dormouse.listen.EventLoops;
import dormouse.tcp.TcpListener;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.unix.UnixChannelOption;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerKeepAliveHandler;
import io.netty.handler.timeout.ReadTimeoutHandler;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/// Takes events that backends send over HTTP/1.1, one a POST or PUT at any path, and answers 204 before anybody has looked
/// at a mailbox: mail servers wait for the answer. Bodies up to 64 KiB, kept-alive connections for five minutes of silence, at
/// most 1024 of them. `Expect: 100-continue` is answered at once.
///
/// Any thread; events are read on the event loop of their connection.
public final class EventServer implements AutoCloseable {
  private static final int MAX_BODY_BYTES = 64 << 10;
  private static final int MAX_CONNECTIONS = 1024;
  private static final int BACKLOG = 1024;
  private static final int SILENCE_SECONDS = 300;
  private static final int QUIET_MILLIS = 50; // of 0 a loop may end before it closes its channels
  private static final int STOP_MILLIS = 2000;

  private final AtomicInteger connections = new AtomicInteger();
  private final InetSocketAddress wanted;
  private final EventLoopGroup loop;
  private final Channel channel;
  private volatile EventReceiver.Told told;

  private EventServer(
      InetSocketAddress address, boolean unshared, EventLoops loops, EventReceiver.Told told)
      throws IOException {
    this.told = told;
    this.wanted = address;
    this.loop = loops.apart("feed");
    try {
      this.channel = listen(address, unshared, loops.epoll());
    } catch (IOException | RuntimeException | Error e) {
      stop();
      throw e;
    }
  }

  /// Takes the address; who connects waits in the kernel until [#begin].
  ///
  /// @param address port 0 is any free one
  /// @param unshared whether no other of ours may have senders that come there: then nobody else's may either
  /// @param told who may tell, and what; others are cut off unheard
  /// @throws IOException if the address cannot be had; the message names it
  static EventServer bind(
      InetSocketAddress address, boolean unshared, EventLoops loops, EventReceiver.Told told)
      throws IOException {
    return new EventServer(address, unshared, loops, told);
  }

  /// Accepts from now on, first those who have waited.
  void begin() {
    channel.config().setAutoRead(true);
  }

  /// Whoever tells something from now on tells it to these.
  void use(EventReceiver.Told other) {
    told = other;
  }

  private Channel listen(InetSocketAddress address, boolean unshared, boolean epoll)
      throws IOException {
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(loop)
            .channel(epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class)
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            .option(ChannelOption.SO_REUSEADDR, true)
            .option(ChannelOption.AUTO_READ, false)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel sender) {
                    int now = connections.incrementAndGet();
                    sender.closeFuture().addListener(_ -> connections.decrementAndGet());
                    InetSocketAddress from = (InetSocketAddress) sender.remoteAddress();
                    if (now > MAX_CONNECTIONS || !told.allows(from.getAddress())) {
                      sender.close();
                      return;
                    }
                    sender
                        .pipeline()
                        .addLast(new Silence())
                        .addLast(new HttpServerCodec())
                        .addLast(new HttpServerKeepAliveHandler())
                        .addLast(new HttpObjectAggregator(MAX_BODY_BYTES))
                        .addLast(new EventReceiver(() -> told));
                  }
                });
    if (epoll) {
      bootstrap.option(UnixChannelOption.SO_REUSEPORT, true);
    }
    try {
      if (epoll && unshared && address.getPort() != 0) {
        TcpListener.failIfTaken(address, List.of());
      }
      return bootstrap.bind(address).sync().channel();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw refused(address, e);
    } catch (Exception e) { // Netty throws the IOException of bind undeclared
      throw refused(address, e);
    }
  }

  private static IOException refused(InetSocketAddress address, Exception e) {
    String where = address.getHostString() + ":" + address.getPort();
    return new IOException("cannot listen on " + where + ": " + e.getMessage(), e);
  }

  private static final class Silence extends ReadTimeoutHandler {
    Silence() {
      super(SILENCE_SECONDS);
    }

    @Override
    protected void readTimedOut(ChannelHandlerContext context) {
      context.close();
    }
  }

  /// Whether it was bound to this very address.
  boolean isFor(InetSocketAddress address) {
    return wanted.equals(address) && address.getPort() != 0;
  }

  /// Where it listens, with the port it has.
  public InetSocketAddress address() {
    return (InetSocketAddress) channel.localAddress();
  }

  private void stop() {
    loop.shutdownGracefully(QUIET_MILLIS, STOP_MILLIS, TimeUnit.MILLISECONDS);
  }

  /// Returns when it has given its port up, for somebody else to have.
  void awaitEnd() {
    loop.terminationFuture().awaitUninterruptibly(STOP_MILLIS);
  }

  /// Hears nothing more, also of those who are connected.
  @Override
  public void close() {
    channel.close();
    stop();
  }
}
