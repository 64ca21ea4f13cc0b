package dormouse.imap.view;

import org.jspecify.annotations.Nullable;

/// What a client knows of the mailbox it has selected: all that is kept of it while the client sleeps.
///
/// Two views that are equal need nothing said between them. Immutable.
///
/// @param uidValidity never 0: a mailbox without one cannot be recognised again (RFC 9051 §2.3.1.1)
/// @param uidNext as last told; 0 if never
/// @param highestModSeq every change up to this one was told (RFC 7162 §3.1.2.1); 0 if the backend counts none
/// @param uids the messages by number
/// @param flags their flags; null where `highestModSeq` does that work
public record MailboxView(
    long uidValidity, long uidNext, long highestModSeq, UidSet uids, @Nullable FlagMap flags) {

  private static final int OBJECT_BYTES = 48;

  /// Bytes of heap the view takes with all it holds; what other sessions share with it is counted.
  public int keptBytes() {
    return OBJECT_BYTES + uids.keptBytes() + (flags == null ? 0 : flags.keptBytes());
  }
}
