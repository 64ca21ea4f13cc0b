package dormouse.imap.track;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Collects a backend's whole responses to our own commands, literals folded into their text.
///
/// A response that is all in one input costs one copy, its text, whatever its length. Where the input is cut makes no
/// difference otherwise.
///
/// Lives on its session's event loop. Holds no buffer between reads, so there is nothing to release.
public final class ResponseLines {
  private enum State {
    HEAD,
    LINE,
    LITERAL
  }

  private static final byte[] NOTHING = {};

  private final int maxBytes;
  private final ResponseHead head = new ResponseHead();
  private final LineScanner scanner = new LineScanner(false);
  private State state = State.HEAD;
  private Kind kind = Kind.OTHER;
  private long literalLeft;
  private byte[] held = NOTHING;
  private int heldBytes;
  private boolean atLineStart = true;

  /// @param maxBytes how long one response may be, literals and final CRLF included
  public ResponseLines(int maxBytes) {
    this.maxBytes = maxBytes;
  }

  /// Consumes all of `in`, handing over each response that has become whole.
  ///
  /// @throws ResponseTooLongException when a response outgrows the bound; nothing more can be read
  public void read(ByteBuf in, Consumer<ResponseLine> out) throws ResponseTooLongException {
    for (ResponseLine line = next(in); line != null; line = next(in)) {
      out.accept(line);
    }
  }

  /// Consumes `in` to the end of the first response that becomes whole, and no further; `null` if none does, then all
  /// of `in` is consumed.
  ///
  /// @throws ResponseTooLongException when a response outgrows the bound; nothing more can be read
  public @Nullable ResponseLine next(ByteBuf in) throws ResponseTooLongException {
    int from = in.readerIndex();
    int end = in.writerIndex();
    int at = from;
    while (at < end) {
      atLineStart = false;
      switch (state) {
        case HEAD -> at = head(in, at);
        case LITERAL -> at = literal(at, end);
        case LINE -> {
          int lf = lineEnd(in, at);
          at = lf < 0 ? end : lf + 1;
          if (lf >= 0 && (kind.isStatus() || !scanner.literal())) {
            return whole(in, from, at);
          }
          if (lf >= 0) {
            beginLiteral(at - from);
          }
        }
      }
    }
    hold(in, from, end);
    return null;
  }

  /// Whether the last byte read ended a response.
  public boolean atLineStart() {
    return atLineStart;
  }

  private int head(ByteBuf in, int from) {
    for (int i = from; i < in.writerIndex(); i++) {
      Kind seen = head.see(in.getByte(i));
      if (seen != null) {
        kind = seen;
        scanner.nextLine();
        state = State.LINE;
        return i;
      }
    }
    return in.writerIndex();
  }

  private int lineEnd(ByteBuf in, int at) {
    return kind.isStatus()
        ? in.indexOf(at, in.writerIndex(), (byte) '\n')
        : in.forEachByte(at, in.writerIndex() - at, scanner);
  }

  private void beginLiteral(int bytesBefore) throws ResponseTooLongException {
    literalLeft = scanner.literalBytes();
    if (literalLeft > maxBytes - heldBytes - bytesBefore) {
      throw new ResponseTooLongException(maxBytes);
    }
    scanner.nextLine();
    state = literalLeft > 0 ? State.LITERAL : State.LINE;
  }

  private int literal(int at, int end) {
    int bytes = (int) Math.min(literalLeft, end - at);
    literalLeft -= bytes;
    if (literalLeft == 0) {
      state = State.LINE;
    }
    return at + bytes;
  }

  private ResponseLine whole(ByteBuf in, int from, int to) throws ResponseTooLongException {
    String text;
    if (heldBytes == 0) {
      checkLength(to - from);
      text = in.toString(from, to - from, ISO_8859_1);
      in.readerIndex(to);
    } else {
      hold(in, from, to);
      text = new String(held, 0, heldBytes, ISO_8859_1);
      held = NOTHING;
      heldBytes = 0;
    }
    state = State.HEAD;
    head.reset();
    atLineStart = true;
    return new ResponseLine(kind, ResponseLine.withoutLineEnd(text));
  }

  private void hold(ByteBuf in, int from, int to) throws ResponseTooLongException {
    int bytes = to - from;
    checkLength(bytes);
    if (bytes > 0) {
      if (heldBytes + bytes > held.length) {
        int wanted = Math.max(heldBytes + bytes, Math.min(2 * held.length, maxBytes));
        held = Arrays.copyOf(held, wanted);
      }
      in.getBytes(from, held, heldBytes, bytes);
      heldBytes += bytes;
    }
    in.readerIndex(to);
  }

  private void checkLength(int bytes) throws ResponseTooLongException {
    if (bytes > maxBytes - heldBytes) {
      throw new ResponseTooLongException(maxBytes);
    }
  }
}
