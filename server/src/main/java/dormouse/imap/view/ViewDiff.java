package dormouse.imap.view;

import static dormouse.imap.view.Ascii.number;
import static dormouse.imap.view.Ascii.text;

import io.netty.buffer.ByteBuf;

/// What to tell a client whose mailbox went from one set of messages to another: what is gone, and how many there are now.
///
/// The order is that of an ordinary server: first what is gone, highest number first, so that no line moves the number of the
/// next; then the new count (RFC 9051 §7.5.1, §7.4.1). Flags come after it and are in the new numbering. Immutable.
public final class ViewDiff {
  private final UidSet before;
  private final UidSet after;
  private final UidSet gone;
  private final UidSet added;

  private ViewDiff(UidSet before, UidSet after, UidSet gone, UidSet added) {
    this.before = before;
    this.after = after;
    this.gone = gone;
    this.added = added;
  }

  /// The way from what the client knows to what there is; linear in the ranges of both.
  public static ViewDiff between(UidSet before, UidSet after) {
    if (before.equals(after)) {
      return new ViewDiff(before, after, UidSet.EMPTY, UidSet.EMPTY);
    }
    return new ViewDiff(before, after, before.minus(after), after.minus(before));
  }

  /// The messages the client knows and that are no more.
  public UidSet gone() {
    return gone;
  }

  /// The messages the client does not know yet.
  public UidSet added() {
    return added;
  }

  /// Whether there is nothing to tell.
  public boolean isEmpty() {
    return gone.isEmpty() && added.isEmpty();
  }

  /// Whether there are messages the client does not know yet, so that EXISTS must be told.
  public boolean grew() {
    return !added.isEmpty();
  }

  /// Whether this can have happened to one mailbox: a new message has a UID above all before (RFC 9051 §2.3.1.1). If not, the
  /// client's numbers cannot be brought up to date, and the session ends.
  public boolean consistent() {
    return added.isEmpty() || added.first() > before.last();
  }

  /// Writes the lines that tell the messages gone and the new count.
  ///
  /// @param qresync whether the client enabled QRESYNC: one `VANISHED` in place of the `EXPUNGE` lines (RFC 7162 §3.2.10)
  /// @param recent what to tell as RECENT after an EXISTS; below 0 to leave it out, as IMAP4rev2 wants
  public void write(ByteBuf out, boolean qresync, long recent) {
    if (qresync) {
      writeVanished(out);
    } else {
      writeExpunges(out);
    }
    if (!grew()) {
      return;
    }
    writeCount(out, after.size(), " EXISTS\r\n");
    if (recent >= 0) {
      writeCount(out, recent, " RECENT\r\n");
    }
  }

  /// Writes the FETCH line that tells the flags of one message, item for item as Dovecot does.
  ///
  /// @param seq its number once the messages gone are told
  /// @param flags without parentheses
  /// @param modseq left out if it is not above 0
  public static void writeFetch(
      ByteBuf out, long seq, long uid, String flags, long modseq, Told told) {
    text(out, "* ");
    number(out, seq);
    text(out, " FETCH (");
    if (told == Told.QRESYNC) {
      text(out, "UID ");
      number(out, uid);
      text(out, " ");
    }
    if (told != Told.PLAIN && modseq > 0) {
      text(out, "MODSEQ (");
      number(out, modseq);
      text(out, ") ");
    }
    text(out, "FLAGS (");
    text(out, flags);
    text(out, "))\r\n");
  }

  private void writeVanished(ByteBuf out) {
    if (gone.isEmpty()) {
      return;
    }
    text(out, "* VANISHED ");
    boolean more = false;
    var ranges = gone.ranges();
    while (ranges.next()) {
      if (more) {
        out.writeByte(',');
      }
      number(out, ranges.first());
      if (ranges.last() > ranges.first()) {
        out.writeByte(':');
        number(out, ranges.last());
      }
      more = true;
    }
    text(out, "\r\n");
  }

  private void writeExpunges(ByteBuf out) {
    var runs = new long[gone.rangeCount() * 2];
    int end = 0;
    var numbers = new SequenceCursor(before);
    var ranges = gone.ranges();
    while (ranges.next()) {
      int first = numbers.seqOf(ranges.first());
      runs[end++] = first;
      runs[end++] = first + ranges.length() - 1;
    }
    while (end > 0) {
      long last = runs[--end];
      long first = runs[--end];
      for (long seq = last; seq >= first; seq--) {
        writeCount(out, seq, " EXPUNGE\r\n");
      }
    }
  }

  private static void writeCount(ByteBuf out, long count, String what) {
    text(out, "* ");
    number(out, count);
    text(out, what);
  }
}
