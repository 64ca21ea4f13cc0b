package dormouse.imap.track;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Bytes on their way out during one read: slices of the input, and copies where lines were rewritten.
///
/// Small copies are gathered in one buffer, so that a rewritten line costs no buffer of its own.
final class Outgoing {
  /// From this size on a slice is cheaper than a copy.
  private static final int SLICE_BYTES = 1024;

  private final Consumer<ByteBuf> out;
  private @Nullable ByteBuf copies;

  Outgoing(Consumer<ByteBuf> out) {
    this.out = out;
  }

  void slice(ByteBuf in, int from, int to) {
    if (from < to) {
      own(in.retainedSlice(from, to - from));
    }
  }

  void copy(ByteBuf in, int from, int to) {
    if (to - from >= SLICE_BYTES) {
      slice(in, from, to);
    } else if (from < to) {
      copies(in).writeBytes(in, from, to - from);
    }
  }

  void copy(ByteBuf in, byte[] bytes, int length) {
    if (length > 0) {
      copies(in).writeBytes(bytes, 0, length);
    }
  }

  /// Passes on bytes nobody else will change.
  void wrap(byte[] bytes, int length) {
    if (length > 0) {
      own(Unpooled.wrappedBuffer(bytes, 0, length));
    }
  }

  /// Takes over `bytes`.
  void own(ByteBuf bytes) {
    flush();
    if (bytes.isReadable()) {
      out.accept(bytes);
    } else {
      bytes.release();
    }
  }

  /// At the end of the read: hands over what was gathered.
  void flush() {
    ByteBuf gathered = copies;
    if (gathered != null) {
      copies = null;
      out.accept(gathered);
    }
  }

  private ByteBuf copies(ByteBuf in) {
    if (copies == null) {
      copies = in.alloc().buffer();
    }
    return copies;
  }
}
