package dormouse.imap;

import dormouse.config.LoginSettings;
import io.netty.buffer.ByteBuf;

/// Finds the end of each command in what a client sends before its login: counts literals, and bounds lines and literals.
/// Lives on its session's event loop; no I/O.
///
/// A literal begins where an argument can begin, outside a quoted string: `{n}` waits for our `+`, `{n+}` does not
/// (RFC 7888), `~` may stand before both (RFC 3516). [ImapCommand#parse] reads by the same rules. A line ends with LF
/// or CRLF. The literals of one command together are bounded, so the largest command is known.
final class CommandReader {
  /// How much of literals that are too large is skipped so that the dialogue can go on.
  private static final int MAX_SKIPPED_BYTES = 64 * 1024;

  /// What the bytes so far came to.
  enum Step {
    /// All was looked at; more must come.
    MORE,
    /// A literal waits for `+`.
    CONTINUE,
    /// A whole command, or line, stands in the buffer: [#take].
    COMPLETE,
    /// A command with too large a literal is over and consumed; its tag is [#refusedTag].
    TOO_BIG,
    /// The line is too long to go on.
    LINE_TOO_LONG,
    /// The literal is too large to be skipped.
    LITERAL_TOO_LARGE
  }

  /// Where in a line the next byte stands.
  private enum At {
    TEXT,
    ARGUMENT,
    QUOTED,
    ESCAPED,
    OPEN,
    DIGITS,
    PLUS,
    CLOSED
  }

  private final int maxLineBytes;
  private final int maxLiteralBytes;

  private int position;
  private int lineBytes;
  private long literalBytes;
  private long literalLeft;
  private At at = At.TEXT;
  private boolean afterReturn;
  private long size;
  private boolean waits;
  private boolean skipping;
  private String refusedTag = "*";

  CommandReader(LoginSettings limits) {
    maxLineBytes = limits.maxLineBytes();
    maxLiteralBytes = limits.maxLiteralBytes();
  }

  /// Looks on from where the last call ended. The buffer's first readable byte is the command's first, until [#take].
  Step read(ByteBuf in) {
    while (position < in.readableBytes()) {
      Step step = literalLeft > 0 ? passLiteral(in) : seeByte(in);
      if (step != Step.MORE) {
        return step;
      }
    }
    if (skipping) {
      forget(in);
    }
    return Step.MORE;
  }

  /// The same for a line that is no command: a client's answer in AUTHENTICATE.
  Step readLine(ByteBuf in) {
    while (position < in.readableBytes()) {
      byte b = in.getByte(in.readerIndex() + position++);
      if (b == '\n') {
        return Step.COMPLETE;
      }
      if (++lineBytes > maxLineBytes) {
        return Step.LINE_TOO_LONG;
      }
      afterReturn = b == '\r';
    }
    return Step.MORE;
  }

  /// Consumes what is complete and returns it, literals and all, but for the end of its last line.
  byte[] take(ByteBuf in) {
    int endBytes = afterReturn ? 2 : 1;
    byte[] taken = new byte[position - endBytes];
    in.readBytes(taken).skipBytes(endBytes);
    reset();
    return taken;
  }

  /// The tag of the command whose literal was too large, `*` if it has none.
  String refusedTag() {
    return refusedTag;
  }

  private Step seeByte(ByteBuf in) {
    byte b = in.getByte(in.readerIndex() + position++);
    if (b == '\n') {
      return at == At.CLOSED ? literalBegins(in) : commandEnds(in);
    }
    if (++lineBytes > maxLineBytes) {
      return Step.LINE_TOO_LONG;
    }
    boolean endsHeader = b == '\r' && at == At.CLOSED && !afterReturn;
    at = endsHeader ? At.CLOSED : after(b);
    afterReturn = b == '\r';
    return Step.MORE;
  }

  private At after(byte b) {
    return switch (at) {
      case QUOTED -> b == '\\' ? At.ESCAPED : b == '"' ? At.TEXT : At.QUOTED;
      case ESCAPED -> At.QUOTED;
      case ARGUMENT ->
          switch (b) {
            case '"' -> At.QUOTED;
            case '~' -> At.ARGUMENT;
            case '{' -> open();
            default -> plain(b);
          };
      case OPEN -> isDigit(b) ? digit(b) : plain(b);
      case DIGITS -> isDigit(b) ? digit(b) : b == '+' ? At.PLUS : b == '}' ? close(true) : plain(b);
      case PLUS -> b == '}' ? close(false) : plain(b);
      case TEXT, CLOSED -> plain(b);
    };
  }

  private static At plain(byte b) {
    return b == ' ' || b == '(' ? At.ARGUMENT : At.TEXT;
  }

  private At open() {
    size = 0;
    return At.OPEN;
  }

  private At digit(byte b) {
    size = Math.min(size * 10 + (b - '0'), Integer.MAX_VALUE);
    return At.DIGITS;
  }

  private At close(boolean waits) {
    this.waits = waits;
    return At.CLOSED;
  }

  private Step literalBegins(ByteBuf in) {
    at = At.TEXT;
    afterReturn = false;
    literalBytes += size;
    if (!skipping && literalBytes > maxLiteralBytes) {
      refusedTag = ImapCommand.tagOf(in);
      skipping = true;
    }
    if (!skipping) {
      literalLeft = size;
      return waits ? Step.CONTINUE : Step.MORE;
    }
    if (waits) {
      return refused(in); // without our "+" the client sends nothing more of it
    }
    literalLeft = size;
    return literalBytes > MAX_SKIPPED_BYTES ? Step.LITERAL_TOO_LARGE : Step.MORE;
  }

  private Step commandEnds(ByteBuf in) {
    return skipping ? refused(in) : Step.COMPLETE;
  }

  private Step refused(ByteBuf in) {
    forget(in);
    reset();
    return Step.TOO_BIG;
  }

  private Step passLiteral(ByteBuf in) {
    int passed = (int) Math.min(literalLeft, in.readableBytes() - position);
    position += passed;
    literalLeft -= passed;
    return Step.MORE;
  }

  private void forget(ByteBuf in) {
    in.skipBytes(position);
    position = 0;
  }

  /// Forgets a command begun.
  void reset() {
    position = 0;
    lineBytes = 0;
    literalBytes = 0;
    literalLeft = 0;
    at = At.TEXT;
    afterReturn = false;
    skipping = false;
  }

  private static boolean isDigit(byte b) {
    return b >= '0' && b <= '9';
  }
}
