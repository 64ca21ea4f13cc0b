package dormouse.imap.view;

/// Reads unsigned numbers written by [VarintWriter]. Used by one thread.
final class VarintReader {
  private final byte[] bytes;
  private int at;

  VarintReader(byte[] bytes) {
    this.bytes = bytes;
  }

  boolean atEnd() {
    return at == bytes.length;
  }

  long read() {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      byte b = bytes[at++];
      value |= (b & 0x7FL) << shift;
      if (b >= 0) {
        return value;
      }
    }
  }
}
