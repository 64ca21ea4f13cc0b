package dormouse.imap.view;

/// How much a client wants to hear of a change, by what it has enabled (RFC 7162 §3.1, §3.2).
public enum Told {
  /// Flags, and EXPUNGE with message numbers.
  PLAIN,
  /// The same, and the MODSEQ of each change.
  CONDSTORE,
  /// VANISHED with UIDs for EXPUNGE, and the UID and MODSEQ of each change.
  QRESYNC
}
