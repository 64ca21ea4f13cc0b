package dormouse.imap;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;

/// What a client has sent and nobody has read yet. Lives on its session's event loop; owns its buffer, and has none while
/// it is empty. What is kept is as large as what is left, not as the buffers it came in.
final class Unread {
  private ByteBuf bytes = Unpooled.EMPTY_BUFFER;

  /// To be read from; not kept beyond the next call here.
  ByteBuf bytes() {
    return bytes;
  }

  int size() {
    return bytes.readableBytes();
  }

  /// Takes a buffer over.
  void append(ByteBuf in, ByteBufAllocator allocator) {
    if (!bytes.isReadable()) {
      discard();
      bytes = in;
      return;
    }
    ByteBuf both = allocator.buffer(bytes.readableBytes() + in.readableBytes());
    both.writeBytes(bytes).writeBytes(in);
    in.release();
    discard();
    bytes = both;
  }

  /// Gives back what has been read.
  void trim(ByteBufAllocator allocator) {
    if (!bytes.isReadable()) {
      discard();
    } else if (bytes.capacity() > 2 * bytes.readableBytes()) {
      ByteBuf left = allocator.buffer(bytes.readableBytes());
      left.writeBytes(bytes);
      discard();
      bytes = left;
    }
  }

  /// Gives all to the caller, who owns it.
  ByteBuf handOver() {
    ByteBuf all = bytes;
    bytes = Unpooled.EMPTY_BUFFER;
    return all;
  }

  /// Forgets all.
  void discard() {
    bytes.release();
    bytes = Unpooled.EMPTY_BUFFER;
  }
}
