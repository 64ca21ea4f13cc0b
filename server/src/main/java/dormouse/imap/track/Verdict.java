package dormouse.imap.track;

import io.netty.buffer.ByteBuf;

/// What becomes of a line on its way to the client.
public sealed interface Verdict {
  Verdict PASS = new Pass();
  Verdict DROP = new Drop();

  /// The line goes, `bytes` (whole lines with their CRLF) come in its place. Takes over `bytes`.
  static Verdict replace(ByteBuf bytes) {
    return new Replace(bytes);
  }

  /// As it is.
  record Pass() implements Verdict {}

  /// Not at all.
  record Drop() implements Verdict {}

  /// Other bytes in its place.
  record Replace(ByteBuf bytes) implements Verdict {}
}
