package dormouse.imap.sleep;

/// Why a quiet session keeps its backend connection. The label is the same in metrics, logs and docs.
public enum StayReason {
  /// `hibernate.enabled` is off.
  SWITCHED_OFF("switched-off"),
  /// `hibernate.keep-password` is off, and there is no other way to log in again.
  PASSWORD_NOT_KEPT("password-not-kept"),
  /// The client's NOTIFY set (RFC 5465) asks for news of mailboxes that are not selected.
  NOTIFY_MAILBOXES("notify-mailboxes"),
  /// The client's NOTIFY set asks to see something of each new message.
  NOTIFY_FETCH("notify-fetch"),
  /// The client's NOTIFY set asks for less than all that happens in the selected mailbox.
  NOTIFY_EVENTS("notify-events"),
  /// The client has live search results (RFC 5267).
  SEARCH_CONTEXT("search-context"),
  /// The search result that the client has saved in `$` (RFC 5182) is too scattered to be saved again.
  SEARCH_SAVED("search-saved"),
  /// The client has enabled UIDONLY (RFC 9586): it understands nothing that tells a message by its number.
  UID_ONLY("uid-only"),
  /// The client used a command that Dormouse does not know, which may have changed the session.
  UNKNOWN_COMMAND("unknown-command"),
  /// The client has not read all that was sent to it.
  SLOW_READER("slow-reader"),
  /// The mailbox has UIDVALIDITY 0 or `[UIDNOTSTICKY]`: its UIDs name nothing for long.
  NO_STABLE_UIDS("no-stable-uids"),
  /// The backend numbers changes, but not in this mailbox (`[NOMODSEQ]`).
  NO_MODSEQ("no-modseq"),
  /// The mailbox has more messages than `hibernate.plain-max-messages`, on a backend without CONDSTORE.
  MAILBOX_TOO_LARGE("mailbox-too-large"),
  /// The UIDs of the mailbox, or of what the session alone has in it, take more than `hibernate.uid-set-max-bytes`.
  UID_SET_TOO_LARGE("uid-set-too-large"),
  /// What would be kept of the session takes more than `hibernate.kept-per-session-bytes`.
  KEPT_PER_SESSION("kept-per-session"),
  /// What is kept of the user's sleeping sessions leaves no room within `hibernate.kept-per-user-bytes`.
  KEPT_PER_USER("kept-per-user"),
  /// What is kept of all sleeping sessions leaves no room within `hibernate.kept-heap-percent`.
  KEPT_HEAP("kept-heap"),
  /// The mailbox changed faster than it could be read, or the backend's answers do not agree.
  SNAPSHOT_UNSETTLED("snapshot-unsettled"),
  /// The client spoke while its mailbox was being read.
  CLIENT_SPOKE("client-spoke");

  private final String label;

  StayReason(String label) {
    this.label = label;
  }

  public String label() {
    return label;
  }
}
