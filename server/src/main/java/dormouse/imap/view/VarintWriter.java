package dormouse.imap.view;

import java.util.Arrays;

/// Collects unsigned numbers, seven bits a byte, lowest bits first, the top bit set on all but the last byte of each. Used by
/// one thread.
final class VarintWriter {
  private byte[] bytes = new byte[16];
  private int size;

  void write(long value) {
    if (size + 10 > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, size + 10));
    }
    long left = value;
    while (left > 0x7F) {
      bytes[size++] = (byte) (left | 0x80);
      left >>>= 7;
    }
    bytes[size++] = (byte) left;
  }

  byte[] toBytes() {
    return Arrays.copyOf(bytes, size);
  }

  /// These numbers, then those of `next`.
  byte[] followedBy(VarintWriter next) {
    byte[] both = Arrays.copyOf(bytes, size + next.size);
    System.arraycopy(next.bytes, 0, both, size, next.size);
    return both;
  }
}
