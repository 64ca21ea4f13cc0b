package dormouse.imap.sleep;

import java.time.Instant;

/// The moment at which what was read of a mailbox began to be true: taken before the backend is asked, so that whatever
/// changes meanwhile makes it look too old rather than too young. Immutable.
///
/// @param epoch of the mailbox then ([Epochs])
public record Proof(long epoch, Instant at) {
  /// Of a view that was behind its mailbox from the start.
  static final Proof STALE = new Proof(-1, Instant.EPOCH);
}
