package dormouse.backend;

import dormouse.config.BackendSettings;
import dormouse.session.Backlog;
import dormouse.tcp.TcpChannel;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.resolver.AddressResolverGroup;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Opens TCP connections to one host. Its name is resolved each time, without blocking, by a resolver that keeps answers as long as their TTL says;
/// while the DNS is silent, what it said last holds. Of several addresses the one that worked last is tried first, then the others, within
/// `connect-timeout` together.
///
/// With source addresses each connection comes from the next of them. The kernel is told to choose the port only when it knows where the
/// connection goes (`IP_BIND_ADDRESS_NO_PORT`), so each source address has all its ports for each backend.
///
/// Any thread.
final class Dialer {
  private static final int MOST_SOURCES = 3; // to try before it is not their fault

  private final BackendSettings settings;
  private final boolean epoll;
  private final AddressResolverGroup<InetSocketAddress> resolver;
  private final AtomicInteger nextSource = new AtomicInteger();
  private volatile List<InetSocketAddress> known = List.of();
  private volatile @Nullable InetSocketAddress good;

  /// @param epoll whether the event loops are native epoll ones
  Dialer(
      BackendSettings settings, boolean epoll, AddressResolverGroup<InetSocketAddress> resolver) {
    this.settings = settings;
    this.epoll = epoll;
    this.resolver = resolver;
  }

  /// Connects.
  ///
  /// @param approach from where, and within what time, if that is not as in the settings
  /// @param arrived fills the pipeline of the channel once it is connected, and before anything has been read
  Future<Channel> dial(EventLoop loop, Approach approach, Consumer<Channel> arrived) {
    Promise<Channel> connected = loop.newPromise();
    InetSocketAddress named = InetSocketAddress.createUnresolved(settings.host(), settings.port());
    resolver
        .getResolver(loop)
        .resolveAll(named)
        .addListener((Future<List<InetSocketAddress>> found) -> {
          if (found.isSuccess() && !found.getNow().isEmpty()) {
            known = List.copyOf(found.getNow());
          }
          if (known.isEmpty()) {
            connected.tryFailure(
                found.isSuccess() ? new UnknownHostException(settings.host()) : found.cause());
            return;
          }
          new Tries(loop, approach, arrived, connected, inOrder()).next();
        });
    return connected;
  }

  private List<InetSocketAddress> inOrder() {
    List<InetSocketAddress> addresses = new ArrayList<>(known);
    InetSocketAddress first = good;
    if (first != null && addresses.remove(first)) {
      addresses.addFirst(first);
    }
    return addresses;
  }

  /// The tries of one connection, one after another.
  private final class Tries {
    private final EventLoop loop;
    private final Duration timeout;
    private final List<InetAddress> sources;
    private final Consumer<Channel> arrived;
    private final Promise<Channel> connected;
    private final List<InetSocketAddress> addresses;
    private final int most;
    private int tried;

    Tries(
        EventLoop loop,
        Approach approach,
        Consumer<Channel> arrived,
        Promise<Channel> connected,
        List<InetSocketAddress> addresses) {
      this.loop = loop;
      this.timeout = Objects.requireNonNullElse(approach.timeout(), settings.connectTimeout());
      this.sources =
          approach.source() == null ? settings.sourceAddresses() : List.of(approach.source());
      this.arrived = arrived;
      this.connected = connected;
      this.addresses = addresses;
      this.most = Math.max(addresses.size(), Math.min(sources.size(), MOST_SOURCES));
    }

    void next() {
      InetSocketAddress address = addresses.get(tried++ % addresses.size());
      bootstrap(address)
          .connect(address, source(address))
          .addListener(done -> {
            if (done.isSuccess()) {
              return; // [Arrival] has told, or will
            }
            if (tried < most) {
              next();
            } else {
              connected.tryFailure(done.cause());
            }
          });
    }

    private Bootstrap bootstrap(InetSocketAddress address) {
      int timeoutMillis = Math.toIntExact(timeout.toMillis() / most);
      Bootstrap bootstrap =
          epoll
              ? new Bootstrap().channelFactory(TcpChannel::new)
              : new Bootstrap()
                  .channelFactory(NioSocketChannel::new)
                  .option(ChannelOption.SO_KEEPALIVE, true);
      return bootstrap
          .group(loop)
          .disableResolver()
          .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, Math.max(1, timeoutMillis))
          .option(ChannelOption.WRITE_BUFFER_WATER_MARK, Backlog.MARK)
          .handler(new Arrival(address));
    }

    /// Where a connection to an address comes from; null if it does not matter.
    private @Nullable InetSocketAddress source(InetSocketAddress to) {
      if (sources.isEmpty()) {
        return null;
      }
      List<InetAddress> fit =
          sources.stream().filter(one -> one.getClass() == to.getAddress().getClass()).toList();
      return fit.isEmpty()
          ? null
          : new InetSocketAddress(
              fit.get(Math.floorMod(nextSource.getAndIncrement(), fit.size())), 0);
    }

    /// Fills the pipeline at the last moment: a try that fails has touched no handler of the caller's.
    private final class Arrival extends ChannelInboundHandlerAdapter {
      private final InetSocketAddress address;

      Arrival(InetSocketAddress address) {
        this.address = address;
      }

      @Override
      public void channelActive(ChannelHandlerContext context) {
        good = address;
        arrived.accept(context.channel());
        context.fireChannelActive();
        context.pipeline().remove(this);
        if (!connected.trySuccess(context.channel())) {
          context.close();
        }
      }
    }
  }
}
