package dormouse.imap.sleep;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// When each mailbox of a user may last have changed, as a count: by the word of a feed, or because a session of the user
/// wrote. Whoever notes the epoch before it asks the backend knows later whether the answer may have aged: it may not have
/// as long as the epoch is the same and the feeds are reliable ([Changes#heard]).
///
/// Lives on the user's event loop.
public final class Epochs {
  private static final int MAX_MAILBOXES = 1000;
  private static final String INBOX = "\"INBOX";

  private Map<String, Long> mailboxes =
      Map.of(); // a map of its own once there is more than nothing
  private long any; // of those that are not in the map
  private long last;

  /// The epoch of a mailbox: never the same again once it may have changed.
  ///
  /// @param mailbox in modified UTF-7 as an IMAP string (`ImapString#mailbox`)
  public long of(String mailbox) {
    return mailboxes.isEmpty() ? any : Math.max(any, mailboxes.getOrDefault(key(mailbox), 0L));
  }

  /// The epoch of all mailboxes together.
  long last() {
    return last;
  }

  /// The mailbox may have changed.
  ///
  /// @param mailbox null: it may be any
  void next(@Nullable String mailbox) {
    last++;
    if (mailbox == null || mailboxes.size() >= MAX_MAILBOXES) {
      mailboxes = Map.of();
      any = last;
      return;
    }
    if (mailboxes.isEmpty()) {
      mailboxes = new HashMap<>(4);
    }
    mailboxes.put(key(mailbox), last);
  }

  void fold(FoldWriter out) {
    out.number(any);
    out.number(last);
    out.number(mailboxes.size());
    mailboxes.forEach((mailbox, epoch) -> {
      out.text(mailbox);
      out.number(epoch);
    });
  }

  void unfold(FoldReader in) {
    any = in.number();
    last = in.number();
    int count = (int) in.number();
    if (count > 0) {
      mailboxes = new HashMap<>(4);
    }
    for (int i = 0; i < count; i++) {
      mailboxes.put(in.text(), in.number());
    }
  }

  /// The one name of a mailbox: `INBOX` is the same in any case (RFC 9051 §5.1), also in the names below it.
  static String key(String mailbox) {
    boolean below =
        mailbox.regionMatches(true, 0, INBOX, 0, INBOX.length())
            && mailbox.length() > INBOX.length()
            && !Character.isLetterOrDigit(mailbox.charAt(INBOX.length()));
    return below ? INBOX + mailbox.substring(INBOX.length()) : mailbox;
  }
}
