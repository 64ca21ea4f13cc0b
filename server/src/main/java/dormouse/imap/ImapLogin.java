package dormouse.imap;

import dormouse.directory.Attempt;

/// Decides on a try of an IMAP client to log in.
public interface ImapLogin {
  /// Called on the client's loop. Until the answer the dialogue reads nothing more from the client, and runs no timer.
  ///
  /// The answer is one of three, now or later, on the loop that the channel is on by then: [ImapDialogue#refuse],
  /// [ImapDialogue#release], or the channel is closed.
  ///
  /// @param tag of the client's LOGIN or AUTHENTICATE
  /// @param attempt its proof is the login's own from now on, to wipe
  void attempt(ImapDialogue dialogue, String tag, Attempt attempt);
}
