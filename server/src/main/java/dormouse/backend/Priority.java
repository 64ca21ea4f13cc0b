package dormouse.backend;

import java.util.Locale;

/// For whom a backend is entered; the earlier goes first at its [Gate].
public enum Priority {
  /// A client waits: for its login, or for the answer to a command.
  CLIENT,
  /// A mailbox is to be looked at, for something may have changed in it.
  SYNC,
  /// A client waits for its login, but logins of its user or its address have failed lately, or nobody knows yet what comes of them.
  DOUBTED,
  /// A mailbox is to be looked at because nothing was heard of it.
  SWEEP;

  /// As metrics say it.
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
