package dormouse.directory.http;

import dormouse.config.AuthUrl;
import dormouse.config.HttpLinkSettings;
import dormouse.directory.http.AuthHttpConnection.Question;
import dormouse.tcp.TcpChannel;
import dormouse.tls.BackendTrust;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
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
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The connections to one HTTP auth daemon: a new one for each question, or one kept from an earlier question of the same event
/// loop. Any thread, but for a connection, which stays on its loop.
final class AuthHttpConnections implements AutoCloseable {
  private static final int FULL_MILLIS = 20;
  private static final String EAGAIN = "error(-11)"; // Netty tells it in no other way

  private final HttpLinkSettings settings;
  private final @Nullable BackendTrust trust;
  private final boolean epoll;
  private final DnsAddressResolverGroup resolver;
  private final Map<EventLoop, Deque<AuthHttpConnection>> idle = new ConcurrentHashMap<>();
  private volatile boolean closed;

  /// @param trust whom to trust for `https`; null for `http`
  /// @param epoll whether the event loops are native epoll ones
  AuthHttpConnections(HttpLinkSettings settings, @Nullable BackendTrust trust, boolean epoll) {
    this.settings = settings;
    this.trust = trust;
    this.epoll = epoll;
    this.resolver =
        new DnsAddressResolverGroup(
            new DnsNameResolverBuilder()
                .datagramChannelType(
                    epoll ? EpollDatagramChannel.class : NioDatagramChannel.class));
  }

  /// Asks, on this loop.
  void ask(Question question, EventLoop loop) {
    assert loop.inEventLoop();
    AuthHttpConnection kept = idleOf(loop).pollLast();
    if (kept != null) {
      kept.ask(question);
      return;
    }
    askOnNew(question, loop);
  }

  /// Asks on a connection that nobody has used.
  void askOnNew(Question question, EventLoop loop) {
    if (question.answer().isDone()) {
      return; // nobody waits any more
    }
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
                    channel
                        .pipeline()
                        .addLast(
                            "auth-http", new AuthHttpConnection(AuthHttpConnections.this, channel));
                  }
                });
    (settings.url().socket() == null ? bootstrap.resolver(resolver) : bootstrap.disableResolver())
        .connect(address())
        .addListener((ChannelFutureListener) dialed -> dialed(dialed, question, loop));
  }

  private void dialed(ChannelFuture dialed, Question question, EventLoop loop) {
    if (isFull(dialed.cause())) {
      loop.schedule(() -> askOnNew(question, loop), FULL_MILLIS, TimeUnit.MILLISECONDS);
    } else if (!dialed.isSuccess()) {
      question.answer().completeExceptionally(dialed.cause());
    } else if (question.answer().isDone()) {
      dialed.channel().close(); // nobody waits any more
    } else {
      dialed.channel().pipeline().get(AuthHttpConnection.class).ask(question);
    }
  }

  /// Whether as many as may wait at the daemon's socket: the kernel says so at once (EAGAIN, connect(2)), where by TCP it tries again by itself.
  private boolean isFull(@Nullable Throwable refused) {
    return settings.url().socket() != null
        && refused instanceof ConnectException
        && String.valueOf(refused.getMessage()).contains(EAGAIN);
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

  /// A connection that waits for a question; it is kept if there is room.
  void idle(AuthHttpConnection connection) {
    Deque<AuthHttpConnection> here = idleOf(connection.channel().eventLoop());
    if (!closed && here.size() < settings.keepAlive() && connection.channel().isActive()) {
      here.addLast(connection);
    } else {
      connection.channel().close();
    }
  }

  /// A connection that has ended.
  void gone(AuthHttpConnection connection) {
    idleOf(connection.channel().eventLoop()).remove(connection);
  }

  private Deque<AuthHttpConnection> idleOf(EventLoop loop) {
    return idle.computeIfAbsent(loop, _ -> new ArrayDeque<>());
  }

  /// Closes connections that wait for a question, and gives back what TLS holds outside the heap; who waits for an answer is the last on
  /// its connection.
  @Override
  public void close() {
    closed = true;
    idle.forEach((loop, here) -> {
      if (!loop.isShuttingDown()) {
        loop.execute(() -> List.copyOf(here).forEach(each -> each.channel().close()));
      }
    });
    resolver.close();
    if (trust != null) {
      trust.close();
    }
  }
}
