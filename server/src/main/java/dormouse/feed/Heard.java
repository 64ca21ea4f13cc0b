package dormouse.feed;

import org.jspecify.annotations.Nullable;

/// What an event says, once it is read.
sealed interface Heard {
  /// A mailbox may have changed.
  ///
  /// @param mailbox its name as people write it; null: it may be any of the user's
  /// @param session the backend's name for the session that changed it, if a command of its client did; else null
  record Changed(String user, @Nullable String mailbox, @Nullable String session) implements Heard {
    Changed(String user, @Nullable String mailbox) {
      this(user, mailbox, null);
    }
  }

  /// An event of another sort.
  record Nothing() implements Heard {}

  /// No event.
  ///
  /// @param why for whoever sent it
  record Malformed(String why) implements Heard {}
}
