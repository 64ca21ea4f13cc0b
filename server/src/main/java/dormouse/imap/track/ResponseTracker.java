package dormouse.imap.track;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.netty.buffer.ByteBuf;
import io.netty.util.ByteProcessor;
import java.util.Arrays;
import java.util.function.Consumer;

/// Follows what a backend says to a logged-in client, and passes it on, line by line where that matters.
///
/// Lines of a [held][Kind#held] kind are shown to the listener whole, which passes, drops or replaces them. All others
/// pass as they come, their literals counted down and never looked at: a message that contains `* 3 EXPUNGE` expunges
/// nothing. Where the input is cut makes no difference. Of a held line no more than [#MAX_HELD_BYTES] wait:
/// - of a longer status line (tagged, `+`, OK, NO, BAD, BYE, PREAUTH) the listener gets that much, and its verdict
///   is for all of the line;
/// - any other held line that is longer, or that turns out to have a literal, passes as [Kind#OTHER].
///
/// Lives on its session's event loop. Holds no buffer between reads, so there is nothing to release.
public final class ResponseTracker {
  public static final int MAX_HELD_BYTES = 8 * 1024;

  /// Hears of responses as they pass. Called from within [#read], on its thread. Bytes before a line may not have gone
  /// to `out` when it is called: what is to be said before or instead of the line is a [Verdict#replace].
  public interface Listener {
    /// A line of a [held][Kind#held] kind is whole.
    Verdict line(ResponseLine line);

    /// A line of any other kind begins; it passes as it comes.
    void begins(Kind kind);

    /// A VANISHED line has passed.
    ///
    /// @param earlier it says (EARLIER)
    /// @param count how many UIDs its set has
    void vanished(boolean earlier, long count);
  }

  private enum State {
    /// At the start of a line, or before its kind is known.
    HEAD,
    HELD,
    STREAMED,
    LITERAL,
    FILTERED,
    /// The rest of a status line that was too long to hold.
    PASSED,
    DROPPED
  }

  private static final byte[] NOTHING = {};

  private final Listener listener;
  private final ResponseHead head = new ResponseHead();
  private final LineScanner scanner = new LineScanner(false);
  private final UidCount vanished = new UidCount();
  private final FetchFilter filter = new FetchFilter();
  private final ByteProcessor vanishedBytes = this::vanishedByte;

  private State state = State.HEAD;
  private Kind kind = Kind.OTHER;
  private final RecentMessages recent;
  private boolean hideModseq;
  private boolean fetching;
  private boolean holdStatus;
  private boolean holdLists;
  private long literalLeft;
  private byte[] held = NOTHING;
  private int heldBytes;

  /// Where in the input the running line begins, or goes on after what is in `held`. Means something during a read.
  private int lineFrom;

  private boolean atLineStart = true;

  /// @param recent the messages in whose FETCH responses `\Recent` is added. While there are some, VANISHED is a kind
  ///     that is held
  public ResponseTracker(Listener listener, RecentMessages recent) {
    this.listener = listener;
    this.recent = recent;
  }

  /// Consumes all of `in`.
  ///
  /// @param out gets the bytes for the client in order, as retained slices of `in` or buffers of their own; it owns
  ///     them. An input of which all passes goes out as one slice, unless a held line was cut
  public void read(ByteBuf in, Consumer<ByteBuf> out) {
    var outgoing = new Outgoing(out);
    int at = in.readerIndex();
    int end = in.writerIndex();
    lineFrom = at;
    while (at < end) {
      at =
          switch (state) {
            case HEAD -> head(in, at, outgoing);
            case HELD -> held(in, at, outgoing);
            case STREAMED -> streamed(in, at);
            case LITERAL -> literal(at, end);
            case FILTERED -> filtered(in, at, outgoing);
            case PASSED -> rest(in, at);
            case DROPPED -> {
              int next = rest(in, at);
              in.readerIndex(next);
              yield next;
            }
          };
    }
    if (state == State.HEAD || state == State.HELD) {
      pass(in, lineFrom, outgoing);
      hold(in, end);
    } else {
      pass(in, end, outgoing);
    }
    outgoing.flush();
  }

  /// From the next line on, whether MODSEQ is taken out of FETCH responses: the backend was asked for mod-sequences by
  /// us, not by the client. `* OK [HIGHESTMODSEQ n]` is for the listener to drop.
  public void hideModseq(boolean on) {
    hideModseq = on;
  }

  /// While hiding: whether the client runs a FETCH or STORE, so that a FETCH response of which only the UID is left is
  /// kept.
  public void fetching(boolean on) {
    fetching = on;
  }

  /// From the next line on, whether STATUS lines are held too.
  public void holdStatus(boolean on) {
    holdStatus = on;
  }

  /// From the next line on, whether what LIST, LSUB and NAMESPACE are answered with is held too.
  public void holdLists(boolean on) {
    holdLists = on;
  }

  private boolean holds(Kind of) {
    return of.held()
        || (holdStatus && of == Kind.STATUS)
        || (holdLists && isListed(of))
        || (of == Kind.VANISHED && !recent.isEmpty());
  }

  private static boolean isListed(Kind of) {
    return switch (of) {
      case LIST, LSUB, STATUS, NAMESPACE -> true;
      default -> false;
    };
  }

  /// Whether the last byte read ended a response.
  public boolean atLineStart() {
    return atLineStart;
  }

  /// How many bytes wait here for the end of their line.
  int heldBytes() {
    return heldBytes;
  }

  private int head(ByteBuf in, int from, Outgoing out) {
    atLineStart = false;
    for (int i = from; i < in.writerIndex(); i++) {
      Kind seen = head.see(in.getByte(i));
      if (seen != null) {
        begin(seen, in, i, out);
        return i;
      }
    }
    return in.writerIndex();
  }

  private void begin(Kind seen, ByteBuf in, int at, Outgoing out) {
    kind = seen;
    scanner.nextLine();
    if (holds(kind)) {
      state = State.HELD;
      return;
    }
    boolean isRecent = kind == Kind.FETCH && recent.contains(head.number());
    if (isRecent || (kind == Kind.FETCH && hideModseq)) {
      beginFiltered(in, at, isRecent, out);
    } else {
      state = State.STREAMED;
      vanished.reset();
      passHeld(out);
    }
    listener.begins(kind);
  }

  private void beginFiltered(ByteBuf in, int at, boolean isRecent, Outgoing out) {
    pass(in, lineFrom, out);
    filter.begin(hideModseq, fetching, isRecent);
    for (int i = 0; i < heldBytes; i++) {
      filter.head(held[i]);
    }
    for (int i = lineFrom; i < at; i++) {
      filter.head(in.getByte(i));
    }
    dropHeld();
    in.readerIndex(at);
    state = State.FILTERED;
  }

  private int held(ByteBuf in, int at, Outgoing out) {
    int end = in.writerIndex();
    int limit = Math.min(end, lineFrom + MAX_HELD_BYTES - heldBytes);
    int lf =
        kind.isStatus()
            ? in.indexOf(at, limit, (byte) '\n')
            : in.forEachByte(at, limit - at, scanner);
    if (lf < 0) {
      return limit < end ? tooLong(in, limit, out) : end;
    }
    if (!kind.isStatus() && scanner.literal()) {
      beginOther(out);
      beginLiteral();
      return lf + 1;
    }
    judge(in, lf + 1, State.HEAD, State.HEAD, out);
    startLine(lf + 1);
    return lf + 1;
  }

  private int tooLong(ByteBuf in, int at, Outgoing out) {
    if (kind.isStatus()) {
      judge(in, at, State.PASSED, State.DROPPED, out);
    } else if (kind == Kind.VANISHED) {
      countVanished(in, at, out);
    } else {
      beginOther(out);
    }
    return at;
  }

  private void countVanished(ByteBuf in, int to, Outgoing out) {
    state = State.STREAMED;
    vanished.reset();
    for (int i = 0; i < heldBytes; i++) {
      vanished.see(held[i]);
    }
    for (int i = lineFrom; i < to; i++) {
      vanished.see(in.getByte(i));
    }
    passHeld(out);
    listener.begins(kind);
  }

  private void beginOther(Outgoing out) {
    kind = Kind.OTHER;
    state = State.STREAMED;
    passHeld(out);
    listener.begins(kind);
  }

  /// Asks what becomes of the line up to `next`.
  private void judge(ByteBuf in, int next, State ifPassed, State ifNot, Outgoing out) {
    if (heldBytes > 0) {
      hold(in, next);
    }
    switch (listener.line(new ResponseLine(kind, text(in, next)))) {
      case Verdict.Pass _ -> {
        passHeld(out);
        state = ifPassed;
      }
      case Verdict.Drop _ -> {
        drop(in, next, out);
        state = ifNot;
      }
      case Verdict.Replace(ByteBuf bytes) -> {
        drop(in, next, out);
        out.own(bytes);
        state = ifNot;
      }
    }
  }

  private String text(ByteBuf in, int next) {
    int length = heldBytes > 0 ? heldBytes : next - lineFrom;
    String text =
        heldBytes > 0
            ? new String(held, 0, length, ISO_8859_1)
            : in.toString(lineFrom, length, ISO_8859_1);
    return ResponseLine.withoutLineEnd(text);
  }

  private int streamed(ByteBuf in, int at) {
    ByteProcessor bytes = kind == Kind.VANISHED ? vanishedBytes : scanner;
    int lf = in.forEachByte(at, in.writerIndex() - at, bytes);
    if (lf < 0) {
      return in.writerIndex();
    }
    if (scanner.literal()) {
      beginLiteral();
      return lf + 1;
    }
    startLine(lf + 1);
    if (kind == Kind.VANISHED) {
      listener.vanished(vanished.earlier(), vanished.count());
    }
    return lf + 1;
  }

  private boolean vanishedByte(byte b) {
    vanished.see(b);
    return scanner.process(b);
  }

  private void beginLiteral() {
    literalLeft = scanner.literalBytes();
    scanner.nextLine();
    state = literalLeft > 0 ? State.LITERAL : State.STREAMED;
  }

  private int literal(int at, int end) {
    int bytes = (int) Math.min(literalLeft, end - at);
    literalLeft -= bytes;
    if (literalLeft == 0) {
      state = State.STREAMED;
    }
    return at + bytes;
  }

  private int filtered(ByteBuf in, int at, Outgoing out) {
    int next = filter.read(in, at, out);
    in.readerIndex(next);
    if (filter.done()) {
      startLine(next);
    }
    return next;
  }

  private int rest(ByteBuf in, int at) {
    int lf = in.indexOf(at, in.writerIndex(), (byte) '\n');
    if (lf < 0) {
      return in.writerIndex();
    }
    startLine(lf + 1);
    return lf + 1;
  }

  private void startLine(int at) {
    state = State.HEAD;
    head.reset();
    lineFrom = at;
    atLineStart = true;
  }

  /// Passes on everything before `to` that has not gone yet.
  private static void pass(ByteBuf in, int to, Outgoing out) {
    out.slice(in, in.readerIndex(), to);
    in.readerIndex(to);
  }

  private void passHeld(Outgoing out) {
    out.wrap(held, heldBytes);
    dropHeld();
  }

  private void drop(ByteBuf in, int next, Outgoing out) {
    pass(in, lineFrom, out);
    in.readerIndex(next);
    dropHeld();
  }

  /// Keeps a copy of the running line up to `to`, behind what is kept of it.
  private void hold(ByteBuf in, int to) {
    int bytes = to - lineFrom;
    if (bytes > 0) {
      if (heldBytes + bytes > held.length) {
        held = Arrays.copyOf(held, Math.max(heldBytes + bytes, 2 * held.length));
      }
      in.getBytes(lineFrom, held, heldBytes, bytes);
      heldBytes += bytes;
    }
    in.readerIndex(to);
    lineFrom = to;
  }

  private void dropHeld() {
    held = NOTHING;
    heldBytes = 0;
  }
}
