package dormouse.imap.backend;

/// How a backend numbers changes (RFC 7162): with mod-sequences, or not at all.
public enum ChangeTracking {
  QRESYNC,
  CONDSTORE,
  /// No mod-sequences: what changed is found by comparing the flags of all messages.
  NONE;

  public boolean modSequences() {
    return this != NONE;
  }
}
