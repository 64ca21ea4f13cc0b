package dormouse.imap.compress;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CompressHandlerTest {
  private static final int STEP_BYTES = 8 * 1024;
  private static final int TURN_BYTES = 64 * 1024;

  private final AtomicLong kept = new AtomicLong();
  private final AtomicLong malformed = new AtomicLong();
  private Reader reader = new Reader();
  private final Deflater clientSays = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
  private final Inflater clientHears = new Inflater(true);
  private CompressHandler handler = handler(Unpooled.EMPTY_BUFFER);
  private EmbeddedChannel channel = new EmbeddedChannel(handler, reader);

  private CompressHandler handler(ByteBuf early) {
    return new CompressHandler(early, kept::addAndGet, malformed::incrementAndGet);
  }

  @AfterEach
  void end() {
    channel.finishAndReleaseAll();
    assertThat(kept).hasValue(0);
    clientSays.end();
    clientHears.end();
  }

  @Test
  void bothDirectionsArePlainBehindIt() throws DataFormatException {
    channel.writeInbound(deflated("a1 NOOP\r\n"));
    assertThat(reader.heard).hasToString("a1 NOOP\r\n");

    channel.writeOneOutbound(text("* 3 EXISTS\r\n"));
    channel.writeOneOutbound(text("a1 OK\r\n"));
    assertThat(channel.<ByteBuf>readOutbound()).isNull();
    channel.flushOutbound();
    assertThat(inflated()).isEqualTo("* 3 EXISTS\r\na1 OK\r\n");
  }

  @Test
  void whatCameBehindTheCommandIsCompressedAlready() {
    channel.finishAndReleaseAll();
    reader = new Reader();
    channel = new EmbeddedChannel(handler(deflated("a1 NO")), reader);
    channel.runPendingTasks();
    channel.writeInbound(deflated("OP\r\n"));

    assertThat(reader.heard).hasToString("a1 NOOP\r\n");
  }

  @Test
  void aClientIsCutAtEveryByte() throws DataFormatException {
    String conversation = "a1 NOOP\r\na2 UID FETCH 1:* (FLAGS)\r\n";
    ByteBuf deflated = deflated(conversation);
    while (deflated.isReadable()) {
      handler.rest();
      channel.writeInbound(deflated.readBytes(1));
      channel.writeOutbound(text("* OK\r\n"));
      assertThat(inflated()).isEqualTo("* OK\r\n");
    }
    deflated.release();

    assertThat(reader.heard).hasToString(conversation);
  }

  /// Ten megabytes in ten kilobytes: they come only as fast as whoever is behind takes them.
  @Test
  void aBombIsInflatedOnlyAsFarAsItIsWanted() {
    reader.takes = false;
    ByteBuf bomb = deflated("\0".repeat(10_000_000));
    channel.writeInbound(bomb);

    assertThat(reader.total).isBetween(1L, (long) STEP_BYTES);
    assertThat(channel.config().isAutoRead()).isFalse();
    channel.runPendingTasks();
    assertThat(reader.total).isLessThanOrEqualTo(STEP_BYTES);

    reader.takes = true;
    channel.config().setAutoRead(true);
    channel.runPendingTasks();
    assertThat(reader.total).isEqualTo(10_000_000);
    assertThat(reader.largestTurn).isLessThanOrEqualTo(TURN_BYTES + STEP_BYTES);
    assertThat(reader.reading).as("only behind the last of it").hasSizeLessThanOrEqualTo(2);
    assertThat(channel.config().isAutoRead()).isTrue();
  }

  @Test
  void aBombEndsWithItsReader() {
    reader.takes = false;
    channel.writeInbound(deflated("\0".repeat(10_000_000)));
    channel.close();
    channel.runPendingTasks();

    assertThat(reader.total).isLessThanOrEqualTo(STEP_BYTES);
  }

  @Test
  void whatCannotBeInflatedIsToldOnceAndIgnoredFromThen() throws DataFormatException {
    channel.writeInbound(deflated("a1 NOOP\r\n"));
    channel.writeInbound(Unpooled.wrappedBuffer(new byte[] {7, 7, 7}));
    channel.writeInbound(Unpooled.wrappedBuffer(new byte[] {7, 7, 7}));
    channel.writeInbound(deflated("a2 NOOP\r\n"));

    assertThat(malformed).hasValue(1);
    assertThat(reader.heard).hasToString("a1 NOOP\r\n");
    channel.writeOutbound(text("* BYE\r\n"));
    assertThat(inflated()).isEqualTo("* BYE\r\n");
  }

  @Test
  void aPromiseIsKeptWithTheBytesItIsFor() throws DataFormatException {
    channel.write(text("* BYE\r\n"), channel.voidPromise());
    List<String> order = new ArrayList<>();
    channel
        .write(Unpooled.EMPTY_BUFFER)
        .addListener(done -> order.add(done.isSuccess() + " " + channel.outboundMessages().size()));
    assertThat(order).isEmpty();
    channel.flush();

    assertThat(order).containsExactly("true 1");
    assertThat(inflated()).isEqualTo("* BYE\r\n");
  }

  @Test
  void aPromiseWithoutFlushFailsWithTheChannel() {
    List<Boolean> ends = new ArrayList<>();
    channel.write(text("late")).addListener(done -> ends.add(done.isSuccess()));
    channel.close();
    channel.runPendingTasks();

    assertThat(ends).containsExactly(false);
  }

  @Test
  void muchThatIsWrittenCountsInTheChannelBeforeItIsFlushed() {
    byte[] random = new byte[100_000];
    new java.util.Random(1).nextBytes(random);
    channel.write(Unpooled.wrappedBuffer(random));

    assertThat(channel.unsafe().outboundBuffer().totalPendingWriteBytes()).isGreaterThan(80_000);
    channel.flush();
  }

  @Test
  void aFlushOfNothingSaysNothing() {
    channel.flush();

    assertThat(channel.<ByteBuf>readOutbound()).isNull();
  }

  /// HIBERNATION T27: what rests holds nothing of zlib's, and goes on where it was. A deflater takes 270 KB; the rest of the
  /// process may take some MB more or less meanwhile.
  @Test
  void nativeMemoryIsGivenUpAtRest() {
    int sessions = 400;
    long deflaters = sessions * 200_000L;
    List<CompressHandler> handlers = new ArrayList<>();
    List<EmbeddedChannel> channels = new ArrayList<>();
    for (int i = 0; i < sessions; i++) {
      CompressHandler one = handler(Unpooled.EMPTY_BUFFER);
      handlers.add(one);
      channels.add(new EmbeddedChannel(one));
    }
    long before = NativeMemory.bytes();
    channels.forEach(CompressHandlerTest::tellMuch);
    long awake = NativeMemory.bytes();
    assertThat(awake - before).isGreaterThan(deflaters);

    handlers.forEach(CompressHandler::rest);
    assertThat(awake - NativeMemory.bytes()).isGreaterThan(deflaters);

    channels.forEach(CompressHandlerTest::tellMuch);
    assertThat(awake - NativeMemory.bytes()).isGreaterThan(deflaters);

    handlers.forEach(CompressHandler::stir);
    channels.forEach(EmbeddedChannel::finishAndReleaseAll);
  }

  private static void tellMuch(EmbeddedChannel channel) {
    channel.writeOutbound(text("* 1 FETCH (UID 1)\r\n".repeat(100)));
    channel.<ByteBuf>readOutbound().release();
  }

  @Test
  void whatIsKeptOfARestingClientIsCounted() {
    channel.writeInbound(deflated("a1 UID FETCH 1:* (FLAGS)\r\n".repeat(100)));
    assertThat(kept).hasValue(0);

    handler.rest();
    assertThat(kept.get()).isBetween(50L, 1000L);

    handler.stir();
    assertThat(kept).hasValue(0);
  }

  private ByteBuf deflated(String plain) {
    clientSays.setInput(plain.getBytes(ISO_8859_1));
    byte[] deflated = new byte[plain.length() + 100];
    int length = clientSays.deflate(deflated, 0, deflated.length, Deflater.SYNC_FLUSH);
    return Unpooled.copiedBuffer(deflated, 0, length);
  }

  private static ByteBuf text(String text) {
    return Unpooled.copiedBuffer(text, ISO_8859_1);
  }

  private String inflated() throws DataFormatException {
    StringBuilder heard = new StringBuilder();
    byte[] some = new byte[1000];
    for (ByteBuf sent = channel.readOutbound(); sent != null; sent = channel.readOutbound()) {
      byte[] bytes = new byte[sent.readableBytes()];
      sent.readBytes(bytes).release();
      clientHears.setInput(bytes);
      for (int n = clientHears.inflate(some); n > 0; n = clientHears.inflate(some)) {
        heard.append(new String(some, 0, n, ISO_8859_1));
      }
    }
    return heard.toString();
  }

  /// Who is behind: hears, and switches reading on or off when it has.
  private static final class Reader extends ChannelInboundHandlerAdapter {
    final StringBuilder heard = new StringBuilder();
    boolean takes = true;
    long total;
    long largestTurn;
    final List<Long> reading = new ArrayList<>(); // after how many bytes the channel read on
    private long turn;

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ByteBuf bytes = (ByteBuf) message;
      total += bytes.readableBytes();
      if (turn == 0) {
        context.executor().execute(() -> turn = 0);
      }
      turn += bytes.readableBytes();
      largestTurn = Math.max(largestTurn, turn);
      if (heard.length() < 10_000) {
        heard.append(bytes.toString(ISO_8859_1));
      }
      bytes.release();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
      context.channel().config().setAutoRead(takes);
      if (context.channel().config().isAutoRead()) {
        reading.add(total);
      }
    }
  }
}
