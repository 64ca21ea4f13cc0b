package dormouse.imap;

import dormouse.imap.track.CommandTracker;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What a client has sent and the tracker has not taken: nothing for a quiet client, and no buffer is kept for it then.
///
/// Lives on its session's event loop.
final class UnreadBytes {
  private final ByteBufAllocator allocator;
  private @Nullable ByteBuf bytes;
  private boolean feeding;
  private boolean ended;

  UnreadBytes(ByteBufAllocator allocator) {
    this.allocator = allocator;
  }

  /// @param more owned by this method
  void add(ByteBuf more) {
    if (!more.isReadable() || ended) {
      more.release();
      return;
    }
    ByteBuf before = bytes;
    if (before == null) {
      bytes = more;
      return;
    }
    ByteBuf both = allocator.buffer(before.readableBytes() + more.readableBytes());
    both.writeBytes(before).writeBytes(more);
    before.release();
    more.release();
    bytes = both;
  }

  /// Gives the tracker what it will take. A call from within the tracker's listener does nothing: the tracker goes on
  /// anyway.
  void feed(CommandTracker commands, Consumer<ByteBuf> out) {
    if (feeding) {
      return;
    }
    feeding = true;
    try {
      int left = 0;
      while (!ended && size() > 0 && size() != left) {
        left = size();
        commands.read(readable(), out);
      }
    } finally {
      feeding = false;
    }
    if (bytes != null && (ended || !bytes.isReadable())) {
      bytes.release();
      bytes = null;
    }
  }

  /// Gives all that is there to the caller, who owns it; also from within the tracker's listener.
  ByteBuf take() {
    return bytes == null ? Unpooled.EMPTY_BUFFER : bytes.readRetainedSlice(bytes.readableBytes());
  }

  private ByteBuf readable() {
    if (bytes == null) {
      throw new IllegalStateException("nothing unread");
    }
    return bytes;
  }

  /// Whether the tracker is just reading: what is written then is flushed when it has read.
  boolean feeding() {
    return feeding;
  }

  int size() {
    return bytes == null ? 0 : bytes.readableBytes();
  }

  /// The session has ended: nothing is read any more.
  void end() {
    ended = true;
    if (bytes != null && !feeding) {
      bytes.release();
      bytes = null;
    }
  }
}
