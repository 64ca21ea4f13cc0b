package dormouse.bench.load;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.internal.tcnative.SSL;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// Opens [Client]s, from twenty addresses of this machine, so that neither ports nor what is kept for each address
/// run out; who has the same name comes from the same. It is a fault if a server seals with another cipher than those before it: then it is not servers that are compared. Any thread.
public final class Load implements AutoCloseable {
  private static final int ADDRESSES = 20;
  private static final int SESSIONS_KEPT = 300_000;
  private static final int CONNECT_MILLIS = 60_000;
  private static final int HANDSHAKE_MILLIS = 60_000;

  /// How to agree on keys: as all servers can but perdition, which knows the second alone. Some would take X25519MLKEM768, which costs more.
  private static final String[] GROUPS = {"x25519", "secp256r1"};

  /// How a client connects.
  public enum Tls {
    /// In the clear.
    NONE,
    /// TLS 1.3 with a whole handshake.
    FULL,
    /// TLS 1.3 that goes on with an earlier session of the same host, if there is one.
    RESUMED
  }

  private final EventLoopGroup group;
  private final SslContext full;
  private final SslContext resuming;
  private final AtomicLong resumed = new AtomicLong();
  private final AtomicReference<@Nullable String> cipher = new AtomicReference<>();
  private final Set<Integer> stopped = ConcurrentHashMap.newKeySet(); // ports

  /// @param loops threads
  public Load(int loops) {
    group = new MultiThreadIoEventLoopGroup(loops, EpollIoHandler.newFactory());
    try {
      full = context();
      resuming = context();
    } catch (SSLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static SslContext context() throws SSLException {
    return SslContextBuilder.forClient()
        .sslProvider(SslProvider.OPENSSL_REFCNT)
        .trustManager(InsecureTrustManagerFactory.INSTANCE)
        .endpointIdentificationAlgorithm(null)
        .protocols("TLSv1.3")
        .option(OpenSslContextOption.GROUPS, GROUPS)
        .sessionCacheSize(SESSIONS_KEPT)
        .build();
  }

  /// The cipher that all servers have sealed with; "" before any has.
  public String cipher() {
    return Objects.requireNonNullElse(cipher.get(), "");
  }

  /// How many TLS sessions were resumed so far.
  public long resumed() {
    return resumed.get();
  }

  /// Connects; completes when the server has greeted. That it cannot connect is the future's failure, and no fault.
  ///
  /// @param name for faults; whose TLS sessions it may resume
  public CompletableFuture<Client> connect(String name, int port, Tls tls, Faults faults) {
    CompletableFuture<Client> greeted = new CompletableFuture<>();
    Client client = new Client(name, faults, greeted, () -> stopped.contains(port));
    InetSocketAddress from =
        new InetSocketAddress("127.0.1." + (1 + Math.floorMod(name.hashCode(), ADDRESSES)), 0);
    new Bootstrap()
        .group(group)
        .channel(EpollSocketChannel.class)
        .option(ChannelOption.TCP_NODELAY, true)
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS)
        .handler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                if (tls != Tls.NONE) {
                  channel.pipeline().addLast(handler(channel, name, port, tls, faults));
                }
                channel.pipeline().addLast(client);
              }
            })
        .connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), from)
        .addListener((ChannelFuture done) -> {
          if (!done.isSuccess()) {
            Throwable why =
                stopped.contains(port) ? new TimeoutException("it is stopped") : done.cause();
            greeted.completeExceptionally(new IOException(name + " cannot connect", why));
          }
        });
    return greeted;
  }

  /// Tells that the server of these ports is about to be stopped: whoever is connected to it yet may be cut off.
  public void letGo(int... ports) {
    Arrays.stream(ports).forEach(stopped::add);
  }

  private SslHandler handler(Channel channel, String name, int port, Tls tls, Faults faults) {
    SslHandler handler =
        tls == Tls.RESUMED
            ? resuming.newHandler(channel.alloc(), name, port)
            : full.newHandler(channel.alloc());
    handler.setHandshakeTimeoutMillis(HANDSHAKE_MILLIS);
    handler
        .handshakeFuture()
        .addListener(done -> {
          if (done.isSuccess()) {
            agreed((ReferenceCountedOpenSslEngine) handler.engine(), name, faults);
          }
        });
    return handler;
  }

  private void agreed(ReferenceCountedOpenSslEngine engine, String name, Faults faults) {
    if (SSL.isSessionReused(engine.sslPointer())) {
      resumed.incrementAndGet();
    }
    String now = engine.getSession().getCipherSuite();
    String first = cipher.compareAndExchange(null, now);
    if (first != null && !first.equals(now)) {
      faults.add(name + " seals with " + now + ", those before it with " + first);
    }
  }

  @Override
  public void close() {
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
  }
}
