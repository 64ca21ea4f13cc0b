package dormouse.tcp;

import io.netty.buffer.ByteBuf;
import io.netty.channel.AbstractChannel;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelId;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.IovArray;
import io.netty.channel.unix.Socket;
import io.netty.util.concurrent.FastThreadLocal;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.NotYetConnectedException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// What channels on a socket of ours have in common: it is read into buffers and written from them, in as few calls as can be, and who has
/// half closed is closed, as with Netty's own. Who extends it knows how the kernel tells that there is something to read, or room.
///
/// Lives on its event loop.
public abstract class StreamChannel extends AbstractChannel {
  private static final int SENT_AT_ONCE = 64; // buffers
  private static final int IPPROTO_TCP = 6;
  private static final int TCP_INFO = 11;
  private static final int BYTES_ACKED = 120; // where it is in struct tcp_info: tcpi_bytes_acked

  private static final AtomicLong IDS = new AtomicLong();

  private static final FastThreadLocal<IovArray> VECTOR =
      new FastThreadLocal<>() {
        @Override
        protected IovArray initialValue() {
          return new IovArray(SENT_AT_ONCE);
        }

        @Override
        protected void onRemoval(IovArray vector) {
          vector.release();
        }
      };

  /// Which it is in this process.
  private record Id(long number) implements ChannelId {
    @Override
    public String asShortText() {
      return "tcp-" + number;
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

  private final ChannelMetadata metadata;
  private final ChannelConfig config;
  private boolean readWanted;
  private boolean awaitsRoom;
  private boolean open = true;

  /// @param reads how many in a turn of the loop at most
  protected StreamChannel(@Nullable Channel parent, int reads) {
    super(parent, new Id(IDS.incrementAndGet()));
    this.metadata = new ChannelMetadata(/* hasDisconnect= */ false, reads);
    this.config =
        new DefaultChannelConfig(this) {
          @Override
          protected void autoReadCleared() {
            readWanted = false;
          }
        };
  }

  /// The socket, while it is open.
  protected abstract FileDescriptor socket();

  /// @param wanted whether [#roomAgain] is to be called when more can be sent
  protected abstract void awaitRoom(boolean wanted) throws IOException;

  /// Gives the socket back; called once.
  protected abstract void closeSocket() throws IOException;

  /// Whether the kernel has told here that the peer will say nothing more, or is gone.
  public abstract boolean hasPeerLeft();

  // ── what is read ──

  /// Whether anybody wants to hear what comes.
  protected final boolean wantsToRead() {
    return readWanted || config.isAutoRead();
  }

  /// Reads what has come, and says so: one buffer at least, and more if that is wanted.
  ///
  /// @param left whether the peer has, so that its end follows what there is; it is heard of whatever is wanted, if it is in reach
  /// @return whether nothing is left: less came than there was room for
  protected final boolean receive(boolean left) {
    var reads = unsafe().recvBufAllocHandle();
    reads.reset(config);
    boolean drained;
    boolean ended = false;
    Throwable failure = null;
    do {
      ByteBuf data = null;
      try {
        data = readSome();
        ended = reads.lastBytesRead() < 0;
      } catch (IOException | RuntimeException | Error e) { // there may be no memory
        failure = e;
        ended = true;
      }
      if (data == null) {
        drained = true;
        break;
      }
      readWanted = false;
      drained = data.isWritable();
      reads.incMessagesRead(1);
      pipeline().fireChannelRead(data);
    } while (open && ((left && drained) || reads.continueReading()));
    reads.readComplete();
    pipeline().fireChannelReadComplete();
    if (failure != null) {
      pipeline().fireExceptionCaught(failure);
    }
    if (ended) {
      end();
    }
    return drained && !left;
  }

  /// @return none if nothing is there, or the peer has ended it
  private @Nullable ByteBuf readSome() throws IOException {
    var reads = unsafe().recvBufAllocHandle();
    ByteBuf into = config.getAllocator().directBuffer(reads.guess());
    int bytes = 0;
    try {
      reads.attemptedBytesRead(into.writableBytes());
      bytes = socket().readAddress(into.memoryAddress(), 0, into.capacity());
      reads.lastBytesRead(bytes);
    } finally {
      if (bytes <= 0) {
        into.release();
      }
    }
    return bytes <= 0 ? null : into.writerIndex(bytes);
  }

  /// At once, past its handlers: what they would say last may find no room.
  public final void end() {
    unsafe().close(unsafe().voidPromise());
  }

  @Override
  protected void doBeginRead() throws IOException {
    readWanted = true;
  }

  // ── what is sent ──

  @Override
  protected final Object filterOutboundMessage(Object message) {
    ByteBuf bytes = (ByteBuf) message;
    if (bytes.hasMemoryAddress() || !bytes.isReadable()) {
      return bytes;
    }
    ByteBuf direct = alloc().directBuffer(bytes.readableBytes()).writeBytes(bytes);
    bytes.release();
    return direct;
  }

  @Override
  protected final void doWrite(ChannelOutboundBuffer waiting) throws IOException {
    try {
      sendAll(waiting);
    } catch (RuntimeException | Error e) { // for which Netty would close the socket and tell nobody
      throw new IOException("cannot send", e);
    }
  }

  private void sendAll(ChannelOutboundBuffer waiting) throws IOException {
    for (int times = config.getWriteSpinCount(); !waiting.isEmpty(); times--) {
      if (times == 0) { // so that others have their turn
        awaitsRoom = true; // which another loop tells, if it moves there first
        eventLoop().execute(this::sendMore);
        return;
      }
      long sent = send(waiting);
      if (sent < 0) {
        awaitsRoom = true;
        awaitRoom(true);
        return;
      }
      waiting.removeBytes(sent);
    }
    awaitsRoom = false;
    awaitRoom(false);
  }

  /// @return how many bytes, -1 if there is no room
  private long send(ChannelOutboundBuffer waiting) throws IOException {
    long sent;
    if (waiting.size() == 1) {
      ByteBuf one = (ByteBuf) waiting.current();
      if (!one.isReadable()) {
        return 0;
      }
      sent = socket().writeAddress(one.memoryAddress(), one.readerIndex(), one.writerIndex());
    } else {
      IovArray many = VECTOR.get();
      many.clear();
      collect(waiting, many);
      if (many.size() == 0) {
        return 0;
      }
      sent = socket().writevAddresses(many.memoryAddress(0), many.count());
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

  /// There is no room before [#roomAgain].
  protected final void noRoom() {
    awaitsRoom = true;
  }

  /// There may be room.
  protected final void roomAgain() {
    if (awaitsRoom) {
      awaitsRoom = false;
      ((Sending) unsafe()).sendMore();
    }
  }

  private void sendMore() {
    if (eventLoop().inEventLoop()) { // else it has moved on
      roomAgain();
    }
  }

  /// How many bytes the peer has acknowledged since it connected. A call of the kernel.
  ///
  /// @return 0 if the kernel does not tell, or the channel is closed, whose descriptor may be another's by now
  public final long takenBytes() {
    if (!isOpen()) {
      return 0;
    }
    ByteBuffer info = ByteBuffer.allocate(BYTES_ACKED + Long.BYTES).order(ByteOrder.nativeOrder());
    try {
      new Socket(socket().intValue()).getRawOpt(IPPROTO_TCP, TCP_INFO, info);
    } catch (IOException | ChannelException _) { // no socket of TCP, or a kernel that does not tell
      return 0;
    }
    return info.getLong(BYTES_ACKED);
  }

  /// Nothing will be sent any more, and what the peer still says is read. To be called when all has been sent.
  public final void finish() {
    if (!isActive()) {
      return;
    }
    try {
      new Socket(socket().intValue()).shutdown(/* read= */ false, /* write= */ true);
    } catch (IOException | NotYetConnectedException e) { // the peer has gone
      end();
    }
  }

  /// Sends nothing while there is no room.
  protected class Sending extends AbstractUnsafe {
    @Override
    public void connect(SocketAddress to, @Nullable SocketAddress from, ChannelPromise promise) {
      promise.setFailure(new UnsupportedOperationException());
    }

    @Override
    protected final void flush0() {
      if (!awaitsRoom) {
        super.flush0();
      }
    }

    private void sendMore() {
      super.flush0();
    }
  }

  // ── what a channel is asked ──

  @Override
  protected AbstractUnsafe newUnsafe() {
    return new Sending();
  }

  @Override
  protected final void doClose() throws IOException {
    if (open) {
      open = false;
      closeSocket();
    }
  }

  /// Something went wrong on the way from the kernel to the handlers; it costs no more than this connection.
  public final void fail(Throwable cause) {
    pipeline().fireExceptionCaught(cause);
    end();
  }

  /// Is closed from now on, for the socket is another's.
  protected final void abandon() {
    open = false;
  }

  @Override
  protected final void doDisconnect() throws IOException {
    doClose();
  }

  @Override
  protected final void doBind(SocketAddress address) {
    throw new UnsupportedOperationException();
  }

  @Override
  public final ChannelConfig config() {
    return config;
  }

  @Override
  public final ChannelMetadata metadata() {
    return metadata;
  }

  @Override
  public final boolean isOpen() {
    return open;
  }

  @Override
  public boolean isActive() {
    return open;
  }
}
