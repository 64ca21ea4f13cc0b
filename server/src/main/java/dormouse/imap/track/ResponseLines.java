package dormouse.imap.track;

import io.netty.buffer.ByteBuf;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// skeleton
public final class ResponseLines {
  /// @param maxBytes how long one response may be, literals included
  public ResponseLines(int maxBytes) {
    java.util.Objects.checkIndex(0, maxBytes);
  }

  /// Consumes all of `in`, handing over each response that has become whole.
  ///
  /// @throws ResponseTooLongException when a response outgrows the bound; nothing more can be read
  public void read(ByteBuf in, Consumer<ResponseLine> out) throws ResponseTooLongException {
    for (var line = next(in); line != null; line = next(in)) {
      out.accept(line);
    }
  }

  /// Consumes `in` to the end of the first response that becomes whole; `null` if none does, then all is consumed.
  ///
  /// @throws ResponseTooLongException when a response outgrows the bound; nothing more can be read
  public @Nullable ResponseLine next(ByteBuf in) throws ResponseTooLongException {
    in.skipBytes(in.readableBytes());
    return null;
  }

  /// Whether the last byte read ended a response.
  public boolean atLineStart() {
    return true;
  }
}
