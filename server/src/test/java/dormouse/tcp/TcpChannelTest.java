package dormouse.tcp;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dormouse.listen.EventLoops;
import dormouse.testkit.Wait;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.buffer.UnpooledDirectByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.unix.FileDescriptor;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.ClosedChannelException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A connection is told of everything once, and misses nothing of it.
@EnabledOnOs(OS.LINUX)
class TcpChannelTest {
  private static final int PATIENCE_MILLIS = 20_000;
  private static final InetSocketAddress ANY_PORT =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  private final EventLoops loops = EventLoops.untimed(2, Clock.systemUTC());
  private final BlockingQueue<Heard> accepted = new LinkedBlockingQueue<>();

  @AfterEach
  void stop() {
    loops.close();
  }

  /// What a channel hears.
  private static final class Heard extends ChannelInboundHandlerAdapter {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final CompletableFuture<Channel> added = new CompletableFuture<>();
    private volatile boolean active;
    private volatile boolean ended;
    private volatile @Nullable Throwable cause;
    private volatile boolean readsOnce;
    private int reads;

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
      added.complete(context.channel());
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
      active = true;
    }

    @Override
    public synchronized void channelRead(ChannelHandlerContext context, Object message) {
      ByteBuf in = (ByteBuf) message;
      byte[] some = new byte[in.readableBytes()];
      in.readBytes(some).release();
      bytes.writeBytes(some);
      reads++;
      if (readsOnce) {
        context.channel().config().setAutoRead(false);
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      ended = true;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      this.cause = cause; // the end follows
    }

    Channel channel() {
      return added.join();
    }

    synchronized String text() {
      return bytes.toString(ISO_8859_1);
    }

    synchronized int reads() {
      return reads;
    }

    void await(String text) {
      awaits(() -> text().equals(text));
    }
  }

  private InetSocketAddress listen(boolean autoRead) {
    return (InetSocketAddress) listener(autoRead).localAddress();
  }

  private Channel listener(boolean autoRead) {
    return new ServerBootstrap()
        .group(loops.all().getFirst())
        .channelFactory(() -> new TcpListener(ANY_PORT, 16, List.of()))
        .childOption(ChannelOption.AUTO_READ, autoRead)
        .childHandler(
            new ChannelInboundHandlerAdapter() {
              @Override
              public boolean isSharable() {
                return true;
              }

              @Override
              public void handlerAdded(ChannelHandlerContext context) {
                Heard heard = new Heard();
                context.pipeline().replace(this, "heard", heard);
                accepted.add(heard);
              }
            })
        .bind(ANY_PORT)
        .syncUninterruptibly()
        .channel();
  }

  private Heard accepted() throws InterruptedException {
    Heard heard = accepted.poll(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
    assertThat(heard).isNotNull();
    awaits(() -> heard.active);
    return heard;
  }

  private ChannelFuture dial(InetSocketAddress to, Heard heard, int timeoutMillis) {
    return new Bootstrap()
        .group(loops.all().getFirst())
        .channelFactory(TcpChannel::new)
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, timeoutMillis)
        .handler(heard)
        .connect(to);
  }

  private static void awaits(BooleanSupplier what) {
    Wait.until("what was to come", Duration.ofMillis(PATIENCE_MILLIS), what);
  }

  private void onLoop(Channel channel, Runnable task) {
    channel.eventLoop().submit(task).syncUninterruptibly();
  }

  private static void say(Socket client, String text) throws IOException {
    client.getOutputStream().write(text.getBytes(ISO_8859_1));
  }

  @Test
  void itKnowsItsAddressesAndHearsAndSpeaks() throws Exception {
    InetSocketAddress address = listen(true);
    try (Socket client = new Socket(address.getAddress(), address.getPort())) {
      Heard heard = accepted();
      assertThat(heard.channel().remoteAddress()).isEqualTo(client.getLocalSocketAddress());
      assertThat(heard.channel().localAddress()).isEqualTo(address);
      for (int i = 0; i < 100; i++) {
        say(client, "x");
        heard.await("x".repeat(i + 1));
      }
      heard.channel().writeAndFlush(Unpooled.copiedBuffer("hello", ISO_8859_1));
      assertThat(new String(client.getInputStream().readNBytes(5), ISO_8859_1)).isEqualTo("hello");
    }
  }

  /// What the peer says at once, often with the same event that says that it is there.
  @Test
  void whatIsSaidBeforeTheConnectionIsKnownIsHeard() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 64, InetAddress.getLoopbackAddress())) {
      var to = (InetSocketAddress) server.getLocalSocketAddress();
      for (int i = 0; i < 50; i++) {
        Heard heard = new Heard();
        loops.all().getFirst().execute(() -> dial(to, heard, PATIENCE_MILLIS));
        try (Socket there = server.accept()) {
          say(there, "* OK\r\n");
          heard.await("* OK\r\n");
        }
        awaits(() -> heard.ended);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whatComesWhileNobodyReadsIsReadLater(boolean byAutoRead) throws Exception {
    InetSocketAddress address = listen(false);
    try (Socket client = new Socket(address.getAddress(), address.getPort())) {
      Heard heard = accepted();
      say(client, "one");
      turns(heard.channel());
      assertThat(heard.text()).isEmpty();
      if (byAutoRead) {
        onLoop(heard.channel(), () -> heard.channel().config().setAutoRead(true));
      } else {
        onLoop(heard.channel(), heard.channel()::read);
      }
      heard.await("one");
      say(client, "two");
      if (!byAutoRead) {
        turns(heard.channel());
        assertThat(heard.text()).isEqualTo("one");
        heard.channel().read();
      }
      heard.await("onetwo");
    }
  }

  /// More than one turn of the loop reads, with pauses that the handler makes in the middle of it.
  @Test
  void muchIsReadToItsEndThroughPauses() throws Exception {
    InetSocketAddress address = listen(true);
    byte[] much = new byte[8 << 20];
    new Random(1).nextBytes(much);
    try (Socket client = new Socket(address.getAddress(), address.getPort())) {
      Heard heard = accepted();
      heard.readsOnce = true;
      Thread writing =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  client.getOutputStream().write(much);
                } catch (IOException e) {
                  throw new AssertionError(e);
                }
              });
      for (int reads = 1; heard.reads() < 20; reads++) {
        int wanted = reads;
        awaits(() -> heard.reads() == wanted);
        onLoop(heard.channel(), () -> heard.channel().config().setAutoRead(true));
      }
      heard.readsOnce = false;
      onLoop(heard.channel(), () -> heard.channel().config().setAutoRead(true));
      awaits(() -> heard.text().length() == much.length);
      writing.join();
      assertThat(heard.text()).isEqualTo(new String(much, ISO_8859_1));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whoLeavesIsHeardToTheEndWhetherAnybodyReadsOrNot(boolean reads) throws Exception {
    InetSocketAddress address = listen(reads);
    Heard heard;
    try (Socket client = new Socket(address.getAddress(), address.getPort())) {
      heard = accepted();
      say(client, "last words");
    }
    awaits(() -> heard.ended);
    assertThat(heard.text()).isEqualTo("last words");
  }

  @Test
  void ofWhoLeavesNoMoreThanABufferIsReadWhileNobodyReads() throws Exception {
    InetSocketAddress address = listen(false);
    byte[] much = new byte[40_000]; // which the kernel takes of a client that leaves
    new Random(3).nextBytes(much);
    Heard heard;
    try (Socket client = new Socket(address.getAddress(), address.getPort())) {
      heard = accepted();
      heard.channel().config().setRecvByteBufAllocator(new FixedRecvByteBufAllocator(4096));
      client.getOutputStream().write(much);
    }
    awaits(() -> heard.reads() > 0);
    turns(heard.channel());
    assertThat(heard.reads()).isEqualTo(1);
    assertThat(heard.ended).isFalse();
    onLoop(heard.channel(), () -> heard.channel().config().setAutoRead(true));
    awaits(() -> heard.ended);
    assertThat(heard.text()).isEqualTo(new String(much, ISO_8859_1));
  }

  /// One that always has something to say leaves the others their turn.
  @Test
  void aTurnOfItsLoopIsNotForOneAlone() throws Exception {
    byte[] buffer = new byte[1024];
    BlockingQueue<Socket> said = new LinkedBlockingQueue<>();
    InetSocketAddress address = listen(false);
    try (Socket busy = new Socket(address.getAddress(), address.getPort());
        Socket other = new Socket(address.getAddress(), address.getPort())) {
      Heard talker = accepted();
      Heard listener = accepted();
      talker.channel().config().setRecvByteBufAllocator(new FixedRecvByteBufAllocator(1024));
      int[] readsMeanwhile = {0};
      talker
          .channel()
          .pipeline()
          .addFirst(
              new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext context, Object message)
                    throws Exception {
                  context.fireChannelRead(message);
                  if (listener.text().isEmpty()) {
                    busy.getOutputStream().write(buffer);
                    readsMeanwhile[0]++;
                    if (said.isEmpty()) {
                      say(other, "me too");
                      said.add(other);
                    }
                  }
                }
              });
      busy.getOutputStream().write(new byte[64 << 10]);
      onLoop(
          talker.channel(),
          () -> {
            listener.channel().config().setAutoRead(true);
            talker.channel().config().setAutoRead(true);
          });
      listener.await("me too");
      onLoop(talker.channel(), () -> {});
      assertThat(readsMeanwhile[0]).isBetween(1, 100);
    }
  }

  @Test
  void noMemoryEndsOneConnectionAndNotItsLoop() throws Exception {
    InetSocketAddress address = listen(true);
    try (Socket client = new Socket(address.getAddress(), address.getPort());
        Socket other = new Socket(address.getAddress(), address.getPort())) {
      Heard poor = accepted();
      Heard rich = accepted();
      poor.channel().config().setAllocator(withoutMemory());
      say(client, "anything");
      awaits(() -> poor.ended);
      assertThat(poor.cause).isInstanceOf(OutOfMemoryError.class);
      say(other, "still here");
      rich.await("still here");
    }
  }

  @Test
  void noMemoryToSendEndsItWithAWord() throws Exception {
    InetSocketAddress address = listen(true);
    try (Socket _ = new Socket(address.getAddress(), address.getPort())) {
      Heard poor = accepted();
      onLoop(
          poor.channel(),
          () ->
              poor.channel()
                  .writeAndFlush(
                      new UnpooledDirectByteBuf(UnpooledByteBufAllocator.DEFAULT, 16, 16) {
                        @Override
                        public boolean hasMemoryAddress() {
                          return true;
                        }

                        @Override
                        public long memoryAddress() {
                          throw new OutOfMemoryError("as the test wants it");
                        }
                      }.writeZero(16)));
      awaits(() -> poor.ended);
      assertThat(poor.channel().closeFuture().await(PATIENCE_MILLIS)).isTrue();
    }
  }

  private static ByteBufAllocator withoutMemory() {
    return (ByteBufAllocator)
        Proxy.newProxyInstance(
            TcpChannelTest.class.getClassLoader(),
            new Class<?>[] {ByteBufAllocator.class},
            (_, _, _) -> {
              throw new OutOfMemoryError("as the test wants it");
            });
  }

  @Test
  void aLoopThatRefusesItSaysSo() throws Exception {
    File file = File.createTempFile("none", "socket"); // of which epoll knows nothing
    try {
      var channel = new TcpChannel(listener(true), FileDescriptor.from(file), ANY_PORT, ANY_PORT);
      Throwable cause = loops.all().getFirst().register(channel).awaitUninterruptibly().cause();
      assertThat(cause).isInstanceOf(IOException.class).hasMessageContaining("epoll_ctl");
    } finally {
      assertThat(file.delete()).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aResetEndsIt(boolean reads) throws Exception {
    InetSocketAddress address = listen(reads);
    Heard heard;
    try (Socket client = new Socket(address.getAddress(), address.getPort())) {
      heard = accepted();
      client.setSoLinger(true, 0);
    }
    awaits(() -> heard.ended);
  }

  @Test
  void aPeerThatDoesNotReadGetsAllLater() throws Exception {
    InetSocketAddress address = listen(true);
    byte[] much = new byte[16 << 20];
    new Random(2).nextBytes(much);
    try (Socket client = new Socket(address.getAddress(), address.getPort())) {
      Heard heard = accepted();
      onLoop(
          heard.channel(),
          () -> {
            for (int at = 0, bytes; at < much.length; at += bytes) {
              bytes = Math.min(much.length - at, 1 + at % 50_000);
              heard.channel().write(Unpooled.wrappedBuffer(much, at, bytes));
            }
            heard.channel().flush();
          });
      assertThat(heard.channel().isWritable()).isFalse();
      assertThat(client.getInputStream().readNBytes(much.length)).isEqualTo(much);
      awaits(heard.channel()::isWritable);
    }
  }

  @Test
  void whoHasFinishedStillHears() throws Exception {
    InetSocketAddress address = listen(true);
    try (Socket client = new Socket(address.getAddress(), address.getPort())) {
      Heard heard = accepted();
      onLoop(heard.channel(), ((StreamChannel) heard.channel())::finish);
      assertThat(client.getInputStream().read()).isEqualTo(-1);
      say(client, "still");
      heard.await("still");
    }
  }

  @Test
  void whoFinishesWhenThePeerHasGoneIsClosed() throws Exception {
    InetSocketAddress address = listen(true);
    Socket client = new Socket(address.getAddress(), address.getPort());
    client.setSoLinger(true, 0);
    Heard heard = accepted();
    onLoop(
        heard.channel(),
        () -> {
          try {
            client.close();
          } catch (IOException e) {
            throw new AssertionError(e);
          }
          awaits(() -> { // the kernel hears of the reset
            ((StreamChannel) heard.channel()).finish();
            return !heard.channel().isOpen();
          });
        });
  }

  @Test
  void whoHasLeftItsSocketDoesNotCloseIt() throws Exception {
    InetSocketAddress address = listen(true);
    try (Socket client = new Socket(address.getAddress(), address.getPort())) {
      TcpChannel channel = (TcpChannel) accepted().channel();
      var socket = new io.netty.channel.unix.Socket(channel.fd());
      channel.deregister().syncUninterruptibly();
      channel.leave();
      channel.close().syncUninterruptibly();
      turns(channel);
      assertThat(channel.isOpen()).isFalse();
      assertThat(socket.isKeepAlive()).isFalse(); // which of a closed one cannot be asked
      socket.close();
      assertThat(client.getInputStream().read()).isEqualTo(-1);
    }
  }

  /// More than is sent in one turn, so that the rest is due when it moves.
  @Test
  void whatIsStillToBeSentMovesWithIt() throws Exception {
    InetSocketAddress address = listen(true);
    try (Socket client = new Socket(address.getAddress(), address.getPort())) {
      Channel channel = accepted().channel();
      int lines = 5_000;
      onLoop(
          channel,
          () -> {
            for (int i = 0; i < lines; i++) {
              channel.write(Unpooled.copiedBuffer("line\r\n", ISO_8859_1));
            }
            channel.flush();
            channel.deregister().addListener(_ -> loops.all().get(1).register(channel));
          });
      client.setSoTimeout(PATIENCE_MILLIS);
      assertThat(client.getInputStream().readNBytes(lines * 6)).hasSize(lines * 6);
    }
  }

  /// Nothing that comes on the way from one loop to another is missed.
  @Test
  void itMovesToAnotherLoop() throws Exception {
    InetSocketAddress address = listen(true);
    StringBuilder said = new StringBuilder();
    try (Socket client = new Socket(address.getAddress(), address.getPort())) {
      Heard heard = accepted();
      for (int i = 0; i < 200; i++) {
        var to = loops.all().get((i + 1) % 2);
        ChannelFuture left = heard.channel().deregister();
        say(client, i + " ");
        said.append(i).append(' ');
        left.syncUninterruptibly();
        to.register(heard.channel()).syncUninterruptibly();
        assertThat(heard.channel().eventLoop()).isSameAs(to);
        if (i % 3 == 0) {
          heard.await(said.toString());
        }
      }
      heard.await(said.toString());
    }
  }

  /// As Netty has it do for a second when there are no descriptors left.
  @Test
  void aListenerThatDoesNotReadAcceptsThemLater() throws Exception {
    Channel listener = listener(true);
    var address = (InetSocketAddress) listener.localAddress();
    onLoop(listener, () -> listener.config().setAutoRead(false));
    try (Socket _ = new Socket(address.getAddress(), address.getPort())) {
      turns(listener);
      assertThat(accepted).isEmpty();
      onLoop(listener, () -> listener.config().setAutoRead(true));
      accepted();
    }
  }

  @Test
  void aListenerThatCannotBeLeavesNoSocket() {
    String[] before = new File("/proc/self/fd").list();
    for (int i = 0; i < 20; i++) {
      assertThatThrownBy(
              () -> new TcpListener(ANY_PORT, 16, List.of(new TcpListener.Option(6, 9999, 1))))
          .hasMessageContaining("setsockopt");
    }
    assertThat(new File("/proc/self/fd").list()).hasSizeLessThan(before.length + 20);
  }

  @Test
  void whoRefusesIsNamed() throws Exception {
    InetSocketAddress nobody;
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      nobody = (InetSocketAddress) server.getLocalSocketAddress();
    }
    Throwable cause = dial(nobody, new Heard(), PATIENCE_MILLIS).awaitUninterruptibly().cause();
    assertThat(cause)
        .isInstanceOf(ConnectException.class)
        .hasMessageContaining(String.valueOf(nobody.getPort()));
  }

  /// Its queue is full, so the kernel leaves the next unanswered.
  @Test
  void whoDoesNotAnswerIsWaitedForNoLongerThanAsked() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      var to = (InetSocketAddress) server.getLocalSocketAddress();
      List<ChannelFuture> dialed = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        dialed.add(dial(to, new Heard(), 300));
      }
      ChannelFuture last = dialed.getLast().awaitUninterruptibly();
      assertThat(last.cause()).isInstanceOf(ConnectTimeoutException.class);
      assertThat(last.channel().closeFuture().await(PATIENCE_MILLIS)).isTrue();
      Heard given = new Heard();
      ChannelFuture up = dial(to, given, PATIENCE_MILLIS);
      up.channel().close().syncUninterruptibly();
      assertThat(up.awaitUninterruptibly().cause()).isInstanceOf(ClosedChannelException.class);
      dialed.forEach(each -> each.channel().close().syncUninterruptibly());
    }
  }

  private void turns(Channel channel) {
    for (int i = 0; i < 3; i++) {
      onLoop(channel, () -> {});
    }
  }
}
