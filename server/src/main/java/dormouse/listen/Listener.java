package dormouse.listen;

import dormouse.config.ListenSettings;
import dormouse.config.ListenTls;
import dormouse.config.Network;
import dormouse.session.Backlog;
import dormouse.session.Client;
import dormouse.session.SessionIds;
import dormouse.session.TimerWheel;
import dormouse.tcp.TcpListener;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.unix.Errors;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Accepts clients at one address, on every event loop (SO_REUSEPORT, epoll) or on one of them (NIO). Any thread.
///
/// It has its address from the begin, and who connects waits in the kernel until [#begin].
///
/// A client's channel first has its PROXY header read, if a proxy is before its listener; then it has TLS, if its listener is
/// [ListenTls#IMPLICIT], and its dialogue. Its options stay with it
/// when the session moves to another loop.
public final class Listener implements AutoCloseable {
  private static final int BACKLOG = 4096;
  private static final int SOL_SOCKET = 1;
  private static final int IPPROTO_TCP = 6;

  /// What a client's socket inherits from the one that listens (Linux), so that it costs no calls of the kernel for each.
  private static final List<TcpListener.Option> OF_CLIENTS =
      List.of(
          new TcpListener.Option(SOL_SOCKET, 9, 1), // SO_KEEPALIVE
          new TcpListener.Option(IPPROTO_TCP, 4, 300), // TCP_KEEPIDLE, seconds
          new TcpListener.Option(IPPROTO_TCP, 5, 30), // TCP_KEEPINTVL, seconds
          new TcpListener.Option(IPPROTO_TCP, 6, 4), // TCP_KEEPCNT
          new TcpListener.Option(IPPROTO_TCP, 18, 60_000)); // TCP_USER_TIMEOUT, ms

  private static final RecvByteBufAllocator READS =
      new AdaptiveRecvByteBufAllocator(512, 2048, 64 * 1024);

  private final BindAddress wanted;
  private final List<Channel> channels;
  private final InetSocketAddress address;
  private final AtomicReference<ListenSettings> settings;

  private Listener(
      BindAddress wanted, List<Channel> channels, AtomicReference<ListenSettings> settings) {
    this.wanted = wanted;
    this.settings = settings;
    this.channels = List.copyOf(channels);
    this.address = (InetSocketAddress) channels.getFirst().localAddress();
  }

  /// Takes the address.
  ///
  /// @param unshared whether no other of ours may have clients that come there: then nobody else's may either
  /// @param tls makes the handler that ends TLS for one channel
  /// @param dialogue makes the handler that talks with one client
  /// @throws IOException if the address cannot be had; the message names it
  static Listener bind(
      ListenSettings settings,
      BindAddress address,
      boolean unshared,
      EventLoops loops,
      Function<ByteBufAllocator, ? extends ChannelHandler> tls,
      SessionIds ids,
      ConnectionLimits limits,
      BiFunction<ListenSettings, Client, ? extends ChannelHandler> dialogue)
      throws IOException {
    AtomicReference<ListenSettings> current = new AtomicReference<>(settings);
    AtomicReference<@Nullable InetSocketAddress> here = new AtomicReference<>();
    long listener = limits.newListener();
    ChannelHandler clients =
        new ChannelInitializer<Channel>() {
          @Override
          protected void initChannel(Channel channel) {
            buffers(channel.config());
            ListenSettings now = current.get();
            Client peer = client(channel, ids, here, now.tls() == ListenTls.IMPLICIT);
            List<Network> proxies = now.proxyProtocolFrom();
            if (proxies.isEmpty()) {
              talk(channel, now, peer);
              return;
            }
            TimerWheel wheel = loops.wheel(channel.eventLoop());
            channel
                .pipeline()
                .addLast(
                    "proxy",
                    new ProxyProtocolHandler(
                        proxies, peer, wheel, limits, client -> talk(channel, now, client)));
          }

          private void talk(Channel channel, ListenSettings now, Client client) {
            if (!limits.admit(channel, client, listener)) {
              return;
            }
            if (now.tls() == ListenTls.IMPLICIT) {
              channel.pipeline().addLast("tls", tls.apply(channel.alloc()));
            }
            channel.pipeline().addLast("dialogue", dialogue.apply(now, client));
          }
        };
    return new Listener(address, bindAll(address, unshared, loops, clients), current);
  }

  /// @param here the address of ours to which somebody came last: one object for as long as it is the same, for many keep it
  private static Client client(
      Channel channel,
      SessionIds ids,
      AtomicReference<@Nullable InetSocketAddress> here,
      boolean tls) {
    InetSocketAddress local = (InetSocketAddress) channel.localAddress();
    InetSocketAddress before = here.get();
    if (before == null || !before.equals(local)) {
      here.set(local);
    } else {
      local = before;
    }
    return new Client(ids.next(), (InetSocketAddress) channel.remoteAddress(), local, tls);
  }

  private static List<Channel> bindAll(
      BindAddress wanted, boolean unshared, EventLoops loops, ChannelHandler clients)
      throws IOException {
    List<Channel> bound = new ArrayList<>();
    InetSocketAddress address = wanted.address();
    try {
      if (loops.epoll() && unshared && wanted.port() != 0) {
        TcpListener.failIfTaken(address, wanted.options());
      }
      for (EventLoop loop : loops.epoll() ? loops.all() : loops.all().subList(0, 1)) {
        Channel channel = bootstrap(loops, loop, wanted, clients).bind(address).sync().channel();
        bound.add(channel);
        address =
            (InetSocketAddress) channel.localAddress(); // port 0 was any: the others take the same
      }
      return bound;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw refused(bound, wanted.address(), e);
    } catch (Exception e) { // Netty throws the IOException of bind undeclared
      throw refused(bound, wanted.address(), e);
    } catch (Error e) {
      bound.forEach(Channel::close);
      throw e;
    }
  }

  private static IOException refused(List<Channel> bound, InetSocketAddress wanted, Exception e) {
    bound.forEach(Channel::close);
    return new IOException("cannot listen on " + text(wanted) + ": " + why(e), e);
  }

  /// Without the call that Netty puts before it.
  private static String why(Exception e) {
    String told = String.valueOf(e.getMessage());
    return e instanceof Errors.NativeIoException
        ? told.substring(told.lastIndexOf("): ") + "): ".length())
        : told;
  }

  private static String text(InetSocketAddress address) {
    String host = address.getAddress().getHostAddress();
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
  }

  private static ServerBootstrap bootstrap(
      EventLoops loops, EventLoop loop, BindAddress wanted, ChannelHandler clients) {
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(loops.epoll() ? loop : loops.group(), loops.epoll() ? loop : loops.group())
            .option(ChannelOption.AUTO_READ, false)
            .childHandler(clients);
    if (!loops.epoll()) {
      return bootstrap
          .channel(NioServerSocketChannel.class)
          .option(ChannelOption.SO_BACKLOG, BACKLOG)
          .option(ChannelOption.SO_REUSEADDR, true)
          .childOption(ChannelOption.SO_KEEPALIVE, true);
    }
    List<TcpListener.Option> options =
        Stream.concat(OF_CLIENTS.stream(), wanted.options().stream()).toList();
    return bootstrap.channelFactory(() -> new TcpListener(wanted.address(), BACKLOG, options));
  }

  /// Sets how much of a client's bytes wait in memory: what belongs to the channel, not to the socket.
  public static void buffers(ChannelConfig config) {
    config.setWriteBufferWaterMark(Backlog.MARK);
    config.setRecvByteBufAllocator(READS);
  }

  /// Whether it is the one that is wanted there, where port 0 is any free one.
  boolean isFor(BindAddress there) {
    return wanted.equals(there);
  }

  /// Serves whoever connects from now on as these settings say, at the address it has.
  void change(ListenSettings changed) {
    settings.set(changed);
  }

  /// The address that clients connect to, with its real port.
  InetSocketAddress address() {
    return address;
  }

  /// Accepts from now on, first those who have waited; nothing happens if it does so already.
  void begin() {
    channels.forEach(channel -> channel.config().setAutoRead(true));
  }

  /// Stops accepting; clients that are there stay. Returns at once.
  @Override
  public void close() {
    channels.forEach(Channel::close);
  }
}
