package dormouse.imap.compress;

import dormouse.imap.view.PackedBytes;
import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The last 32 KiB of an inflated stream, to which what follows may refer (RFC 1951 §2). Takes as much memory as there is of
/// it, and less while [packed][#pack].
///
/// Lives on its session's event loop.
final class Window {
  static final int MAX_BYTES = 32 * 1024;

  private static final int MIN_BYTES = 256;
  private static final byte[] NOTHING = {};

  private byte[] ring = NOTHING; // its length is a power of two
  private long total;
  private @Nullable PackedBytes packed;

  /// Makes room: until the next call `bytes` more can be added without losing any that may be referred to or read.
  ///
  /// @param bytes at most half of [#MAX_BYTES]
  void reserve(int bytes) {
    unpack();
    long wanted = Math.min(total + bytes, MAX_BYTES);
    if (wanted <= ring.length) {
      return;
    }
    int length = Math.max(MIN_BYTES, Integer.highestOneBit((int) wanted - 1) << 1);
    byte[] longer =
        new byte[length]; // never too short before, so that it holds all from the first byte on
    System.arraycopy(ring, 0, longer, 0, (int) Math.min(total, ring.length));
    ring = longer;
  }

  void add(byte b) {
    ring[(int) total++ & (ring.length - 1)] = b;
  }

  /// Adds again what was added before.
  ///
  /// @param distance how long ago, in bytes; at most [#size]
  void repeat(int distance, int bytes) {
    int mask = ring.length - 1;
    int to = (int) (total & mask);
    for (int i = 0; i < bytes; i++) {
      ring[to] = ring[(to - distance) & mask];
      to = (to + 1) & mask;
    }
    total += bytes;
  }

  /// Copies the last `bytes` bytes.
  void copyLast(int bytes, ByteBuf out) {
    int from = (int) (total - bytes) & (ring.length - 1);
    int straight = Math.min(bytes, ring.length - from);
    out.writeBytes(ring, from, straight);
    out.writeBytes(ring, 0, bytes - straight);
  }

  /// How many bytes there are to refer to.
  int size() {
    return (int) Math.min(total, MAX_BYTES);
  }

  /// Keeps what is there in as few bytes as can be, until the next [#reserve].
  void pack() {
    if (packed == null && total > 0) {
      packed = PackedBytes.of(content());
      ring = NOTHING;
    }
  }

  private byte[] content() {
    int size = size();
    byte[] content = new byte[size];
    int from = (int) (total - size) & (ring.length - 1);
    int straight = Math.min(size, ring.length - from);
    System.arraycopy(ring, from, content, 0, straight);
    System.arraycopy(ring, 0, content, straight, size - straight);
    return content;
  }

  private void unpack() {
    PackedBytes all = packed;
    if (all == null) {
      return;
    }
    packed = null;
    byte[] content = all.unpack();
    total = content.length;
    ring =
        Arrays.copyOf(content, Math.max(MIN_BYTES, Integer.highestOneBit(content.length - 1) << 1));
  }

  /// What it takes on the heap.
  int keptBytes() {
    return packed == null ? ring.length : packed.keptBytes();
  }
}
