package dormouse.imap.track;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Follows what a logged-in client says, byte by byte, and passes it on or not, command by command.
///
/// A command is `tag SP name [SP arguments] CRLF`; bare LF will do. Literals are counted down and never looked at.
/// Nothing of a command is consumed before its name is known, so whoever owns the input keeps the first bytes of one
/// (never more than [#MAX_HEAD_BYTES], and [#MAX_PEEKED_BYTES] where the listener wants to see them). Where the input is
/// cut makes no difference.
///
/// AUTHENTICATE is for [Decision#ANSWER]: what a client says in its exchange is no command.
///
/// Lives on its session's event loop. Holds no buffer, so there is nothing to release.
public final class CommandTracker {
  public static final int MAX_TAG_BYTES = 64;
  public static final int MAX_NAME_BYTES = 32;

  /// How much may lie unread in the input before the command is decided on.
  public static final int MAX_HEAD_BYTES = MAX_TAG_BYTES + 2 * MAX_NAME_BYTES + 3;

  /// How many bytes of arguments may be looked at before that ([Listener#peeks]).
  public static final int MAX_PEEKED_BYTES = 1024;

  /// How long a command may be, its literals not counted.
  public static final int MAX_LINE_BYTES = 64 * 1024;

  /// How many bytes of arguments a [Command] carries.
  public static final int MAX_ARGUMENT_BYTES = 8 * 1024;

  /// What to do with a command.
  public enum Decision {
    /// Pass all of its bytes on as they come.
    FORWARD,
    /// Consume it and hand it to [Listener#answer].
    ANSWER,
    /// The same with its literals, for which [Listener#literal] asks, up to [#MAX_LINE_BYTES] together.
    COLLECT,
    /// Leave it where it is and ask again at the next [#read].
    WAIT
  }

  /// Hears of commands as they pass. Called from within [#read], on its thread. What was passed on before a call has
  /// gone to `out` by then.
  public interface Listener {
    /// A command's name is known, nothing of it is consumed. After [Decision#WAIT] the same command begins again.
    ///
    /// @param tag `""` for the line that ends IDLE, which is [Verb#DONE] whatever it says
    /// @param arguments as in [Command], if they are wanted ([#peeks]), short and without a literal; else null
    Decision begins(String tag, Verb verb, @Nullable String arguments);

    /// Whether what such a command asks for matters to [#begins], which is then called when the line is there.
    default boolean peeks(Verb verb) {
      return false;
    }

    /// The first line of an APPEND is there, which names its mailbox, and is passed on; its message is still to come.
    ///
    /// @param begun as far as it is known
    default void named(Command begun) {}

    /// The command's last byte was passed on. Not called for a command whose literal the backend refused.
    void forwarded(Command command);

    /// The command's last byte was consumed, nothing passed on. A literal the client would wait for with ends it early:
    /// the client gets the tagged reply instead of `+`.
    void answer(Command command);

    /// The client waits to send a literal of a collected command: say `+`.
    void literal();

    /// A line that is no command, or a command to be answered with too long arguments, was consumed, nothing passed on.
    ///
    /// @param tag `*` if it has none
    void malformed(String tag, String why);

    /// A command is over 64 KiB, or has a literal without measure: say BAD and close. What follows is consumed in
    /// silence.
    void overflow();
  }

  private enum State {
    START,
    LINE,
    LITERAL,
    AWAITING_LITERAL,
    AWAITING_IDLE,
    IDLING,
    OVERFLOWED
  }

  private enum Fate {
    FORWARDED,
    ANSWERED,
    COLLECTED,
    SWALLOWED
  }

  private static final byte[] NOTHING = {};
  private static final int MORE = -1;

  private final Listener listener;
  private final LineScanner scanner = new LineScanner(true);
  private final CommandWords words = new CommandWords();

  private State state = State.START;
  private Fate fate = Fate.FORWARDED;
  private String tag = "";
  private Verb verb = Verb.OTHER;
  private String why = "";
  private int lineBytes;
  private long literalLeft;
  private boolean keeping;
  private byte[] kept = NOTHING;
  private int keptBytes;

  public CommandTracker(Listener listener) {
    this.listener = listener;
  }

  /// Consumes what it can. What it leaves in `in` must be there again, with more behind it, at the next call.
  ///
  /// @param out gets the bytes for the backend in order, as retained slices of `in`, which it owns: one for each
  ///     command in `in`
  public void read(ByteBuf in, Consumer<ByteBuf> out) {
    boolean more = true;
    while (more && in.isReadable()) {
      more =
          switch (state) {
            case START -> begin(in, out);
            case IDLING -> beginDone(in, out);
            case LINE, LITERAL -> run(in, out, in.readerIndex());
            case AWAITING_LITERAL, AWAITING_IDLE -> false;
            case OVERFLOWED -> {
              in.skipBytes(in.readableBytes());
              yield false;
            }
          };
    }
  }

  /// The backend sent `+`: a waiting literal may flow, or IDLE has begun. [#read] again for what was left. Without
  /// effect if nothing waits.
  public void continued() {
    if (state == State.AWAITING_LITERAL) {
      beginLiteral();
    } else if (state == State.AWAITING_IDLE) {
      state = State.IDLING;
    }
  }

  /// The backend gave a command its tagged reply. If that is the half-sent one (its literal) or the IDLE that waits for
  /// `+`, the next command may begin. Without effect otherwise.
  public void replied(String commandTag) {
    if (awaitingContinuation() && tag.equals(commandTag)) {
      state = State.START;
      dropKept();
    }
  }

  /// We answered IDLE ourselves: the next line ends it. Also from within [Listener#answer].
  public void enterIdle() {
    if (state != State.START) {
      throw new IllegalStateException("IDLE in " + state);
    }
    state = State.IDLING;
  }

  /// IDLE ended without a line of the client: the backend ended it.
  public void leaveIdle() {
    if (state == State.IDLING || state == State.AWAITING_IDLE) {
      state = State.START;
    }
  }

  /// Whether no command is half consumed, and none waits to go on; one may be idling.
  public boolean atRest() {
    return state == State.START || state == State.IDLING;
  }

  /// Whether no command is half consumed, and none is idling.
  public boolean atCommandStart() {
    return state == State.START;
  }

  /// Whether the next line ends IDLE.
  public boolean idling() {
    return state == State.IDLING;
  }

  /// Whether nothing more is consumed until [#continued] or [#replied].
  public boolean awaitingContinuation() {
    return state == State.AWAITING_LITERAL || state == State.AWAITING_IDLE;
  }

  /// How many bytes wait here for the end of their command.
  int heldBytes() {
    return keptBytes;
  }

  private boolean begin(ByteBuf in, Consumer<ByteBuf> out) {
    byte[] line = firstLine(in);
    int end = atomEnd(line, 0, MAX_TAG_BYTES);
    if (end == MORE) {
      return false;
    }
    boolean lineEnds = isLineEnd(line, end);
    if (end == 0 || end > MAX_TAG_BYTES || (!lineEnds && line[end] != ' ')) {
      return swallow(in, out, "*", end == 0 && lineEnds ? "Empty line" : "Bad tag");
    }
    String commandTag = text(line, 0, end);
    if (lineEnds) {
      return swallow(in, out, commandTag, "No command");
    }
    int nameFrom = end + 1;
    int nameEnd = nameEnd(line, nameFrom);
    if (nameEnd == MORE) {
      return false;
    }
    if (nameEnd == nameFrom) {
      return swallow(in, out, commandTag, "No command");
    }
    String name = text(line, nameFrom, nameEnd);
    if (name.equalsIgnoreCase("UID")) {
      nameEnd = line[nameEnd] == ' ' ? nameEnd(line, nameEnd + 1) : nameFrom;
      if (nameEnd == MORE) {
        return false;
      }
      name = text(line, nameFrom, nameEnd);
      if (name.length() <= "UID ".length()) {
        return swallow(in, out, commandTag, "No command after UID");
      }
    }
    return decide(in, out, commandTag, Verb.of(name), line, nameEnd);
  }

  /// The line that ends IDLE begins when it is whole, or too long to say DONE.
  private boolean beginDone(ByteBuf in, Consumer<ByteBuf> out) {
    byte[] line = firstLine(in);
    if (line.length < MAX_TAG_BYTES && !isWhole(line)) {
      return false;
    }
    return decide(in, out, "", Verb.DONE, line, 0);
  }

  /// What is there of the line that begins, in one piece, as far as it may be looked at before it is decided on.
  private static byte[] firstLine(ByteBuf in) {
    int from = in.readerIndex();
    int most = Math.min(in.readableBytes(), MAX_HEAD_BYTES + MAX_PEEKED_BYTES);
    int lf = in.indexOf(from, from + most, (byte) '\n');
    return bytes(in, from, lf < 0 ? most : lf + 1 - from);
  }

  private static byte[] bytes(ByteBuf in, int from, int count) {
    byte[] bytes = new byte[count];
    in.getBytes(from, bytes);
    return bytes;
  }

  private static boolean isWhole(byte[] line) {
    return line.length > 0 && line[line.length - 1] == '\n';
  }

  private static String text(byte[] line, int from, int to) {
    return new String(line, from, to - from, ISO_8859_1);
  }

  /// @param at where the name ends
  private boolean decide(
      ByteBuf in, Consumer<ByteBuf> out, String commandTag, Verb commandVerb, byte[] line, int at) {
    String peeked = null;
    if (listener.peeks(commandVerb)) {
      boolean tooLong = line.length - at > MAX_PEEKED_BYTES;
      if (!isWhole(line) && line.length - at < MAX_PEEKED_BYTES) {
        return false;
      }
      peeked = tooLong || !isWhole(line) ? null : peeked(line, at);
    }
    Fate chosen =
        switch (listener.begins(commandTag, commandVerb, peeked)) {
          case WAIT -> null;
          case FORWARD -> Fate.FORWARDED;
          case ANSWER -> Fate.ANSWERED;
          case COLLECT -> Fate.COLLECTED;
        };
    if (chosen == null) {
      return false;
    }
    start(chosen, commandTag, commandVerb);
    keeping = chosen != Fate.FORWARDED || commandVerb.keepsArguments();
    lineBytes = commandVerb == Verb.DONE ? at : argumentsFrom(line, at);
    if (!isWhole(line) || words.mayBeIn(line, lineBytes)) {
      return run(in, out, in.readerIndex() + lineBytes);
    }
    if (keeping) {
      keep(Arrays.copyOfRange(line, lineBytes, endOfText(line, lineBytes)));
    }
    take(in, out, in.readerIndex() + line.length);
    finish();
    return true;
  }

  private static int argumentsFrom(byte[] line, int at) {
    return at < line.length && line[at] == ' ' ? at + 1 : at;
  }

  /// Where a whole line's text ends: before its CRLF or LF.
  private static int endOfText(byte[] line, int from) {
    int lf = line.length - 1;
    return lf > from && line[lf - 1] == '\r' ? lf - 1 : lf;
  }

  private static @Nullable String peeked(byte[] line, int at) {
    int from = argumentsFrom(line, at);
    int end = endOfText(line, from);
    return end > from && line[end - 1] == '}' ? null : text(line, from, end);
  }

  private boolean swallow(ByteBuf in, Consumer<ByteBuf> out, String lineTag, String reason) {
    start(Fate.SWALLOWED, lineTag, Verb.OTHER);
    why = reason;
    return run(in, out, in.readerIndex());
  }

  private void start(Fate chosen, String commandTag, Verb commandVerb) {
    fate = chosen;
    tag = commandTag;
    verb = commandVerb;
    state = State.LINE;
    lineBytes = 0;
    keeping = false;
    dropKept();
    scanner.nextLine();
    words.begin(commandVerb);
  }

  /// Takes all of the running command that is there.
  ///
  /// @param from where to go on reading; before it, from the reader index, are bytes of the same command
  private boolean run(ByteBuf in, Consumer<ByteBuf> out, int from) {
    int at = from;
    int end = withoutLastCr(in, from);
    if (at == end && in.readerIndex() == from) {
      return false;
    }
    boolean whole = false;
    while (!whole && at < end && (state == State.LINE || state == State.LITERAL)) {
      if (state == State.LITERAL) {
        int bytes = (int) Math.min(literalLeft, end - at);
        if (keeping) {
          keep(bytes(in, at, Math.min(bytes, mostToKeep())));
        }
        at += bytes;
        literalLeft -= bytes;
        if (literalLeft == 0) {
          beginLine();
        }
        continue;
      }
      if (lineBytes == MAX_LINE_BYTES) {
        take(in, out, at);
        return overflow();
      }
      int bytes = Math.min(end - at, MAX_LINE_BYTES - lineBytes);
      int lf = in.indexOf(at, at + bytes, (byte) '\n');
      byte[] piece = bytes(in, at, lf < 0 ? bytes : lf + 1 - at);
      look(piece);
      if (keeping) {
        keep(piece);
      }
      lineBytes += piece.length;
      at += piece.length;
      whole = lf >= 0 && endLine();
    }
    take(in, out, at);
    if (state == State.OVERFLOWED) {
      return overflow();
    }
    if (whole) {
      finish();
    }
    return true;
  }

  /// A CR that may end a line goes together with its LF: Dovecot takes the CR for the end, and would answer a line that
  /// is not over for us.
  private static int withoutLastCr(ByteBuf in, int from) {
    int end = in.writerIndex();
    return end > from && in.getByte(end - 1) == '\r' ? end - 1 : end;
  }

  private void look(byte[] piece) {
    for (byte b : piece) {
      if (!scanner.quoted()) {
        words.see(b);
      }
      scanner.process(b);
    }
  }

  /// After LF: whether the command is whole.
  private boolean endLine() {
    if (!scanner.literal() || verb == Verb.DONE) {
      return true;
    }
    if (keeping && verb == Verb.APPEND && fate == Fate.FORWARDED) {
      listener.named(passedOn(arguments()));
      keeping = false;
    }
    literalLeft = scanner.literalBytes();
    if (literalLeft >= LineScanner.ENDLESS) {
      state = State.OVERFLOWED;
      return false;
    }
    if (!scanner.synchronising()) {
      beginLiteral();
      return false;
    }
    if (fate == Fate.FORWARDED) {
      state = State.AWAITING_LITERAL;
      return false;
    }
    if (fate == Fate.COLLECTED && literalLeft <= maxKeptBytes() - keptBytes) {
      listener.literal();
      beginLiteral();
      return false;
    }
    return true;
  }

  private int maxKeptBytes() {
    return fate == Fate.COLLECTED ? MAX_LINE_BYTES : MAX_ARGUMENT_BYTES;
  }

  private void beginLiteral() {
    if (literalLeft == 0) {
      beginLine();
    } else {
      state = State.LITERAL;
    }
  }

  private void beginLine() {
    state = State.LINE;
    scanner.nextLine();
  }

  /// Passes on, or just consumes, everything before `to`.
  private void take(ByteBuf in, Consumer<ByteBuf> out, int to) {
    int bytes = to - in.readerIndex();
    if (fate == Fate.FORWARDED && bytes > 0) {
      out.accept(in.readRetainedSlice(bytes));
    } else {
      in.readerIndex(to);
    }
  }

  private boolean overflow() {
    state = State.OVERFLOWED;
    dropKept();
    listener.overflow();
    return true;
  }

  /// The listener may change the state, so it is set before.
  private void finish() {
    state = fate == Fate.FORWARDED && verb == Verb.IDLE ? State.AWAITING_IDLE : State.START;
    byte[] arguments = arguments();
    boolean tooLong = arguments.length > maxKeptBytes();
    dropKept();
    if (fate == Fate.SWALLOWED) {
      listener.malformed(tag, why);
    } else if (fate == Fate.FORWARDED) {
      listener.forwarded(passedOn(arguments));
    } else if (tooLong) {
      listener.malformed(tag, "Too long");
    } else {
      listener.answer(command(arguments));
    }
  }

  private Command passedOn(byte[] arguments) {
    return command(arguments.length > maxKeptBytes() ? NOTHING : arguments);
  }

  private Command command(byte[] arguments) {
    return new Command(
        tag, verb, arguments, words.mentionsModseq(), words.savesSearch(), words.updatesContext());
  }

  /// What was kept without its final CRLF; longer than allowed if it was too long.
  private byte[] arguments() {
    int length = keptBytes;
    if (length > 0 && kept[length - 1] == '\n') {
      length--;
      length -= length > 0 && kept[length - 1] == '\r' ? 1 : 0;
    }
    if (length == 0 || (verb == Verb.DONE && isDone(length))) {
      return NOTHING;
    }
    return length == kept.length ? kept : Arrays.copyOf(kept, length);
  }

  private boolean isDone(int length) {
    return new String(kept, 0, length, US_ASCII).equalsIgnoreCase("DONE");
  }

  /// At most the bound, a CRLF, and one byte that tells it was too long.
  private int mostToKeep() {
    return maxKeptBytes() + 3 - keptBytes;
  }

  /// @param more nobody else's
  private void keep(byte[] more) {
    int wanted = Math.min(more.length, mostToKeep());
    if (keptBytes == 0 && wanted == more.length) {
      kept = more;
    } else {
      if (keptBytes + wanted > kept.length) {
        kept = Arrays.copyOf(kept, Math.max(keptBytes + wanted, 2 * kept.length));
      }
      System.arraycopy(more, 0, kept, keptBytes, wanted);
    }
    keptBytes += wanted;
  }

  private void dropKept() {
    kept = NOTHING;
    keptBytes = 0;
  }

  /// Where the name from `from` ends; `from` itself if there is none, or it is too long or not one; or [#MORE].
  private static int nameEnd(byte[] line, int from) {
    int end = atomEnd(line, from, MAX_NAME_BYTES);
    if (end == MORE) {
      return MORE;
    }
    boolean ends = end - from <= MAX_NAME_BYTES && (line[end] == ' ' || isLineEnd(line, end));
    return ends ? end : from;
  }

  /// The first byte from `from` on that is none of an atom, or the first beyond `max`; [#MORE] if it is not there yet.
  private static int atomEnd(byte[] line, int from, int max) {
    int limit = Math.min(line.length, from + max + 1);
    for (int i = from; i < limit; i++) {
      if (!Words.isAtomChar(line[i])) {
        return i;
      }
    }
    return limit - from > max ? limit : MORE;
  }

  private static boolean isLineEnd(byte[] line, int at) {
    return at < line.length && (line[at] == '\r' || line[at] == '\n');
  }
}
