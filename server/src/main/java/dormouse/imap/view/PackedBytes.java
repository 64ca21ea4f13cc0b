package dormouse.imap.view;

import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/// Bytes kept small: deflated when there are more than 2 KiB of them and that makes them fewer. Equal when the bytes are.
/// Immutable.
public final class PackedBytes {
  private static final int DEFLATED_ABOVE_BYTES = 2048;
  private static final int OBJECT_BYTES = 24;
  private static final int ARRAY_HEADER_BYTES = 16;

  private final byte[] kept;
  private final int length;

  private PackedBytes(byte[] kept, int length) {
    this.kept = kept;
    this.length = length;
  }

  /// Keeps the bytes; they are the caller's no more.
  public static PackedBytes of(byte[] bytes) {
    if (bytes.length <= DEFLATED_ABOVE_BYTES) {
      return new PackedBytes(bytes, bytes.length);
    }
    return new PackedBytes(deflate(bytes), bytes.length);
  }

  /// The bytes; not to be written to.
  public byte[] unpack() {
    if (kept.length == length) {
      return kept;
    }
    var inflater = new Inflater(true);
    try {
      inflater.setInput(kept);
      var bytes = new byte[length];
      if (inflater.inflate(bytes) != length) {
        throw new IllegalStateException("deflated bytes cut short");
      }
      return bytes;
    } catch (DataFormatException e) {
      throw new IllegalStateException("deflated bytes damaged", e);
    } finally {
      inflater.end();
    }
  }

  /// What they take on the heap.
  public int keptBytes() {
    return OBJECT_BYTES + Heap.aligned(ARRAY_HEADER_BYTES + kept.length);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof PackedBytes packed
        && length == packed.length
        && Arrays.equals(kept, packed.kept);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(kept);
  }

  /// What the bytes deflate to; themselves if that is not shorter.
  private static byte[] deflate(byte[] bytes) {
    var deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
    try {
      deflater.setInput(bytes);
      deflater.finish();
      var packed = new byte[bytes.length - 1];
      int size = deflater.deflate(packed);
      return deflater.finished() ? Arrays.copyOf(packed, size) : bytes;
    } finally {
      deflater.end();
    }
  }
}
