package dormouse.tls.records;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.listen.EventLoops;
import dormouse.ops.Metrics;
import dormouse.park.Parked;
import dormouse.park.Parking;
import dormouse.park.Parkings;
import dormouse.tcp.TcpListener;
import dormouse.testkit.Wait;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/// Parked sessions are woken and parked over and over, by turns in their slots and with a channel, by clients that compare every byte, change
/// keys, cut records, do not read for a while, and go and come. [SealedOnce] watches that no number is used twice.
///
/// The long form: `./test -Dit.test=ParkChurnIT -Dtest=NoUnitTest -Ddormouse.churn.sessions=10000 -Ddormouse.churn.cycles=1000000
/// -Dit.limit=30m`. What was done stands in `server/target/churn.log`.
@EnabledOnOs(OS.LINUX)
final class ParkChurnIT {
  private static final int SESSIONS = Integer.getInteger("dormouse.churn.sessions", 300);
  private static final int CYCLES = Integer.getInteger("dormouse.churn.cycles", 5_000);
  private static final long SEED = Long.getLong("dormouse.seed", System.nanoTime());
  private static final Duration LONG = Duration.ofMinutes(25);
  private static final Duration SOON = Duration.ofSeconds(30);
  private static final InetSocketAddress ANY_PORT =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  private static final TcpListener.Option SEND_BUFFER =
      new TcpListener.Option(/* SOL_SOCKET= */ 1, /* SO_SNDBUF= */ 7, 32 << 10);
  private static final long MORE_BYTES = 16L << 20; // than at the start, that allocators may keep

  private final Metrics metrics = new Metrics();
  private final EventLoops loops = EventLoops.start(2, Clock.systemUTC());
  private final Parkings parkings = Parkings.open(loops, true, metrics);
  private final Queue<Throwable> bugs = new ConcurrentLinkedQueue<>();
  private final AtomicInteger here = new AtomicInteger();
  private Channel listener;

  @BeforeEach
  void listen() {
    listener =
        new ServerBootstrap()
            .group(loops.group())
            .channelFactory(() -> new TcpListener(ANY_PORT, 4096, List.of(SEND_BUFFER)))
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel.pipeline().addLast(new Arrival());
                  }
                })
            .bind(ANY_PORT)
            .syncUninterruptibly()
            .channel();
  }

  @AfterEach
  void stop() {
    listener.close().syncUninterruptibly();
    loops.close();
  }

  @Test
  void everyByteOfManyComesBackAndNothingIsLeft() throws Exception {
    churn(20, 500); // so that what is made once is there
    long descriptors = descriptors();
    long memory = memory();
    long begun = System.nanoTime();
    double readBefore = read();
    double revivedBefore = revived();
    String done = churn(SESSIONS, CYCLES);
    long after = memory();
    assertThat(after).as("memory, %d at first", memory).isLessThan(memory + MORE_BYTES);
    Wait.until("descriptors are as at first", SOON, () -> descriptors() <= descriptors);
    log(
        "sessions=%d cycles=%.0f revivals=%.0f seconds=%d memory=%d before=%d seed=%d client: %s"
            .formatted(
                SESSIONS,
                read() - readBefore,
                revived() - revivedBefore,
                (System.nanoTime() - begun) / 1_000_000_000,
                after,
                memory,
                SEED,
                done));
  }

  private String churn(int sessions, int cycles) throws Exception {
    double begun = read();
    double revivedBefore = revived();
    long descriptors = descriptors();
    try (Program client =
        new Program(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx1g",
            "-ea",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-cp",
            System.getProperty("java.class.path"),
            ChurnClient.class.getName(),
            Integer.toString(((InetSocketAddress) listener.localAddress()).getPort()),
            Integer.toString(sessions),
            Long.toString(SEED))) {
      Wait.until("all are parked", LONG, () -> metrics.parked() >= sessions - 64);
      client.expect("open");
      assertThat(descriptors()).isGreaterThanOrEqualTo(descriptors + sessions);
      Wait.until(
          "so many cycles, seed " + SEED,
          LONG,
          () -> read() - begun >= cycles || !bugs.isEmpty() || !client.isRunning());
      client.say("stop");
      String done = client.expectMatch("said=.* right|wrong.*");
      assertThat(done).as("seed %d", SEED).endsWith("right");
      client.expectEnd();
      assertThat(bugs).isEmpty();
      Wait.until("all have gone", SOON, () -> here.get() == 0 && metrics.parked() == 0);
      assertThat(revived() - revivedBefore).isGreaterThan(cycles / 3.0);
      return done;
    }
  }

  private double read() {
    return counted("dormouse_parked_reads_total ");
  }

  private double revived() {
    return counted("dormouse_revivals_total ");
  }

  private double counted(String metric) {
    return metrics
        .scrape()
        .lines()
        .filter(line -> line.startsWith(metric))
        .mapToDouble(line -> Double.parseDouble(line.substring(metric.length())))
        .sum();
  }

  private static long descriptors() {
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      return all.count();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /// Bytes on the heap after a collection, and those that Netty has outside.
  private static long memory() {
    SealedOnce.forget();
    System.gc();
    System.gc();
    Runtime jvm = Runtime.getRuntime();
    long direct =
        ByteBufAllocator.DEFAULT instanceof ByteBufAllocatorMetricProvider allocator
            ? allocator.metric().usedDirectMemory()
            : 0;
    return jvm.totalMemory() - jvm.freeMemory() + direct;
  }

  private static void log(String line) throws IOException {
    Files.writeString(
        Path.of("target", "churn.log"),
        line + "\n",
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }

  /// Waits for the client's number, from which its secrets follow.
  private final class Arrival extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ByteBuf in = (ByteBuf) message;
      int number = in.readInt();
      in.release();
      here.incrementAndGet();
      Channel channel = context.channel();
      TlsRecords records =
          new TlsRecords(
              ChurnClient.protection(number, true), ChurnClient.protection(number, false));
      channel.pipeline().addFirst("tls", new RecordHandler(records));
      channel.pipeline().remove(this);
      Parking parking = Objects.requireNonNull(parkings.of(channel.eventLoop()));
      Owner owner = new Owner(parking);
      owner.revived(channel);
      owner.answer(Unpooled.copiedBuffer(ChurnClient.GREETING, StandardCharsets.US_ASCII));
    }
  }

  /// Echoes; while it is parked, by turns from its slot and with a channel that is parked again behind it.
  private final class Owner implements Parking.Owner {
    private final Parking parking;
    private @Nullable Channel channel;
    private @Nullable Parked socket;
    private ByteBuf echo = Unpooled.EMPTY_BUFFER;
    private boolean parks;
    private boolean gone;
    private int turns;

    Owner(Parking parking) {
      this.parking = parking;
    }

    @Override
    public boolean canPark() {
      return !echo.isReadable();
    }

    @Override
    public void parked(Parked parked) {
      socket = parked;
      channel = null;
      parks = false;
    }

    @Override
    public void stayed() {
      parks = false;
      park();
    }

    @Override
    public void received(ByteBuf data) {
      echo = echo.isReadable() ? Unpooled.wrappedBuffer(echo, data) : data;
    }

    @Override
    public void receivedAll() {
      if (channel == null && turns++ % 2 == 1) {
        Objects.requireNonNull(socket).revive(); // answers when it has its channel
        return;
      }
      ByteBuf all = echo;
      echo = Unpooled.EMPTY_BUFFER;
      answer(all);
    }

    void answer(ByteBuf bytes) {
      if (channel == null) {
        Objects.requireNonNull(socket).send(bytes);
        return;
      }
      channel.writeAndFlush(bytes).addListener(_ -> park());
    }

    private void park() {
      Channel from = channel;
      if (from != null && !parks && from.isActive() && parking.obstacle(from) == null) {
        parks = true;
        parking.park(from, this);
      }
    }

    @Override
    public void revived(Channel revived) {
      channel = revived;
      revived
          .pipeline()
          .addLast(
              "owner",
              new ChannelInboundHandlerAdapter() {
                @Override
                public void channelActive(ChannelHandlerContext context) {
                  if (echo.isReadable()) {
                    receivedAll();
                  } else {
                    park();
                  }
                }

                @Override
                public void channelRead(ChannelHandlerContext context, Object message) {
                  received((ByteBuf) message);
                }

                @Override
                public void channelReadComplete(ChannelHandlerContext context) {
                  if (echo.isReadable()) {
                    receivedAll();
                  } else {
                    park();
                  }
                }

                @Override
                public void channelInactive(ChannelHandlerContext context) {
                  gone();
                }

                @Override
                public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
                  if (!(cause instanceof IOException)) { // which is a client's reset
                    broken(cause);
                  }
                }
              });
    }

    @Override
    public void gone() {
      if (!gone) {
        gone = true;
        echo.release();
        echo = Unpooled.EMPTY_BUFFER;
        here.decrementAndGet();
      }
    }

    @Override
    public void broken(Throwable bug) {
      bugs.add(bug);
      gone();
    }
  }
}
