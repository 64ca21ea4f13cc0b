package dormouse.tls.records;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.listen.EventLoops;
import dormouse.ops.Metrics;
import dormouse.park.Parked;
import dormouse.park.Parking;
import dormouse.park.Parkings;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Parked sockets with clients that seal by hand: every record of the server must open with the number that is due, so none may
/// be left out, doubled or sealed twice. The owner echoes what it hears, and parks as soon as it can.
@EnabledOnOs(OS.LINUX)
class ParkingTest {
  private static final int PATIENCE_MILLIS = 20_000;

  private final Metrics metrics = new Metrics();
  private EventLoops loops;
  private Parking parking;

  @BeforeEach
  void start() {
    loops = EventLoops.start(1, Clock.systemUTC());
    parking =
        Objects.requireNonNull(Parkings.open(loops, true, metrics).of(loops.all().getFirst()));
  }

  @AfterEach
  void stop() {
    loops.close();
  }

  @ParameterizedTest
  @EnumSource
  void aParkedClientIsReadAndAnsweredWithoutAChannel(Suite suite) throws Exception {
    try (Line line = new Line(new Peer(suite))) {
      line.awaitParked();
      for (int i = 0; i < 10; i++) {
        line.send(line.peer.data("hello " + i));
        assertThat(line.hear(7)).isEqualTo("hello " + i);
      }
      assertThat(line.revivals()).isZero();
    }
  }

  @Test
  void soIsOneWithoutTls() throws Exception {
    try (Line line = new Line(new Peer(Suite.AES_128_GCM), false)) {
      line.awaitParked();
      line.send("hello".getBytes(ISO_8859_1));
      assertThat(line.hear(5)).isEqualTo("hello");
      assertThat(line.revivals()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4, 5, 6, 20, -1})
  void halfARecordTakesAChannel(int at) throws Exception {
    try (Line line = new Line(new Peer(Suite.AES_128_GCM))) {
      line.awaitParked();
      byte[] two = TlsRecordsTest.join(line.peer.data("one "), line.peer.data("two"));
      int cut = at > 0 ? at : two.length + at;
      line.send(Arrays.copyOf(two, cut));
      line.await(() -> line.revivals() == 1);
      line.send(Arrays.copyOfRange(two, cut, two.length));
      assertThat(line.hear(7)).isEqualTo("one two");
      line.awaitParked();
      line.send(line.peer.data("three"));
      assertThat(line.hear(5)).isEqualTo("three");
      assertThat(line.revivals()).isEqualTo(1);
    }
  }

  @Test
  void keyUpdatesAreFollowedAndMade() throws Exception {
    try (Line line = new Line(new Peer(Suite.AES_256_GCM))) {
      line.awaitParked();
      line.send(TlsRecordsTest.join(line.peer.keyUpdate(0), line.peer.data("one")));
      assertThat(line.hear(3)).isEqualTo("one");
      line.send(line.peer.keyUpdate(1));
      assertThat(line.hearRecord()).isEqualTo("(KeyUpdate 0)");
      line.send(line.peer.data("two"));
      assertThat(line.hear(3)).isEqualTo("two");
      line.send(TlsRecordsTest.join(line.peer.keyUpdate(1), line.peer.data("three")));
      assertThat(line.hearRecord()).isEqualTo("(KeyUpdate 0)");
      assertThat(line.hear(5)).isEqualTo("three");
      assertThat(line.revivals()).isZero();
    }
  }

  /// What has been counted is kept while nobody is there.
  @Test
  void recordsThatSayNothingAreCounted() throws Exception {
    try (Line line = new Line(new Peer(Suite.AES_128_GCM))) {
      line.awaitParked();
      for (int i = 0; i < 32; i++) {
        line.send(i % 2 == 0 ? line.peer.data("") : line.peer.keyUpdate(0));
        line.awaitRead(i + 1);
      }
      line.send(line.peer.data("one"));
      assertThat(line.hear(3)).isEqualTo("one");
      for (int i = 0; i < 33; i++) {
        line.send(line.peer.keyUpdate(0));
        line.awaitRead(34 + i);
      }
      assertThat(line.hearRecord()).isEqualTo("(alert 2 10)");
      line.awaitEnd();
      assertThat(line.revivals()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aKeyThatHasServedLongGetsASuccessor(Suite suite) throws Exception {
    try (Line line = new Line(new Peer(suite, TlsRecords.MAX_RECORDS_A_KEY - 1))) {
      line.awaitParked();
      line.send(line.peer.data("one"));
      assertThat(line.hear(3)).isEqualTo("one");
      line.send(line.peer.data("two"));
      assertThat(line.hearRecord()).isEqualTo("(KeyUpdate 0)");
      assertThat(line.hear(3)).isEqualTo("two");
      line.send(line.peer.data("three"));
      assertThat(line.hear(5)).isEqualTo("three");
      assertThat(line.revivals()).isZero();
    }
  }

  @Test
  void aKeyUpdateMayBeCutInTwo() throws Exception {
    try (Line line = new Line(new Peer(Suite.AES_128_GCM))) {
      line.awaitParked();
      line.send(line.peer.record(ContentType.HANDSHAKE, (byte) 24, (byte) 0));
      line.await(() -> line.revivals() == 1);
      line.send(line.peer.record(ContentType.HANDSHAKE, (byte) 0, (byte) 1, (byte) 0));
      line.peer.sealing.update();
      line.send(line.peer.data("one"));
      assertThat(line.hear(3)).isEqualTo("one");
    }
  }

  @Test
  void whatIsBrokenIsAnsweredBehindWhatIsWhole() throws Exception {
    try (Line line = new Line(new Peer(Suite.AES_128_GCM))) {
      line.awaitParked();
      byte[] good = line.peer.data("good");
      byte[] bad = line.peer.data("bad");
      bad[bad.length - 1] ^= 1;
      line.send(TlsRecordsTest.join(good, bad));
      assertThat(line.hear(4)).isEqualTo("good");
      assertThat(line.hearRecord()).isEqualTo("(alert 2 20)");
      line.awaitEnd();
    }
  }

  /// As where the peer resets the connection behind half a record: there is no channel to carry it on.
  @Test
  void halfARecordIsReleasedWithWhatItCameBy() throws Exception {
    Peer peer = new Peer(Suite.AES_128_GCM);
    ByteBuf half = Unpooled.wrappedBuffer(peer.data("half"), 0, 7);
    ParkedRecords.drop(new RecordHandler(peer.server, half));
    assertThat(half.refCnt()).isZero();
  }

  @Test
  void closeNotifyIsAnswered() throws Exception {
    try (Line line = new Line(new Peer(Suite.AES_128_GCM))) {
      line.awaitParked();
      line.send(line.peer.record(ContentType.ALERT, (byte) 1, (byte) 0));
      assertThat(line.hearRecord()).isEqualTo("(alert 1 0)");
      line.awaitEnd();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whoLeavesIsNoticed(boolean byReset) throws Exception {
    try (Line line = new Line(new Peer(Suite.AES_128_GCM))) {
      line.awaitParked();
      if (byReset) {
        line.socket.setSoLinger(true, 0);
      }
      line.socket.close();
      line.owner.gone.get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
      assertThat(metrics.parked()).isZero();
    }
  }

  /// As where the peer's reset is read in the same turn.
  @Test
  void whatIsClosedOnItsWayIsNoticed() throws Exception {
    try (Line line = new Line(new Peer(Suite.AES_128_GCM))) {
      line.awaitParked();
      line.owner.revive();
      line.owner.parkAndClose();
      line.owner.gone.get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
      assertThat(metrics.parked()).isZero();
    }
  }

  @Test
  void whoHasTakenTheSocketOverHearsOfItsEnd() throws Exception {
    try (Line line = new Line(new Peer(Suite.AES_128_GCM))) {
      line.awaitParked();
      Owner next = new Owner();
      line.owner.heir = next;
      byte[] said = line.peer.data("DONE");
      byte[] bye = line.peer.record(ContentType.ALERT, (byte) 1, (byte) 0);
      line.send(TlsRecordsTest.join(said, bye));
      assertThat(line.hear(4)).isEqualTo("DONE");
      assertThat(line.hearRecord()).isEqualTo("(alert 1 0)");
      next.gone.get(5_000, TimeUnit.MILLISECONDS);
    }
  }

  /// As where what was said before wakes a session: the channel that it gets has not seen the end.
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whoTakesAChannelForWhatWasSaidHearsOfTheEndBehindIt(boolean broken) throws Exception {
    try (Line line = new Line(new Peer(Suite.AES_128_GCM))) {
      line.awaitParked();
      line.owner.wakes = true;
      byte[] said = line.peer.data("LIST");
      byte[] last = line.peer.record(ContentType.ALERT, (byte) 1, (byte) 0);
      if (broken) {
        last[last.length - 1] ^= 1;
      }
      line.send(TlsRecordsTest.join(said, last));
      assertThat(line.hear(4)).isEqualTo("LIST");
      assertThat(line.hearRecord()).isEqualTo(broken ? "(alert 2 20)" : "(alert 1 0)");
      line.awaitEnd();
    }
  }

  /// The kernel takes a part only: the rest waits in a channel.
  @Test
  void aClientThatDoesNotReadTakesAChannel() throws Exception {
    try (Line line = new Line(new Peer(Suite.AES_128_GCM))) {
      line.awaitParked();
      byte[] much = new byte[12 << 20];
      new Random(1).nextBytes(much);
      line.owner.say(Unpooled.wrappedBuffer(much));
      line.await(() -> line.revivals() == 1);
      line.owner.say(Unpooled.copiedBuffer("end", ISO_8859_1));
      assertThat(line.hear(much.length + 3)).isEqualTo(new String(much, ISO_8859_1) + "end");
    }
  }

  @Test
  void theEndOfTheLoopClosesThem() throws Exception {
    try (Line line = new Line(new Peer(Suite.AES_128_GCM))) {
      line.awaitParked();
      loops.close();
      assertThat(line.in.read()).isEqualTo(-1);
    }
  }

  /// Lines of all sizes, cut anywhere, key updates between them, of many clients at once.
  @ParameterizedTest
  @EnumSource
  void everyByteOfManyComesBack(Suite suite) throws Exception {
    long seed = Long.getLong("dormouse.seed", System.nanoTime());
    int rounds = Integer.getInteger("dormouse.rounds", 300);
    Random random = new Random(seed);
    List<Line> lines = new ArrayList<>();
    try {
      for (int i = 0; i < 20; i++) {
        lines.add(new Line(new Peer(suite)));
      }
      for (int i = 0; i < rounds; i++) {
        Line line = lines.get(random.nextInt(lines.size()));
        if (random.nextInt(3) > 0) {
          line.awaitParked();
        }
        line.exchange(random, "seed " + seed + " round " + i);
      }
    } finally {
      for (Line line : lines) {
        line.close();
      }
    }
  }

  /// A client and its server's side.
  private final class Line implements AutoCloseable {
    final Peer peer;
    private final boolean tls;
    final Owner owner = new Owner();
    final Socket socket;
    private final DataInputStream in;
    private final Channel listener;
    private final double revivalsBefore = revivalsOfAll();

    Line(Peer peer) throws IOException {
      this(peer, true);
    }

    Line(Peer peer, boolean tls) throws IOException {
      this.peer = peer;
      this.tls = tls;
      listener =
          new ServerBootstrap()
              .group(loops.group())
              .channel(EpollServerSocketChannel.class)
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
              .bind(InetAddress.getLoopbackAddress(), 0)
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
        if (random.nextInt(4) == 0) {
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
  private final class Owner implements Parking.Owner {
    final CompletableFuture<Void> gone = new CompletableFuture<>();
    volatile boolean isParked;
    private @Nullable Channel channel;
    private @Nullable Parked socket;
    private ByteBuf echo = Unpooled.EMPTY_BUFFER;
    private boolean parks;
    @Nullable Owner heir;
    boolean wakes;

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
      loops.all().getFirst().submit(() -> write(bytes)).syncUninterruptibly();
    }

    void revive() {
      loops
          .all()
          .getFirst()
          .submit(() -> Objects.requireNonNull(socket).revive())
          .syncUninterruptibly();
    }

    void parkAndClose() {
      Channel here = Objects.requireNonNull(channel);
      loops
          .all()
          .getFirst()
          .submit(() -> {
            park();
            here.close();
          })
          .syncUninterruptibly();
    }

    private void write(ByteBuf bytes) {
      if (channel != null) {
        channel.writeAndFlush(bytes);
      } else if (socket != null) {
        socket.send(bytes);
      }
    }

    private void park() {
      Channel here = channel;
      if (here != null && !parks && parking.obstacle(here) == null) {
        parks = true;
        parking.park(here, this);
      }
    }

    @Override
    public void revived(Channel revived) {
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
