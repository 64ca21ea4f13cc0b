package dormouse.tls.records;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Many clients of an echo that say things in turn, in a process of their own, until `stop` comes in: every byte that they get is compared. Who
/// they are is a number that they say in clear at first; the secrets of TLS follow from it. Says `open`, then at the end what was done.
///
/// Lives on one event loop.
final class ChurnClient {
  static final int NUMBER_BYTES = Integer.BYTES;
  static final String GREETING = "hello\r\n";
  private static final List<Suite> SUITES = List.of(Suite.values());
  private static final int AT_A_TIME = 64;
  private static final int CONNECTING = 128;
  private static final int RECEIVE_BUFFER =
      16 << 10; // so that the server's writes are short at times
  private static final int MUCH = 300_000;
  private static final long DEAF_MILLIS = 30;

  private final InetSocketAddress server;
  private final int count;
  private final Random random;
  private final EventLoop loop =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory()).next();
  private final List<Session> quiet = new ArrayList<>();
  private int numbers;
  private int talking;
  private boolean opened;
  private boolean stopping;
  private long said;
  private long bytes;
  private long updates;
  private long reconnected;
  private long deaf;

  private ChurnClient(int port, int count, long seed) {
    this.server = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    this.count = count;
    this.random = new Random(seed);
  }

  /// Port, sessions, seed.
  public static void main(String... arguments) throws IOException {
    int port = Integer.parseInt(arguments[0]);
    ChurnClient all =
        new ChurnClient(port, Integer.parseInt(arguments[1]), Long.parseLong(arguments[2]));
    all.loop.execute(() -> {
      for (int i = 0; i < Math.min(CONNECTING, all.count); i++) {
        all.connect();
      }
    });
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    in.readLine(); // stop, or the end of who has started this
    all.loop.execute(all::stop);
  }

  static Suite suite(int number) {
    return SUITES.get(number % SUITES.size());
  }

  /// One direction of a session.
  static Protection protection(int number, boolean clients) {
    Suite suite = suite(number);
    ByteBuffer who = ByteBuffer.allocate(5).putInt(number).put((byte) (clients ? 1 : 2));
    try {
      byte[] secret = MessageDigest.getInstance("SHA-384").digest(who.array());
      return new Protection(suite, Arrays.copyOf(secret, suite.secretBytes), 0);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private void connect() {
    Session session = new Session(numbers++);
    new Bootstrap()
        .group(loop)
        .channel(NioSocketChannel.class)
        .option(ChannelOption.SO_RCVBUF, RECEIVE_BUFFER)
        .option(ChannelOption.TCP_NODELAY, true)
        .handler(
            new ChannelInitializer<SocketChannel>() {
              @Override
              protected void initChannel(SocketChannel channel) {
                channel.pipeline().addLast(session);
              }
            })
        .connect(server)
        .addListener(done -> {
          if (!done.isSuccess()) {
            end("cannot connect: " + done.cause());
          }
        });
  }

  private void greeted(Session session) {
    quiet.add(session);
    if (!opened && numbers < count) {
      connect();
    } else if (!opened && quiet.size() == count) {
      opened = true;
      tell("open");
    }
    talk();
  }

  private void talk() {
    while (opened && !stopping && talking < AT_A_TIME && !quiet.isEmpty()) {
      int which = random.nextInt(quiet.size());
      Session next = quiet.set(which, quiet.getLast());
      quiet.removeLast();
      if (random.nextInt(200) == 0) {
        reconnected++;
        next.leave(random.nextInt(3));
        connect();
      } else {
        talking++;
        next.talk();
      }
    }
    if (stopping && talking == 0 && quiet.size() == count) {
      quiet.forEach(session -> session.leave(random.nextInt(3)));
      end(
          "said=%d bytes=%d key-updates=%d reconnected=%d deaf=%d right"
              .formatted(said, bytes, updates, reconnected, deaf));
    }
  }

  private void stop() {
    stopping = true;
    talk();
  }

  private void end(String how) {
    tell(how);
    loop.schedule(() -> System.exit(how.endsWith("right") ? 0 : 1), 200, TimeUnit.MILLISECONDS);
  }

  private static void tell(String line) {
    System.out.println(line);
    System.out.flush();
  }

  private final class Session extends ChannelInboundHandlerAdapter {
    private final int number;
    private final Protection sealing;
    private final Protection opening;
    private @Nullable Channel channel;
    private ByteBuf unread = Unpooled.EMPTY_BUFFER;
    private byte[] expected = GREETING.getBytes(StandardCharsets.US_ASCII);
    private int heard;
    private boolean greeted;
    private boolean updateDue;
    private boolean left;

    Session(int number) {
      this.number = number;
      this.sealing = protection(number, true);
      this.opening = protection(number, false);
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
      channel = context.channel();
      channel.writeAndFlush(Unpooled.buffer(NUMBER_BYTES).writeInt(number));
    }

    private Channel channel() {
      if (channel == null) {
        throw new IllegalStateException("not connected");
      }
      return channel;
    }

    void talk() {
      said++;
      boolean much = random.nextInt(500) == 0;
      int size = much ? MUCH : 1 + random.nextInt(random.nextInt(20) == 0 ? 40_000 : 100);
      byte[] data = new byte[size];
      random.nextBytes(data);
      expected = data;
      heard = 0;
      bytes += size;
      ByteBuf out = Unpooled.buffer(size + 200);
      if (random.nextInt(20) == 0) {
        update(out);
      }
      for (int at = 0; at < size; ) {
        int most = random.nextInt(10) == 0 ? 1 + random.nextInt(16_384) : 16_384;
        int part = Math.min(most, size - at);
        seal(out, Arrays.copyOfRange(data, at, at + part), ContentType.APPLICATION_DATA);
        at += part;
        if (random.nextInt(100) == 0 && at < size) {
          update(out);
        }
      }
      if (much) {
        deaf++;
        channel().config().setAutoRead(false);
        loop.schedule(
            () -> channel().config().setAutoRead(true), DEAF_MILLIS, TimeUnit.MILLISECONDS);
      }
      send(out);
    }

    private void send(ByteBuf out) {
      if (random.nextInt(10) > 0) {
        channel().writeAndFlush(out);
        return;
      }
      channel().writeAndFlush(out.readRetainedSlice(random.nextInt(out.readableBytes())));
      loop.schedule(() -> channel().writeAndFlush(out), random.nextInt(3), TimeUnit.MILLISECONDS);
    }

    private void update(ByteBuf out) {
      if (sealing.suite().ofTls12()) {
        return;
      }
      updates++;
      boolean asks = random.nextBoolean();
      updateDue |= asks;
      seal(out, new byte[] {24, 0, 0, 1, (byte) (asks ? 1 : 0)}, ContentType.HANDSHAKE);
      sealing.update();
    }

    private void seal(ByteBuf out, byte[] content, ContentType type) {
      out.ensureWritable(content.length + sealing.suite().overheadBytes);
      sealing.seal(Unpooled.wrappedBuffer(content), content.length, type.code, out);
    }

    /// @param how by close_notify, by FIN or by RST
    void leave(int how) {
      left = true;
      unread.release();
      if (how == 0) {
        ByteBuf out = Unpooled.buffer(64);
        seal(out, Alert.CLOSE_NOTIFY.bytes(), ContentType.ALERT);
        channel().writeAndFlush(out);
      } else if (how == 2) {
        ((SocketChannel) channel()).config().setSoLinger(0);
      }
      channel().close();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
      ByteBuf in = (ByteBuf) message;
      if (left) {
        in.release();
        return;
      }
      if (unread.isReadable()) {
        in = Unpooled.buffer(unread.readableBytes() + in.readableBytes());
        in.writeBytes(unread).writeBytes((ByteBuf) message);
        unread.release();
        ((ByteBuf) message).release();
      }
      unread = Unpooled.EMPTY_BUFFER;
      while (in.readableBytes() >= Protection.HEADER_BYTES
          && in.readableBytes()
              >= Protection.HEADER_BYTES + in.getUnsignedShort(in.readerIndex() + 3)) {
        int sealed = in.getUnsignedShort(in.readerIndex() + 3);
        in.skipBytes(Protection.HEADER_BYTES);
        ByteBuf opened = Unpooled.buffer(sealed);
        opening.open(in, sealed, opened);
        take(opened);
      }
      if (in.isReadable()) {
        unread = in;
      } else {
        in.release();
      }
      if (heard == expected.length) {
        done();
      }
    }

    private void take(ByteBuf opened) {
      int length = opened.readableBytes() - 1;
      byte type = opened.getByte(length);
      if (type == ContentType.HANDSHAKE.code) {
        opening.update();
        updateDue = false;
        return;
      }
      if (type != ContentType.APPLICATION_DATA.code || heard + length > expected.length) {
        end("wrong: session %d got %d of type %d".formatted(number, length, type));
        return;
      }
      for (int i = 0; i < length; i++) {
        if (opened.getByte(i) != expected[heard++]) {
          end("wrong: session " + number + " at byte " + (heard - 1));
          return;
        }
      }
    }

    private void done() {
      heard = -1; // nothing more is due
      if (updateDue) {
        end("wrong: session " + number + " was not given new keys");
        return;
      }
      if (greeted) {
        talking--;
        quiet.add(this);
        ChurnClient.this.talk();
        return;
      }
      greeted = true;
      greeted(this);
    }

    private void greeted(Session session) {
      ChurnClient.this.greeted(session);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      if (!left) {
        end("wrong: session " + number + " was ended");
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      if (!left) {
        end("wrong: session " + number + ": " + cause);
      }
    }
  }
}
