package dormouse.imap.compress;

import java.io.ByteArrayOutputStream;

/// Deflates as `Z_PARTIAL_FLUSH` does, which Java's deflater cannot: behind each message comes an empty block, and up to seven
/// of its bits are held back until the next (RFC 1951 §3.2.6; zlib's `_tr_align`). Literals only.
final class PartialFlushes {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private int bits;
  private int there;

  /// What is sent for a message.
  byte[] message(byte[] plain) {
    put(0b010, 3); // not the last block; fixed codes
    for (byte b : plain) {
      int symbol = b & 0xff;
      if (symbol < 144) {
        code(0x30 + symbol, 8);
      } else {
        code(0x190 + symbol - 144, 9);
      }
    }
    code(0, 7);
    put(0b010, 3);
    code(0, 7);
    byte[] sent = out.toByteArray();
    out.reset();
    return sent;
  }

  private void code(int code, int length) {
    put(Integer.reverse(code) >>> (32 - length), length);
  }

  private void put(int value, int count) {
    bits |= value << there;
    there += count;
    while (there >= 8) {
      out.write(bits);
      bits >>>= 8;
      there -= 8;
    }
  }
}
