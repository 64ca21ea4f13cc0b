package dormouse.park;

import io.netty.buffer.ByteBuf;
import io.netty.channel.AbstractChannel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelId;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.EventLoop;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.IovArray;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// A channel on a socket that was parked and may be parked again. The socket stays in its slot and in its parking's epoll set, so that the
/// kernel is asked for nothing when the channel comes or goes; what the set reports of it comes by [#ready].
/// ```text
/// watched for: reading, unless nobody wants to read and something came   room, while something could not be sent
/// ```
/// As with Netty's own, who has half closed is closed, and what can be sent in one call is. Lives on its event loop.
final class SlotChannel extends AbstractChannel {
  /// What a parked socket is watched for, and a channel when it begins.
  static final int READING = Kernel.EPOLLIN | Kernel.EPOLLRDHUP;

  private static final int BROKEN = Kernel.EPOLLERR | Kernel.EPOLLHUP;
  private static final ChannelMetadata METADATA = new ChannelMetadata(false);
  private static final AtomicLong IDS = new AtomicLong();

  /// Which it is in this process.
  private record Id(long number) implements ChannelId {
    @Override
    public String asShortText() {
      return "slot-" + number;
    }

    @Override
    public String asLongText() {
      return asShortText();
    }

    @Override
    public int compareTo(ChannelId other) {
      return other instanceof Id(long than)
          ? Long.compare(number, than)
          : asLongText().compareTo(other.asLongText());
    }
  }

  private final Parking parking;
  private final int slot;
  private final FileDescriptor socket;
  private final ChannelConfig config =
      new DefaultChannelConfig(this) {
        @Override
        protected void autoReadCleared() {
          readWanted = false;
        }
      };
  private int watched = READING;
  private boolean readWanted;
  private boolean awaitsRoom;
  private boolean open = true;

  SlotChannel(Parking parking, int slot, int fd) {
    super(null, new Id(IDS.incrementAndGet()));
    this.parking = parking;
    this.slot = slot;
    this.socket = new FileDescriptor(fd);
  }

  int slot() {
    return slot;
  }

  /// Leaves its socket to the slot, as it is watched for there; good for nothing from then on.
  void leave() throws IOException {
    watch(READING);
    open = false;
  }

  private void watch(int what) throws IOException {
    if (what != watched) {
      parking.watch(slot, what);
      watched = what;
    }
  }

  // ── events ──

  /// The kernel has something to say of the socket.
  ///
  /// @param events as of epoll
  void ready(int events) throws IOException {
    if (awaitsRoom && (events & (Kernel.EPOLLOUT | BROKEN)) != 0) {
      ((Sending) unsafe()).sendMore();
    }
    if (!open || (events & (READING | BROKEN)) == 0) {
      return;
    }
    if (readWanted || config.isAutoRead()) {
      receive();
    } else if ((events & BROKEN)
        != 0) { // which cannot be left for later, the kernel says it on and on
      close();
    } else {
      watch(watched & ~READING);
    }
  }

  private void receive() {
    var reads = unsafe().recvBufAllocHandle();
    reads.reset(config);
    boolean ended = false;
    IOException failure = null;
    do {
      ByteBuf into = config.getAllocator().directBuffer(reads.guess());
      reads.attemptedBytesRead(into.writableBytes());
      int bytes;
      try {
        bytes = socket.readAddress(into.memoryAddress(), 0, into.capacity());
      } catch (IOException e) {
        failure = e;
        bytes = -1;
      }
      reads.lastBytesRead(bytes);
      if (bytes <= 0) {
        into.release();
        ended = bytes < 0;
        break;
      }
      readWanted = false;
      reads.incMessagesRead(1);
      pipeline().fireChannelRead(into.writerIndex(bytes));
    } while (open && reads.continueReading());
    reads.readComplete();
    pipeline().fireChannelReadComplete();
    if (failure != null) {
      pipeline().fireExceptionCaught(failure);
    }
    if (ended) {
      end();
    }
  }

  /// At once, past its handlers: what they would say last may find no room.
  void end() {
    unsafe().close(unsafe().voidPromise());
  }

  @Override
  protected void doBeginRead() throws IOException {
    readWanted = true;
    watch(watched | READING);
  }

  // ── what is sent ──

  @Override
  protected Object filterOutboundMessage(Object message) {
    ByteBuf bytes = (ByteBuf) message;
    if (bytes.hasMemoryAddress() || !bytes.isReadable()) {
      return bytes;
    }
    ByteBuf direct = alloc().directBuffer(bytes.readableBytes()).writeBytes(bytes);
    bytes.release();
    return direct;
  }

  @Override
  protected void doWrite(ChannelOutboundBuffer waiting) throws IOException {
    for (int times = config.getWriteSpinCount(); !waiting.isEmpty(); times--) {
      if (times == 0) { // so that others have their turn
        eventLoop().execute(() -> ((Sending) unsafe()).sendMore());
        return;
      }
      long sent = send(waiting);
      if (sent < 0) {
        awaitsRoom = true;
        watch(watched | Kernel.EPOLLOUT);
        return;
      }
      waiting.removeBytes(sent);
    }
    awaitsRoom = false;
    watch(watched & ~Kernel.EPOLLOUT);
  }

  /// @return how many bytes, -1 if there is no room
  private long send(ChannelOutboundBuffer waiting) throws IOException {
    long sent;
    if (waiting.size() == 1) {
      ByteBuf one = (ByteBuf) waiting.current();
      if (!one.isReadable()) {
        return 0;
      }
      sent = socket.writeAddress(one.memoryAddress(), one.readerIndex(), one.writerIndex());
    } else {
      IovArray many = parking.vector();
      collect(waiting, many);
      if (many.size() == 0) {
        return 0;
      }
      sent = socket.writevAddresses(many.memoryAddress(0), many.count());
    }
    return sent == 0 ? -1 : sent;
  }

  private static void collect(ChannelOutboundBuffer waiting, IovArray into) throws IOException {
    try {
      waiting.forEachFlushedMessage(into);
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) { // undeclared by what it calls
      throw new IOException(e);
    }
  }

  private final class Sending extends AbstractUnsafe {
    @Override
    public void connect(SocketAddress to, SocketAddress from, ChannelPromise promise) {
      promise.setFailure(new UnsupportedOperationException());
    }

    @Override
    protected void flush0() {
      if (!awaitsRoom) {
        super.flush0();
      }
    }

    void sendMore() {
      super.flush0();
    }
  }

  // ── what a channel is asked ──

  @Override
  protected AbstractUnsafe newUnsafe() {
    return new Sending();
  }

  @Override
  protected boolean isCompatible(EventLoop loop) {
    return parking.isOf(loop);
  }

  @Override
  protected void doClose() {
    if (open) {
      open = false;
      parking.closed(this);
    }
  }

  @Override
  protected void doDisconnect() {
    doClose();
  }

  @Override
  protected void doBind(SocketAddress address) {
    throw new UnsupportedOperationException();
  }

  @Override
  protected @Nullable SocketAddress localAddress0() {
    return open ? new Socket(socket.intValue()).localAddress() : null;
  }

  @Override
  protected @Nullable SocketAddress remoteAddress0() {
    return open ? new Socket(socket.intValue()).remoteAddress() : null;
  }

  @Override
  public ChannelConfig config() {
    return config;
  }

  @Override
  public ChannelMetadata metadata() {
    return METADATA;
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public boolean isActive() {
    return open;
  }
}
