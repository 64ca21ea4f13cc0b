package dormouse.imap.track;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBuf;

/// Takes `MODSEQ (n)` out of one FETCH response while it passes, for clients that never asked for mod-sequences, and puts
/// `\Recent` in, behind the system flags, where the backend has forgotten that the message is.
///
/// The backend adds it because *we* asked (RFC 7162 §3.2). Of `* 3 FETCH (…)` the item goes with one space beside it. A
/// response that told nothing else is dropped whole; so is one left with only its UID, unless the client runs a FETCH
/// or STORE. Items are walked at the outer parentheses only: a value, a section (`BODY[HEADER.FIELDS (MODSEQ)]`), a
/// string or a literal passes unread.
///
/// Strictly streaming: what is pending is the head, a UID, and the name of an item as long as it may become one of
/// those two. A line that is not as RFC 9051 §7.5.2 has it passes raw from there on.
///
/// Lives on its session's event loop. Used for one line after another: [#begin], [#head], then [#read] until [#done].
final class FetchFilter {
  private static final byte[] MODSEQ = "MODSEQ".getBytes(US_ASCII);
  private static final byte[] UID = "UID".getBytes(US_ASCII);
  private static final byte[] FLAGS = "FLAGS".getBytes(US_ASCII);
  private static final byte[] CRLF = "\r\n".getBytes(US_ASCII);
  private static final int MAX_UID_DIGITS = 10;
  private static final int MAX_PENDING_BYTES =
      ResponseHead.MAX_BYTES + " (UID ".length() + MAX_UID_DIGITS + " MODSEQ".length() + 8;

  /// Where in the line we are.
  private enum At {
    SPACE,
    OPEN,
    ITEM,
    NAME,
    VALUE,
    CLOSED,
    RAW
  }

  /// What becomes of the bytes we are at.
  private enum Fate {
    PENDING,
    KEPT,
    DROPPED
  }

  private final LineScanner scanner = new LineScanner(false);
  private final byte[] pending = new byte[MAX_PENDING_BYTES];
  private int pendingBytes;
  private int pendingItem;
  private boolean fetching;
  private boolean done;
  private At at = At.SPACE;
  private Fate fate = Fate.PENDING;
  private int keptFrom;
  private long literalLeft;
  private boolean removed;
  private boolean keptUid;
  private boolean keptOther;
  private int nameBytes;
  private boolean maybeModseq;
  private boolean maybeUid;
  private boolean hiding;
  private boolean recent; // and the flags have not come yet
  private boolean maybeFlags;
  private boolean flagsValue;
  private byte before;
  private boolean uidValue;
  private boolean valueBegun;
  private int brackets;
  private int depth;

  /// @param hideModseq whether MODSEQ goes
  /// @param keepUid whether a line left with only its UID is kept
  /// @param isRecent whether the message is `\Recent` for the client
  void begin(boolean hideModseq, boolean keepUid, boolean isRecent) {
    hiding = hideModseq;
    recent = isRecent;
    flagsValue = false;
    fetching = keepUid;
    scanner.nextLine();
    pendingBytes = 0;
    done = false;
    at = At.SPACE;
    fate = Fate.PENDING;
    literalLeft = 0;
    removed = false;
    keptUid = false;
    keptOther = false;
    uidValue = false;
  }

  /// The next byte of the line up to FETCH.
  void head(byte b) {
    pending[pendingBytes++] = b;
  }

  /// Whether the line has ended.
  boolean done() {
    return done;
  }

  /// Reads on, to the end of the line at most.
  ///
  /// @return where the next byte to read is
  int read(ByteBuf in, int from, Outgoing out) {
    int end = in.writerIndex();
    int i = from;
    keptFrom = from;
    while (i < end && !done) {
      if (literalLeft > 0) {
        int bytes = (int) Math.min(literalLeft, end - i);
        literalLeft -= bytes;
        i += bytes;
        continue;
      }
      byte b = in.getByte(i);
      boolean quoted = scanner.quoted();
      if (scanner.process(b)) {
        see(b, quoted || scanner.quoted(), in, i, out);
      } else if (scanner.literal()) {
        literalLeft = scanner.literalBytes();
        scanner.nextLine();
      } else {
        finish(in, i + 1, out);
      }
      i++;
    }
    if (fate == Fate.KEPT && !done) {
      out.copy(in, keptFrom, i);
    }
    return i;
  }

  private void see(byte b, boolean quoted, ByteBuf in, int i, Outgoing out) {
    switch (at) {
      case SPACE -> expect(' ', At.OPEN, b, in, i, out);
      case OPEN -> expect('(', At.ITEM, b, in, i, out);
      case ITEM -> item(b, in, i, out);
      case NAME -> name(b, quoted, in, i, out);
      case VALUE -> value(b, quoted, in, i, out);
      case CLOSED -> expect('\r', At.CLOSED, b, in, i, out);
      case RAW -> {}
    }
  }

  private void expect(char wanted, At next, byte b, ByteBuf in, int i, Outgoing out) {
    if (b == wanted && pendingBytes < pending.length) {
      pending[pendingBytes++] = b;
      pendingItem = pendingBytes;
      at = next;
      return;
    }
    keep(in, i, out);
    at = At.RAW;
  }

  private void item(byte b, ByteBuf in, int i, Outgoing out) {
    if (b == ')') {
      close(in, i, out);
      return;
    }
    if (b == ' ' || b == '(' || b == '\r') {
      keep(in, i, out);
      at = At.RAW;
      return;
    }
    at = At.NAME;
    nameBytes = 0;
    maybeModseq = hiding;
    maybeFlags = recent;
    maybeUid = !keptUid;
    brackets = 0;
    name(b, false, in, i, out);
  }

  private void name(byte b, boolean quoted, ByteBuf in, int i, Outgoing out) {
    if (quoted) {
      keepOther(in, i, out);
      return;
    }
    if (brackets == 0 && (b == ' ' || b == '(' || b == ')')) {
      endName(b, in, i, out);
      return;
    }
    maybeModseq &= continues(MODSEQ, b);
    maybeUid &= continues(UID, b);
    maybeFlags &= continues(FLAGS, b);
    nameBytes++;
    if (maybeModseq || maybeUid) {
      pending[pendingBytes++] = b;
      return;
    }
    keepOther(in, i, out);
    if (b == '[') {
      brackets++;
    } else if (b == ']') {
      brackets = Math.max(0, brackets - 1);
    }
  }

  private void endName(byte b, ByteBuf in, int i, Outgoing out) {
    at = At.VALUE;
    depth = 0;
    valueBegun = false;
    uidValue = b == ' ' && maybeUid && nameBytes == UID.length;
    flagsValue = b == ' ' && maybeFlags && nameBytes == FLAGS.length;
    if (b == ' ' && maybeModseq && nameBytes == MODSEQ.length) {
      pendingBytes = pendingItem;
      fate = Fate.DROPPED;
      removed = true;
    } else if (uidValue) {
      pending[pendingBytes++] = b;
    } else {
      keepOther(in, i, out);
      if (b != ' ') {
        value(b, false, in, i, out);
      }
    }
  }

  private void value(byte b, boolean quoted, ByteBuf in, int i, Outgoing out) {
    if (!quoted && depth == 0 && (b == ')' || (b == ' ' && valueBegun))) {
      keptUid |= uidValue;
      uidValue = false;
      if (b == ')') {
        close(in, i, out);
      } else {
        separate(in, i, out);
      }
      return;
    }
    valueBegun |= b != ' ';
    if (uidValue) {
      uidByte(b, in, i, out);
    } else if (flagsValue) {
      flagsByte(b, in, i, out);
    }
    if (!quoted && b == '(') {
      depth++;
    } else if (!quoted && b == ')') {
      depth--;
    }
  }

  /// A UID that is none is kept at once, like any other item.
  private void uidByte(byte b, ByteBuf in, int i, Outgoing out) {
    if (b >= '0' && b <= '9' && pendingBytes < pending.length - " MODSEQ)\r".length()) {
      pending[pendingBytes++] = b;
      return;
    }
    uidValue = false;
    keepOther(in, i, out);
  }

  /// Puts `\Recent` before the first flag that is none of the system, or behind the last, unless it is there.
  private void flagsByte(byte b, ByteBuf in, int i, Outgoing out) {
    boolean begins = before == '(' || before == ' ';
    boolean isThere = before == '\\' && (b == 'R' || b == 'r');
    if (isThere || (depth == 0 && b != '(' && b != ' ')) {
      flagsValue = false;
    } else if (depth == 1 && b == ')') {
      insert(begins ? "\\Recent" : " \\Recent", in, i, out);
    } else if (depth == 1 && begins && b != '\\' && b != ' ') {
      insert("\\Recent ", in, i, out);
    }
    before = b;
  }

  private void insert(String flag, ByteBuf in, int i, Outgoing out) {
    out.copy(in, keptFrom, i);
    out.copy(in, flag.getBytes(US_ASCII), flag.length());
    keptFrom = i;
    flagsValue = false;
    recent = false;
  }

  /// Between two items. The space is pending, as it goes with the next item if that goes, and there is none before the
  /// first that is kept.
  private void separate(ByteBuf in, int i, Outgoing out) {
    suspend(in, i, out);
    pendingItem = pendingBytes;
    if (keptUid || keptOther) {
      pending[pendingBytes++] = ' ';
    }
    at = At.ITEM;
  }

  private void close(ByteBuf in, int i, Outgoing out) {
    suspend(in, i, out);
    pending[pendingBytes++] = ')';
    at = At.CLOSED;
  }

  private void finish(ByteBuf in, int next, Outgoing out) {
    done = true;
    if (fate == Fate.KEPT) {
      out.copy(in, keptFrom, next);
      return;
    }
    if (removed && !keptOther && !(keptUid && fetching)) {
      return;
    }
    out.copy(in, pending, pendingBytes);
    if (fate == Fate.DROPPED) {
      out.copy(in, CRLF, CRLF.length);
    } else {
      out.copy(in, next - 1, next);
    }
  }

  private void keepOther(ByteBuf in, int i, Outgoing out) {
    keptOther = true;
    keep(in, i, out);
  }

  /// What is pending goes out, and all from the byte at `i` on.
  private void keep(ByteBuf in, int i, Outgoing out) {
    if (fate == Fate.KEPT) {
      return;
    }
    out.copy(in, pending, pendingBytes);
    pendingBytes = 0;
    fate = Fate.KEPT;
    keptFrom = i;
  }

  /// From the byte at `i` on bytes are pending again.
  private void suspend(ByteBuf in, int i, Outgoing out) {
    if (fate == Fate.KEPT) {
      out.copy(in, keptFrom, i);
    }
    fate = Fate.PENDING;
  }

  private boolean continues(byte[] word, byte b) {
    return nameBytes < word.length && word[nameBytes] == (b & ~0x20);
  }
}
