package dormouse.bench;

import dormouse.config.TlsSettings;
import dormouse.listen.EventLoops;
import dormouse.listen.Listener;
import dormouse.ops.Metrics;
import dormouse.park.Parking;
import dormouse.park.Parkings;
import dormouse.session.SteadyClock;
import dormouse.tcp.TcpListener;
import dormouse.tls.Certificates;
import dormouse.tls.records.RecordLayer;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.handler.ssl.SslProvider;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Sends back what it gets, on one event loop, with a port for each [EchoKind]; a process of its own, so that nothing but it is measured.
/// Whoever started it reads the ports, a line each, in the order of the kinds, and ends it by closing its input. `tell N` there
/// has it say `* OK Still here` so many times to all that are parked; it answers with how many times it did.
final class EchoServer {
  static final String GREETING = "* OK\r\n";
  static final String STILL_HERE = "* OK Still here\r\n";

  private static final int BACKLOG = 4096;

  private final EventLoops loops = EventLoops.start(1, SteadyClock.start());
  private final EventLoop loop = loops.all().getFirst();
  private final Parking parking;
  private final Certificates own;
  private final SslContext engines;
  private final List<EchoOwner> parked = new ArrayList<>();

  private EchoServer(Path home) throws Exception {
    Parking found = Parkings.open(loops, true, new Metrics()).of(loop);
    if (found == null) {
      throw new IllegalStateException("nothing can be parked here");
    }
    parking = found;
    own =
        Certificates.load(
            new TlsSettings(List.of()), home, SteadyClock.start(), new RecordLayer(_ -> {}));
    engines =
        SslContextBuilder.forServer(
                home.resolve("tls/self-signed.crt").toFile(),
                home.resolve("tls/self-signed.key").toFile())
            .sslProvider(SslProvider.OPENSSL_REFCNT)
            .protocols("TLSv1.3", "TLSv1.2")
            .build();
    ((OpenSslSessionContext) engines.sessionContext()).setTicketKeys();
  }

  public static void main(String... arguments) throws Exception {
    EchoServer server = new EchoServer(Path.of(arguments[0]));
    for (EchoKind kind : EchoKind.values()) {
      System.out.println(server.serve(kind));
    }
    server.obey();
    System.exit(0);
  }

  private void obey() throws IOException {
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      int rounds = Integer.parseInt(line.substring(line.indexOf(' ') + 1));
      int told = 0;
      for (int i = 0; i < rounds; i++) {
        told += loop.submit(this::tellAll).syncUninterruptibly().getNow();
      }
      System.out.println(told);
    }
  }

  private int tellAll() {
    int told = 0;
    for (EchoOwner each : parked) {
      told += each.tell(ByteBufUtil.writeAscii(ByteBufAllocator.DEFAULT, STILL_HERE));
    }
    return told;
  }

  private int serve(EchoKind kind) {
    var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    Channel listening =
        new ServerBootstrap()
            .group(loop, loop)
            .channelFactory(() -> new TcpListener(address, BACKLOG, List.of()))
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    EchoServer.this.begin(kind, channel);
                  }
                })
            .bind(address)
            .syncUninterruptibly()
            .channel();
    return ((InetSocketAddress) listening.localAddress()).getPort();
  }

  private void begin(EchoKind kind, Channel channel) {
    Listener.buffers(channel.config());
    switch (kind) {
      case PLAIN -> {}
      case ENGINE -> channel.pipeline().addLast("tls", engines.newHandler(channel.alloc()));
      case LIVE, LIGHT, FULL -> channel.pipeline().addLast("tls", own.newHandler(channel.alloc()));
    }
    if (kind == EchoKind.LIGHT || kind == EchoKind.FULL) {
      EchoOwner owner = new EchoOwner(parking, kind == EchoKind.FULL);
      if (kind == EchoKind.LIGHT) {
        parked.add(owner);
      }
      owner.revived(channel);
    } else {
      channel.pipeline().addLast(new Echo(kind == EchoKind.PLAIN));
    }
  }

  /// On a channel that stays.
  private static final class Echo extends ChannelInboundHandlerAdapter {
    private final boolean plain;

    Echo(boolean plain) {
      this.plain = plain;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
      if (plain) {
        greet(context);
      }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event instanceof SslHandshakeCompletionEvent done && done.isSuccess()) {
        greet(context);
      }
    }

    private static void greet(ChannelHandlerContext context) {
      context.writeAndFlush(
          ByteBufUtil.writeAscii(context.alloc(), GREETING), context.voidPromise());
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      context.write((ByteBuf) message, context.voidPromise());
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
