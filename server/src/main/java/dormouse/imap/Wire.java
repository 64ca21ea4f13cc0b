package dormouse.imap;

import dormouse.park.Parked;
import dormouse.session.Backlog;
import dormouse.tcp.StreamChannel;
import dormouse.tls.records.CloseNotify;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import org.jspecify.annotations.Nullable;

/// How what a client shall hear gets to it. Lives on its session's event loop.
sealed interface Wire {
  /// Bytes for the client, sent at the next [#flush].
  ///
  /// @param bytes owned by this method
  void write(ByteBuf bytes);

  /// The same of bytes that nobody changes any more.
  void write(byte[] bytes);

  void flush();

  /// Whether the client keeps up with what it is sent.
  boolean keepsUp();

  /// How many bytes wait for the client to read them.
  long unsentBytes();

  /// How many bytes the client has taken, from whatever beginning; where the kernel does not tell, it is less by what is written meanwhile.
  /// Of a client that does not keep up.
  long takenBytes();

  /// @param wanted whether what the client sends is to be read
  void read(boolean wanted);

  /// Sends what was written, and closes then.
  void close();

  /// Closes at once, whatever is not sent.
  void cut();

  /// Over a channel.
  record Live(Channel channel) implements Wire {
    @Override
    public void write(ByteBuf bytes) {
      Backlog.add(channel, bytes);
    }

    @Override
    public void write(byte[] bytes) {
      write(Unpooled.wrappedBuffer(bytes));
    }

    @Override
    public void flush() {
      channel.flush();
    }

    @Override
    public boolean keepsUp() {
      return channel.isWritable();
    }

    @Override
    public long unsentBytes() {
      var buffer = channel.unsafe().outboundBuffer();
      return buffer == null ? 0 : buffer.totalPendingWriteBytes();
    }

    /// What waits in the channel says little: there is no room in the kernel before the client has taken a third of what is there, and that
    /// may be more than a megabyte.
    @Override
    public long takenBytes() {
      long taken = channel instanceof StreamChannel socket ? socket.takenBytes() : 0;
      return taken > 0 ? taken : -unsentBytes();
    }

    @Override
    public void read(boolean wanted) {
      channel.config().setAutoRead(wanted);
    }

    @Override
    public void close() {
      CloseNotify.sayAndClose(channel);
    }

    /// Past its handlers: TLS would say its last word first, behind all that is not sent.
    @Override
    public void cut() {
      channel.unsafe().close(channel.voidPromise());
    }
  }

  /// Straight to a parked socket, which always keeps up: one that does not is parked no longer.
  final class AtRest implements Wire {
    /// Over that, what waits goes out before more is written.
    static final int MOST_UNSENT = Backlog.MARK.high();

    private static final int SOME_ANSWERS = 2 << 10; // need no larger buffer

    private final Parked socket;
    private final Runnable closed;
    private @Nullable ByteBuf waiting;

    /// @param closed told when the socket was closed by us
    AtRest(Parked socket, Runnable closed) {
      this.socket = socket;
      this.closed = closed;
    }

    @Override
    public void write(ByteBuf bytes) {
      waiting().writeBytes(bytes);
      bytes.release();
    }

    @Override
    public void write(byte[] bytes) {
      waiting().writeBytes(bytes);
    }

    private ByteBuf waiting() {
      ByteBuf all = waiting;
      if (all == null) {
        all = ByteBufAllocator.DEFAULT.buffer(SOME_ANSWERS);
        waiting = all;
      }
      return all;
    }

    @Override
    public void flush() {
      ByteBuf all = waiting;
      waiting = null;
      if (all == null) {
        return;
      }
      if (all.isReadable()) {
        socket.send(all);
      } else {
        all.release();
      }
    }

    Parked socket() {
      return socket;
    }

    @Override
    public boolean keepsUp() {
      return true;
    }

    @Override
    public long unsentBytes() {
      return waiting == null ? 0 : waiting.readableBytes();
    }

    @Override
    public long takenBytes() {
      return 0; // it keeps up
    }

    @Override
    public void read(boolean wanted) {} // it is always heard

    /// Has the socket carried on by a channel: [Parked#revive].
    void revive() {
      flush();
      socket.revive();
    }

    @Override
    public void close() {
      flush();
      cut();
    }

    @Override
    public void cut() {
      ByteBuf unsent = waiting;
      waiting = null;
      if (unsent != null) {
        unsent.release();
      }
      socket.close();
      closed.run();
    }
  }
}
