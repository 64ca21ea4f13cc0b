package dormouse.imap.view;

/// What things take on the heap, as 64-bit HotSpot with compressed references lays them out; close enough to add up.
final class Heap {
  private static final int STRING_BYTES = 24 + 16;

  private Heap() {}

  /// Bytes of an object of this size, padded to the next 8.
  static int aligned(int bytes) {
    return (bytes + 7) & ~7;
  }

  /// Bytes of a text of Latin-1 letters.
  static int ofText(String text) {
    return aligned(STRING_BYTES + text.length());
  }
}
