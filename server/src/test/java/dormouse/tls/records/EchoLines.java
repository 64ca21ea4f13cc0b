package dormouse.tls.records;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.listen.EventLoops;
import dormouse.ops.Metrics;
import dormouse.park.Parked;
import dormouse.park.Parking;
import dormouse.park.Parkings;
import dormouse.tcp.TcpListener;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Clock;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// Echoes by one event loop, whose connections are parked as soon as they can be, and clients of theirs that seal by hand.
final class EchoLines implements AutoCloseable {
  private static final int PATIENCE_MILLIS = 20_000;
  private static final InetSocketAddress ANY_PORT =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  final Metrics metrics = new Metrics();
  final EventLoops loops = EventLoops.start(1, Clock.systemUTC());
  private final Parking parking =
      Objects.requireNonNull(Parkings.open(loops, true, metrics).of(loops.all().getFirst()));

  Line open(Peer peer) throws IOException {
    return new Line(peer, true, false);
  }

  /// One that is not parked before it is told to be.
  Line openAwake(Peer peer) throws IOException {
    return new Line(peer, true, true);
  }

  Line openInTheClear() throws IOException {
    return new Line(new Peer(Suite.AES_128_GCM), false, false);
  }

  @Override
  public void close() {
    loops.close();
  }

  /// Returns when it has been done on the event loop.
  void onLoop(Runnable what) {
    loops.all().getFirst().submit(what).syncUninterruptibly();
  }

  /// A client and its server's side.
  final class Line implements AutoCloseable {
    final Peer peer;
    private final boolean tls;
    final Owner owner = new Owner();
    final Socket socket;
    final DataInputStream in;
    private final Channel listener;
    private final double revivalsBefore = revivalsOfAll();

    private Line(Peer peer, boolean tls, boolean staysAwake) throws IOException {
      this.peer = peer;
      this.tls = tls;
      owner.staysAwake = staysAwake;
      listener =
          new ServerBootstrap()
              .group(loops.group())
              .channelFactory(() -> new TcpListener(ANY_PORT, 8, List.of()))
              .childHandler(
                  new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                      if (tls) {
                        channel.pipeline().addLast("tls", new RecordHandler(peer.server));
                      }
                      owner.revived(channel);
                    }
                  })
              .bind(ANY_PORT)
              .syncUninterruptibly()
              .channel();
      socket = new Socket();
      socket.setReceiveBufferSize(64 << 10);
      socket.connect((InetSocketAddress) listener.localAddress());
      socket.setSoTimeout(PATIENCE_MILLIS);
      socket.setTcpNoDelay(true);
      in = new DataInputStream(socket.getInputStream());
    }

    void send(byte[] bytes) throws IOException {
      socket.getOutputStream().write(bytes);
    }

    /// Data of so many bytes.
    String hear(int bytes) throws Exception {
      if (!tls) {
        return new String(in.readNBytes(bytes), ISO_8859_1);
      }
      StringBuilder heard = new StringBuilder();
      while (heard.length() < bytes) {
        heard.append(hearRecord());
      }
      return heard.toString();
    }

    String hearRecord() throws Exception {
      byte[] header = new byte[Protection.HEADER_BYTES];
      in.readFully(header);
      int bytes = Unpooled.wrappedBuffer(header).getUnsignedShort(3);
      byte[] record = Arrays.copyOf(header, header.length + bytes);
      in.readFully(record, header.length, bytes);
      List<String> opened = peer.opens(Unpooled.wrappedBuffer(record));
      assertThat(opened).hasSize(1);
      return opened.getFirst();
    }

    void exchange(Random random, String what) throws Exception {
      StringBuilder said = new StringBuilder();
      byte[] sealed = {};
      for (int n = random.nextInt(3); n >= 0; n--) {
        String data =
            "x" + "abcdefghij".repeat(random.nextInt(random.nextInt(10) == 0 ? 1600 : 20));
        said.append(data);
        if (random.nextInt(4) == 0 && !peer.sealing.suite().ofTls12()) {
          sealed = TlsRecordsTest.join(sealed, peer.keyUpdate(random.nextInt(2)));
        }
        sealed = TlsRecordsTest.join(sealed, peer.data(data));
      }
      int cut = random.nextBoolean() ? random.nextInt(sealed.length) : 0;
      send(Arrays.copyOf(sealed, cut));
      if (random.nextBoolean()) {
        loops.all().getFirst().submit(() -> {}).sync(); // else both parts may come in one
      }
      send(Arrays.copyOfRange(sealed, cut, sealed.length));
      StringBuilder heard = new StringBuilder();
      while (heard.length() < said.length()) {
        String record = hearRecord();
        heard.append(record.startsWith("(KeyUpdate") ? "" : record);
      }
      assertThat(heard.toString()).as(what).isEqualTo(said.toString());
    }

    void awaitParked() {
      await(() -> owner.isParked);
    }

    void await(BooleanSupplier condition) {
      long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
      while (!condition.getAsBoolean()) {
        assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
        Thread.onSpinWait();
      }
    }

    void awaitEnd() throws Exception {
      owner.gone.get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
      InputStream rest = in;
      assertThat(rest.read()).isEqualTo(-1);
    }

    int revivals() {
      return (int) (revivalsOfAll() - revivalsBefore);
    }

    /// Waits until so many have been read while it was parked.
    void awaitRead(int times) {
      await(() -> counted("dormouse_parked_reads_total ") >= times);
    }

    @Override
    public void close() throws IOException {
      socket.close();
      listener.close();
    }
  }

  private double revivalsOfAll() {
    return counted("dormouse_revivals_total ");
  }

  private double counted(String metric) {
    return metrics
        .scrape()
        .lines()
        .filter(line -> line.startsWith(metric))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.indexOf(' '))))
        .sum();
  }

  /// Echoes.
  final class Owner implements Parking.Owner {
    final CompletableFuture<Void> gone = new CompletableFuture<>();
    volatile boolean isParked;
    volatile @Nullable Channel channel;
    @Nullable Parked socket;
    private ByteBuf echo = Unpooled.EMPTY_BUFFER;
    private boolean parks;
    @Nullable Owner heir;
    boolean wakes;
    boolean clings;
    boolean failsRevived;
    boolean staysAwake;

    @Override
    public boolean canPark() {
      return true;
    }

    @Override
    public void parked(Parked parked) {
      socket = parked;
      channel = null;
      parks = false;
      isParked = true;
    }

    @Override
    public void stayed() {
      parks = false;
    }

    @Override
    public void leaves() {
      if (clings) {
        throw new IllegalStateException("a bug");
      }
    }

    @Override
    public void received(ByteBuf data) {
      echo = Unpooled.wrappedBuffer(echo, data);
    }

    @Override
    public void receivedAll() {
      ByteBuf all = echo;
      echo = Unpooled.EMPTY_BUFFER;
      write(all);
      if (wakes) {
        Objects.requireNonNull(socket).revive();
        return;
      }
      Owner next = heir;
      if (next != null && socket != null) {
        socket.handOver(next); // as a session does that rests again
        return;
      }
      park();
    }

    void say(ByteBuf bytes) {
      onLoop(() -> write(bytes));
    }

    void revive() {
      onLoop(() -> Objects.requireNonNull(socket).revive());
    }

    /// Nobody finds it any more, by a bug.
    void lose() {
      onLoop(() -> Objects.requireNonNull(socket).handOver(1)); // a member, and there is no crowd
    }

    void parkAndClose() {
      Channel here = Objects.requireNonNull(channel);
      onLoop(() -> {
        park();
        here.close();
      });
    }

    private void write(ByteBuf bytes) {
      if (channel != null) {
        channel.writeAndFlush(bytes);
      } else if (socket != null) {
        socket.send(bytes);
      }
    }

    void park() {
      Channel here = channel;
      if (here != null && !staysAwake && !parks && parking.obstacle(here) == null) {
        parks = true;
        parking.park(here, this);
      }
    }

    @Override
    public void revived(Channel revived) {
      if (failsRevived) {
        throw new IllegalStateException("a bug");
      }
      isParked = false;
      channel = revived;
      revived
          .pipeline()
          .addLast(
              "owner",
              new ChannelInboundHandlerAdapter() {
                @Override
                public void channelActive(ChannelHandlerContext context) {
                  if (socket == null) {
                    park();
                  }
                }

                @Override
                public void channelRead(ChannelHandlerContext context, Object message) {
                  received((ByteBuf) message);
                }

                @Override
                public void channelReadComplete(ChannelHandlerContext context) {
                  receivedAll();
                }

                @Override
                public void channelInactive(ChannelHandlerContext context) {
                  gone();
                }

                @Override
                public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {}
              });
    }

    @Override
    public void gone() {
      isParked = false;
      gone.complete(null);
    }

    @Override
    public void broken(Throwable bug) {
      gone.completeExceptionally(Objects.requireNonNull(bug));
    }
  }
}
