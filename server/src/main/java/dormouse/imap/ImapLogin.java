package dormouse.imap;

import dormouse.auth.Credentials;

/// Decides on credentials that an IMAP client presented.
public interface ImapLogin {
  /// Called on the client's loop. Until the answer the dialogue reads nothing more from the client, and runs no timer.
  ///
  /// The answer is one of three, now or later, on the loop that the channel is on by then: [ImapDialogue#refuse],
  /// [ImapDialogue#release], or the channel is closed.
  ///
  /// @param tag of the client's LOGIN or AUTHENTICATE
  /// @param credentials the login's own from now on; it wipes them when it accepts, a refusal wipes them itself
  void attempt(ImapDialogue dialogue, String tag, Credentials credentials);
}
