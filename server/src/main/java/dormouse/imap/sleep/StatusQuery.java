package dormouse.imap.sleep;

import dormouse.imap.backend.ImapString;
import dormouse.imap.track.ClientFeatures;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.track.SelectedMailbox;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A STATUS command (RFC 9051 §6.3.11) whose answer may be kept: whoever asks in the same words, and takes mailbox names in
/// the same form, gets the same bytes. Immutable.
///
/// @param mailbox which one, in modified UTF-7 as an IMAP string; as for [Epochs#of]
/// @param items what is asked for, in upper case
/// @param key the arguments as they were sent, and behind a line's end the names, unless they are 0
/// @param names how the client takes mailbox names: 0 in modified UTF-7, 1 in UTF-8, 2 as IMAP4rev2 has them
public record StatusQuery(String mailbox, Set<String> items, String key, int names) {
  static final String MODSEQ = "HIGHESTMODSEQ";

  /// What changes only when the mailbox does, and is the same for all sessions. RECENT is not, and DELETED-STORAGE changes
  /// when files go.
  static final Set<String> KEPT =
      Set.of(
          "MESSAGES",
          "UIDNEXT",
          "UIDVALIDITY",
          "UNSEEN",
          MODSEQ,
          "SIZE",
          "X-SIZE",
          "DELETED",
          "MAILBOXID",
          "X-GUID");

  /// The query in the arguments of a STATUS command, a byte a char, without literals; null if its answer must not be kept.
  public static @Nullable StatusQuery of(String arguments, ClientFeatures features) {
    int open = arguments.lastIndexOf('(');
    String name = open < 2 ? null : ImapString.mailbox(arguments);
    if (name == null || !arguments.endsWith(")") || arguments.charAt(open - 1) != ' ') {
      return null;
    }
    Set<String> items = items(arguments.substring(open + 1, arguments.length() - 1));
    if (StatusItems.endOfName(arguments, 0) != open - 1 || !KEPT.containsAll(items)) {
      return null;
    }
    boolean utf8 = features.utf8();
    String mailbox = Epochs.key(utf8 ? ImapString.inUtf7(name) : name);
    int names = features.names();
    return new StatusQuery(mailbox, items, key(arguments, names), names);
  }

  private static Set<String> items(String list) {
    return Set.copyOf(Arrays.asList(list.toUpperCase(Locale.ROOT).split(" ", -1)));
  }

  /// The arguments as they were sent.
  public String arguments() {
    return names == 0 ? key : key.substring(0, key.indexOf('\n'));
  }

  /// What the queries have in common whose clients get the same bytes.
  static String key(String arguments, int names) {
    return names == 0 ? arguments : arguments + '\n' + names;
  }

  /// Whether it asks of this mailbox.
  public boolean isOf(@Nullable SelectedMailbox other) {
    return other != null && mailbox.equals(Epochs.key(other.nameInUtf7()));
  }

  /// Whether the client must have CONDSTORE on once it is answered (RFC 7162 §3.1).
  public boolean asksForModSeq() {
    return items.contains(MODSEQ);
  }

  /// Whether an untagged STATUS response answers it: this mailbox, and just what was asked for.
  public boolean isAnsweredBy(ResponseLine line) {
    String data = line.data();
    int open = StatusItems.openIn(data, 0);
    String name = ImapString.mailbox(data);
    if (name == null) {
      return false;
    }
    String inUtf7 = names > 0 ? ImapString.inUtf7(name) : name;
    return Epochs.key(inUtf7).equals(mailbox)
        && StatusItems.parse(data.substring(open)).keySet().equals(items);
  }
}
