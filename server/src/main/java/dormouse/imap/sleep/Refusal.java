package dormouse.imap.sleep;

import dormouse.auth.LoginResult;
import dormouse.imap.backend.ImapString;
import dormouse.imap.backend.Reply;
import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.view.MailboxView;
import dormouse.session.CloseReason;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Why a sleeping session cannot be brought back: the truth cannot be restored, and its client is told so by BYE
/// (HIBERNATION §3.8). What another try may mend is no refusal. Immutable.
///
/// @param bye the text for `* BYE`, with a response code where one fits
record Refusal(CloseReason reason, String bye) {
  static final Refusal INCONSISTENT =
      new Refusal(
          CloseReason.VIEW_INCONSISTENT, "IMAP session state is inconsistent, please relogin.");

  static final Refusal LOGIN =
      new Refusal(CloseReason.LOGIN_REFUSED_AT_WAKE, "[AUTHORIZATIONFAILED] Session ended");

  static final Refusal GONE =
      new Refusal(
          CloseReason.MAILBOX_CHANGED, "IMAP session state is inconsistent, please relogin.");

  /// Its changes have no numbers any more, by which the client knew them, and it is too large to be read and told whole.
  static final Refusal TOO_LARGE =
      new Refusal(CloseReason.MAILBOX_CHANGED, "Mailbox has lost its mod-sequences");

  private static final Refusal VALIDITY =
      new Refusal(CloseReason.MAILBOX_CHANGED, "Mailbox UIDVALIDITY changed");

  /// Codes (RFC 5530) by which a login is refused for good; any other refusal may pass.
  private static final Set<String> FINAL =
      Set.of(
          "AUTHENTICATIONFAILED",
          "AUTHORIZATIONFAILED",
          "EXPIRED",
          "CONTACTADMIN",
          "PRIVACYREQUIRED");

  private static final Set<String> PASSING = Set.of("UNAVAILABLE", "INUSE", "SERVERBUG", "LIMIT");

  /// The refusal in the answer to a login, or null if another try may help.
  static @Nullable Refusal of(LoginResult result) {
    return result instanceof LoginResult.Rejected(String code, _) && FINAL.contains(code)
        ? LOGIN
        : null;
  }

  /// The directory lets the user in no more.
  ///
  /// @param text for the client; may be empty
  static Refusal byDirectory(String text) {
    return new Refusal(
        CloseReason.DIRECTORY_REFUSED_AT_WAKE,
        "[AUTHORIZATIONFAILED] " + (text.isBlank() ? "Session ended" : ImapString.oneLine(text)));
  }

  /// The refusal in a tagged NO or BAD to SELECT or EXAMINE, or null if another try may help.
  static @Nullable Refusal ofSelect(Reply reply) {
    return reply.lost() || PASSING.contains(reply.codeName()) ? null : GONE;
  }

  /// The refusal in what a fresh SELECT or EXAMINE says of the mailbox, or null if it can be the one that was left.
  static @Nullable Refusal ofMailbox(MailboxView before, SelectedMailbox now) {
    if (now.uidValidity() != before.uidValidity()) {
      return VALIDITY;
    }
    return now.uidNext() > 0 && now.uidNext() < before.uidNext() ? INCONSISTENT : null;
  }

  /// The refusal where changes have no numbers, or null if all flags can be told to who knows the numbers of before.
  ///
  /// @param most messages, as `hibernate.plain-max-messages`
  static @Nullable Refusal ofUnnumbered(MailboxView before, SelectedMailbox now, int most) {
    return before.highestModSeq() > 0 && now.exists() > most ? TOO_LARGE : null;
  }
}
