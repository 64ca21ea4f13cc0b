package dormouse.imap.sleep;

/// How a STATUS command, or a SELECT in sleep, was answered: without the backend, or why by it. The label is the same in metrics and docs.
public enum StatusOutcome {
  /// From what was kept.
  CACHED("cached"),
  /// Nobody has asked this in these words yet, or it was forgotten for want of room.
  UNKNOWN("unknown"),
  /// The mailbox may have changed since.
  CHANGED("changed"),
  /// A command of one of the user's sessions is just changing it.
  OWN_WRITE("own-write"),
  /// The answer is older than `hibernate.proof-max`.
  EXPIRED("expired"),
  /// No feed tells of this mailbox.
  UNHEARD("unheard"),
  /// It is the mailbox that the client has selected, or asks for what is not kept, or cannot sleep with it.
  NOT_KEPT("not-kept");

  private final String label;

  StatusOutcome(String label) {
    this.label = label;
  }

  public String label() {
    return label;
  }
}
