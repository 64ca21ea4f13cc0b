package dormouse.directory.http;

import dormouse.config.AuthUrl;
import dormouse.config.HttpLinkSettings;
import dormouse.directory.http.AuthHttpConnection.Question;
import dormouse.tcp.TcpChannel;
import dormouse.tls.BackendTrust;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.ssl.SslHandler;
import io.netty.resolver.dns.DnsAddressResolverGroup;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// The connections to one HTTP auth daemon: a new one for each question, or one kept from an earlier question of the same event
/// loop. Any thread, but for a connection, which stays on its loop.
final class AuthHttpConnections implements AutoCloseable {
  private final HttpLinkSettings settings;
  private final @Nullable BackendTrust trust;
  private final boolean epoll;
  private final Duration patience;
  private final InstantSource clock;
  private final DnsAddressResolverGroup resolver;
  private final Map<EventLoop, LoopConnections> byLoop = new ConcurrentHashMap<>();
  private volatile boolean closed;

  /// @param trust whom to trust for `https`; null for `http`
  /// @param epoll whether the event loops are native epoll ones
  /// @param patience how long a question may wait for a connection
  AuthHttpConnections(
      HttpLinkSettings settings,
      @Nullable BackendTrust trust,
      boolean epoll,
      Duration patience,
      InstantSource clock) {
    this.settings = settings;
    this.trust = trust;
    this.epoll = epoll;
    this.patience = patience;
    this.clock = clock;
    this.resolver =
        new DnsAddressResolverGroup(
            new DnsNameResolverBuilder()
                .datagramChannelType(
                    epoll ? EpollDatagramChannel.class : NioDatagramChannel.class));
  }

  /// Asks, on this loop.
  void ask(Question question, EventLoop loop) {
    assert loop.inEventLoop();
    byLoop.computeIfAbsent(loop, this::of).ask(question);
  }

  private LoopConnections of(EventLoop loop) {
    return new LoopConnections(
        loop, () -> closed ? 0 : settings.keepAlive(), owner -> dial(owner, loop), patience, clock);
  }

  /// Begins a connection.
  ChannelFuture dial(LoopConnections owner, EventLoop loop) {
    Bootstrap bootstrap =
        new Bootstrap()
            .group(loop)
            .channelFactory(this::newChannel)
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    if (trust != null) {
                      channel.pipeline().addLast(tlsHandler(channel, trust));
                    }
                    channel.pipeline().addLast("auth-http", new AuthHttpConnection(owner, channel));
                  }
                });
    return (settings.url().socket() == null
            ? bootstrap.resolver(resolver)
            : bootstrap.disableResolver())
        .connect(address());
  }

  private Channel newChannel() {
    if (settings.url().socket() == null) {
      return epoll ? new TcpChannel() : new NioSocketChannel();
    }
    return epoll ? new EpollDomainSocketChannel() : new NioDomainSocketChannel();
  }

  private SocketAddress address() {
    AuthUrl url = settings.url();
    if (url.socket() == null) {
      return InetSocketAddress.createUnresolved(url.host(), url.port());
    }
    return epoll ? new DomainSocketAddress(url.socket()) : UnixDomainSocketAddress.of(url.socket());
  }

  private SslHandler tlsHandler(Channel channel, BackendTrust trusted) {
    return trusted.newHandler(channel.alloc(), settings.url().host(), settings.url().port());
  }

  /// Closes connections that wait for a question, and gives back what TLS holds outside the heap; who waits for an answer is the last on
  /// its connection.
  @Override
  public void close() {
    closed = true;
    byLoop.forEach((loop, here) -> {
      if (!loop.isShuttingDown()) {
        loop.execute(here::close);
      }
    });
    resolver.close();
    if (trust != null) {
      trust.close();
    }
  }
}
