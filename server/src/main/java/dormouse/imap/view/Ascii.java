package dormouse.imap.view;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/// Writes text and numbers as they go over the wire.
final class Ascii {
  private Ascii() {}

  /// Writes the text, a byte a letter.
  static void text(ByteBuf out, String text) {
    out.writeCharSequence(text, StandardCharsets.ISO_8859_1);
  }

  /// Writes a number from 0 up, in decimal.
  static void number(ByteBuf out, long number) {
    int digits = 1;
    for (long rest = number / 10; rest > 0; rest /= 10) {
      digits++;
    }
    int end = out.writerIndex() + digits;
    out.ensureWritable(digits);
    long rest = number;
    for (int at = end - 1; at >= end - digits; at--) {
      out.setByte(at, (int) ('0' + rest % 10));
      rest /= 10;
    }
    out.writerIndex(end);
  }
}
