package dormouse.imap.compress;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;

/// Deflates what is said to a client. Each flush ends on a byte, as `Z_SYNC_FLUSH` does, and there the native deflater
/// (270 KiB) can be given up and another one begin: it only loses what it could have referred to.
///
/// Little that is said while there is no deflater is no reason to make one: it goes as a stored block (RFC 1951 §3.2.4).
///
/// Lives on its session's event loop; must be [ended][#end].
final class ClientDeflater {
  private static final int STORED_MAX_BYTES = 256;
  private static final int FLUSH_BYTES = 64; // room for what ends a flush, and more

  private final ByteBufAllocator allocator;
  private @Nullable Deflater deflater;
  private @Nullable ByteBuf little; // said since the last flush, without a deflater
  private boolean unflushed; // the deflater has something

  ClientDeflater(ByteBufAllocator allocator) {
    this.allocator = allocator;
  }

  /// @param plain owned by the caller
  /// @param out gets what is deflated so far; the rest with the next flush
  void deflate(ByteBuf plain, ByteBuf out) {
    Deflater running = deflater;
    if (running == null) {
      ByteBuf before = little == null ? allocator.buffer(STORED_MAX_BYTES) : little;
      little = before;
      if (before.readableBytes() + plain.readableBytes() <= STORED_MAX_BYTES) {
        before.writeBytes(plain);
        return;
      }
      running = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
      deflater = running;
      deflate(running, before, out);
      dropLittle();
    }
    deflate(running, plain, out);
  }

  private void deflate(Deflater running, ByteBuf plain, ByteBuf out) {
    running.setInput(plain.nioBuffer());
    while (!running.needsInput()) {
      drain(running, Deflater.NO_FLUSH, out);
    }
    plain.skipBytes(plain.readableBytes());
    unflushed = true;
  }

  /// Whether something waits for a flush.
  boolean waits() {
    return unflushed || little != null;
  }

  /// Completes what was given, so that the client can inflate all of it.
  void flush(ByteBuf out) {
    ByteBuf stored = little;
    if (stored != null) {
      out.writeByte(0);
      out.writeShortLE(stored.readableBytes());
      out.writeShortLE(~stored.readableBytes());
      out.writeBytes(stored);
      dropLittle();
      return;
    }
    Deflater running = deflater;
    if (running != null && unflushed) {
      while (drain(running, Deflater.SYNC_FLUSH, out)) {}
      unflushed = false;
    }
  }

  /// Returns whether all room was used, so that there may be more.
  private static boolean drain(Deflater running, int flush, ByteBuf out) {
    out.ensureWritable(FLUSH_BYTES);
    ByteBuffer room = out.nioBuffer(out.writerIndex(), out.writableBytes());
    int deflated = running.deflate(room, flush);
    out.writerIndex(out.writerIndex() + deflated);
    return !room.hasRemaining();
  }

  /// Gives the native deflater up; only when nothing [waits][#waits]. The next that is said goes on without it.
  void rest() {
    Deflater resting = deflater;
    deflater = null;
    if (resting != null) {
      resting.end();
    }
  }

  /// Nothing is said any more.
  void end() {
    rest();
    dropLittle();
    unflushed = false;
  }

  private void dropLittle() {
    if (little != null) {
      little.release();
      little = null;
    }
  }
}
