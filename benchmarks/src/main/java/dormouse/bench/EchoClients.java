package dormouse.bench;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.internal.tcnative.SSL;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// Clients of [EchoServer], with BoringSSL on Netty, that compare each byte of what comes back. Any thread.
final class EchoClients implements AutoCloseable {
  private static final int LINES = 1000;
  private static final int SHORT_BYTES = 100;
  private static final int LONG_BYTES = 16 << 10;
  private static final int PATIENCE_SECONDS = 120;
  private static final int CONNECTING_AT_ONCE = 200;

  private final EventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  private final SslContext full;
  private final SslContext resuming;
  private final List<ByteBuf> lines = new ArrayList<>();
  private final AtomicInteger resumed = new AtomicInteger();

  EchoClients() throws SSLException {
    full = context();
    resuming = context();
    Random random = new Random(1);
    for (int i = 0; i < LINES; i++) {
      byte[] line = new byte[1 + random.nextInt(i % 10 == 0 ? LONG_BYTES : SHORT_BYTES)];
      random.nextBytes(line);
      lines.add(
          Unpooled.unreleasableBuffer(Unpooled.directBuffer(line.length).writeBytes(line))
              .asReadOnly());
    }
  }

  private static SslContext context() throws SSLException {
    return SslContextBuilder.forClient()
        .sslProvider(SslProvider.OPENSSL_REFCNT)
        .trustManager(InsecureTrustManagerFactory.INSTANCE)
        .endpointIdentificationAlgorithm(null)
        .protocols("TLSv1.3")
        .ciphers(List.of("TLS_AES_128_GCM_SHA256"))
        .build();
  }

  /// How many handshakes went on with a session of before.
  int resumed() {
    return resumed.get();
  }

  /// Connections that are open.
  static final class Open implements AutoCloseable {
    private final List<Client> clients = new ArrayList<>();

    /// Has each say a line as soon as it has heard the last one, so many in all.
    void echo(int count) {
      AtomicInteger left = new AtomicInteger(count);
      List<CompletableFuture<Void>> all = new ArrayList<>();
      clients.forEach(client -> all.add(client.begin(left)));
      await(all);
    }

    /// Waits until each has heard this many bytes that it did not ask for, of [EchoServer#STILL_HERE] again and again.
    List<CompletableFuture<Void>> expectStillHere(int times) {
      List<CompletableFuture<Void>> all = new ArrayList<>();
      clients.forEach(client -> all.add(client.hear(times)));
      return all;
    }

    @Override
    public void close() {
      clients.forEach(Client::close);
    }
  }

  static void await(List<CompletableFuture<Void>> all) {
    CompletableFuture.allOf(all.toArray(CompletableFuture[]::new))
        .orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS)
        .join();
  }

  /// Opens so many and returns when all have been greeted.
  Open open(int port, boolean tls, int count) {
    Open open = new Open();
    while (open.clients.size() < count) {
      List<CompletableFuture<Void>> greeted = new ArrayList<>();
      for (int i = 0; i < CONNECTING_AT_ONCE && open.clients.size() < count; i++) {
        Client client = new Client();
        open.clients.add(client);
        greeted.add(client.greeted);
        connect(client, port, tls ? full : null, "");
      }
      await(greeted);
    }
    return open;
  }

  /// Connects and leaves again after the greeting, so many times, so many at once.
  void handshakes(int port, int count, int atOnce, boolean resumes) {
    AtomicInteger left = new AtomicInteger(count);
    List<CompletableFuture<Void>> all = new ArrayList<>();
    for (int i = 0; i < atOnce; i++) {
      CompletableFuture<Void> done = new CompletableFuture<>();
      all.add(done);
      again(port, left, resumes, "client" + i, done);
    }
    await(all);
  }

  private void again(
      int port, AtomicInteger left, boolean resumes, String name, CompletableFuture<Void> done) {
    if (left.getAndDecrement() <= 0) {
      done.complete(null);
      return;
    }
    Client client = new Client();
    client.greeted.whenComplete((_, failure) -> {
      if (failure != null) {
        done.completeExceptionally(failure);
        return;
      }
      client.close();
      group.execute(() -> again(port, left, resumes, name, done));
    });
    connect(client, port, resumes ? resuming : full, resumes ? name : "");
  }

  private void connect(Client client, int port, @Nullable SslContext tls, String name) {
    new Bootstrap()
        .group(group)
        .channel(EpollSocketChannel.class)
        .option(ChannelOption.TCP_NODELAY, true)
        .handler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                if (tls != null) {
                  channel.pipeline().addLast(handler(channel, tls, name, port));
                }
                channel.pipeline().addLast(client);
              }
            })
        .connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
        .addListener(done -> {
          if (!done.isSuccess()) {
            client.fail(done.cause());
          }
        });
  }

  private SslHandler handler(Channel channel, SslContext tls, String name, int port) {
    if (name.isEmpty()) {
      return tls.newHandler(channel.alloc());
    }
    SslHandler handler = tls.newHandler(channel.alloc(), name, port); // its sessions are kept by it
    handler
        .handshakeFuture()
        .addListener(done -> {
          long ssl = ((ReferenceCountedOpenSslEngine) handler.engine()).sslPointer();
          if (done.isSuccess() && SSL.isSessionReused(ssl)) {
            resumed.incrementAndGet();
          }
        });
    return handler;
  }

  /// One connection. Lives on its event loop.
  private final class Client extends ChannelInboundHandlerAdapter {
    final CompletableFuture<Void> greeted = new CompletableFuture<>();
    private CompletableFuture<Void> done = greeted;
    private @Nullable ChannelHandlerContext context;
    private ByteBuf expected =
        Unpooled.copiedBuffer(EchoServer.GREETING, StandardCharsets.US_ASCII);
    private AtomicInteger left = new AtomicInteger();
    private boolean closing;

    CompletableFuture<Void> begin(AtomicInteger lines) {
      CompletableFuture<Void> all = new CompletableFuture<>();
      onLoop(() -> {
        done = all;
        left = lines;
        next();
      });
      return all;
    }

    CompletableFuture<Void> hear(int times) {
      CompletableFuture<Void> all = new CompletableFuture<>();
      onLoop(() -> {
        done = all;
        left = new AtomicInteger();
        expected =
            Unpooled.copiedBuffer(EchoServer.STILL_HERE.repeat(times), StandardCharsets.US_ASCII);
      });
      return all;
    }

    void close() {
      onLoop(() -> {
        closing = true;
        if (context != null) {
          context.close();
        }
      });
    }

    private void onLoop(Runnable what) {
      ChannelHandlerContext here = context;
      if (here != null) {
        here.executor().execute(what);
      }
    }

    private void next() {
      int line = left.decrementAndGet();
      if (line < 0 || context == null) {
        done.complete(null);
        return;
      }
      expected = lines.get(line % LINES).duplicate();
      context.writeAndFlush(expected.duplicate(), context.voidPromise());
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
      this.context = context;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ByteBuf heard = (ByteBuf) message;
      int bytes = heard.readableBytes();
      if (bytes > expected.readableBytes()
          || !ByteBufUtil.equals(
              heard, heard.readerIndex(), expected, expected.readerIndex(), bytes)) {
        fail(new IllegalStateException("other bytes came back"));
        return;
      }
      expected.skipBytes(bytes);
      heard.release();
      if (!expected.isReadable()) {
        next();
      }
    }

    void fail(Throwable cause) {
      greeted.completeExceptionally(cause);
      done.completeExceptionally(cause);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      if (!closing) {
        fail(new IllegalStateException("the server has closed"));
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      fail(cause);
    }
  }

  @Override
  public void close() {
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
  }
}
