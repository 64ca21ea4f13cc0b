package dormouse.feed;

import org.jspecify.annotations.Nullable;

/// What an event says, once it is read.
sealed interface Heard {
  /// A mailbox may have changed.
  ///
  /// @param mailbox its name as people write it; null: it may be any of the user's
  record Changed(String user, @Nullable String mailbox) implements Heard {}

  /// An event of another sort.
  record Nothing() implements Heard {}

  /// No event.
  ///
  /// @param why for whoever sent it
  record Malformed(String why) implements Heard {}
}
