package dormouse.imap.view;

/// How much a client wants to hear of a change, by what it has enabled (RFC 7162 §3.1, §3.2).
public enum Told {
  /// Flags, and EXPUNGE with message numbers.
  PLAIN,
  /// The same, and the MODSEQ of each change.
  CONDSTORE,
  /// VANISHED with UIDs for EXPUNGE, and the UID and MODSEQ of each change.
  QRESYNC;

  /// What to FETCH of messages whose flags are to be told so.
  ///
  /// @param numbered whether changes have mod-sequences in the mailbox, which must not be asked for else (RFC 7162 §3.1.2.2)
  public String flagItems(boolean numbered) {
    return this == PLAIN || !numbered ? "(UID FLAGS)" : "(UID FLAGS MODSEQ)";
  }
}
