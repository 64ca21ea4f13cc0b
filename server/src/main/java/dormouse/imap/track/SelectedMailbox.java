package dormouse.imap.track;

/// What one side has been told of the mailbox it has selected: counts, validity, flags. Learned from responses as they
/// pass; UIDs are not kept while a backend is attached.
///
/// Lives on its session's event loop.
public final class SelectedMailbox {
  private final String name;
  private final String nameInUtf7;
  private final boolean examine;
  private long exists;
  private int moves;
  private int fetches;
  private long recent;
  private long uidValidity;
  private long uidNext;
  private long highestModSeq;
  private boolean noModSeq;
  private boolean uidNotSticky;
  private String flags = "";
  private String permanentFlags = "";

  /// @param name the mailbox as an IMAP astring, ready to be sent again; one char a byte
  /// @param examine whether it was opened by EXAMINE
  public SelectedMailbox(String name, boolean examine) {
    this(name, name, examine);
  }

  /// @param nameInUtf7 the same mailbox for a connection that does not speak UTF-8
  public SelectedMailbox(String name, String nameInUtf7, boolean examine) {
    this.name = name;
    this.nameInUtf7 = nameInUtf7;
    this.examine = examine;
  }

  /// What many sessions may have in common. Immutable.
  public record Rest(
      String name,
      String nameInUtf7,
      boolean examine,
      boolean noModSeq,
      boolean uidNotSticky,
      String flags,
      String permanentFlags) {}

  /// What [#rest] and the numbers have kept.
  public SelectedMailbox(
      Rest rest, long exists, long recent, long uidValidity, long uidNext, long highestModSeq) {
    this(rest.name(), rest.nameInUtf7(), rest.examine());
    this.noModSeq = rest.noModSeq();
    this.uidNotSticky = rest.uidNotSticky();
    this.flags = rest.flags();
    this.permanentFlags = rest.permanentFlags();
    this.exists = exists;
    this.recent = recent;
    this.uidValidity = uidValidity;
    this.uidNext = uidNext;
    this.highestModSeq = highestModSeq;
  }

  public Rest rest() {
    return new Rest(name, nameInUtf7, examine, noModSeq, uidNotSticky, flags, permanentFlags);
  }

  /// Takes a response in; returns whether it told of a change in the number of messages.
  public boolean hear(ResponseLine line) {
    switch (line.kind()) {
      case EXISTS -> {
        exists = line.number();
        moves++;
        return true;
      }
      case EXPUNGE -> {
        exists--;
        moves++;
        return true;
      }
      case VANISHED -> {
        String data = line.data();
        if (data.startsWith("(")) { // (EARLIER): expunged before the mailbox was opened
          return false;
        }
        var gone = dormouse.imap.view.UidSet.parse(data.trim());
        vanished(gone == null ? 0 : gone.size());
        return true;
      }
      case RECENT -> recent = line.number();
      case FLAGS -> flags = inParentheses(line.data());
      case OK, NO -> code(line); // UIDNOTSTICKY comes with NO (RFC 4315 §2)
      default -> {}
    }
    return false;
  }

  /// A VANISHED response without (EARLIER) has passed.
  public void vanished(long count) {
    exists -= count;
    moves++;
  }

  private void code(ResponseLine line) {
    String arguments = line.codeArguments();
    switch (line.codeName()) {
      case "UIDVALIDITY" -> uidValidity = number(arguments);
      case "UIDNEXT" -> uidNext = number(arguments);
      case "HIGHESTMODSEQ" -> highestModSeq = number(arguments);
      case "NOMODSEQ" -> noModSeq = true;
      case "UIDNOTSTICKY" -> uidNotSticky = true;
      case "PERMANENTFLAGS" -> permanentFlags = inParentheses(arguments);
      default -> {}
    }
  }

  private static long number(String digits) {
    try {
      return Long.parseUnsignedLong(digits.trim());
    } catch (NumberFormatException _) {
      return 0;
    }
  }

  private static String inParentheses(String list) {
    String trimmed = list.trim();
    return trimmed.startsWith("(") && trimmed.endsWith(")")
        ? trimmed.substring(1, trimmed.length() - 1)
        : trimmed;
  }

  public String name() {
    return name;
  }

  /// As the mailbox is named on a connection with neither UTF8=ACCEPT (RFC 6855) nor IMAP4rev2 on.
  public String nameInUtf7() {
    return nameInUtf7;
  }

  public boolean examine() {
    return examine;
  }

  public long exists() {
    return exists;
  }

  /// The client has been brought to a view of so many messages.
  public void exists(long count) {
    exists = count;
  }

  /// A FETCH response has passed, which may have told of flags, or a STORE has ended, which may have changed some in silence.
  public void fetched() {
    fetches++;
  }

  /// How often that was; only differences count.
  public int fetches() {
    return fetches;
  }

  /// How often messages have come or gone; only differences count.
  public int moves() {
    return moves;
  }

  public long recent() {
    return recent;
  }

  public long uidValidity() {
    return uidValidity;
  }

  public long uidNext() {
    return uidNext;
  }

  /// 0 when the backend has told none.
  public long highestModSeq() {
    return highestModSeq;
  }

  public boolean noModSeq() {
    return noModSeq;
  }

  public boolean uidNotSticky() {
    return uidNotSticky;
  }

  /// The flags told by `* FLAGS (…)`, without the parentheses.
  public String flags() {
    return flags;
  }

  /// The flags told by `[PERMANENTFLAGS (…)]`, without the parentheses.
  public String permanentFlags() {
    return permanentFlags;
  }

  /// The client has been told new flag lists.
  public void flags(String flags, String permanentFlags) {
    this.flags = flags;
    this.permanentFlags = permanentFlags;
  }
}
