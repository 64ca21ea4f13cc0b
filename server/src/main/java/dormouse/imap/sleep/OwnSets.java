package dormouse.imap.sleep;

import dormouse.imap.backend.BackendConnection;
import dormouse.imap.backend.Reply;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.view.UidSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/// Messages that mean something in one session only, and are forgotten with its connection. Immutable.
///
/// @param saved the search result in `$` (RFC 5182)
public record OwnSets(UidSet saved) {
  static final OwnSets NONE = new OwnSets(UidSet.EMPTY);

  /// How long the search that saves `$` again may be: servers take lines of 8,000 bytes (RFC 7162 §4).
  private static final int MAX_SET_CHARS = 7_900;

  /// Which of them the session may have.
  public record Wanted(boolean saved) {
    boolean nothing() {
      return !saved;
    }
  }

  /// What came of asking for them.
  ///
  /// @param sets nothing where the reply is not OK
  record Answer(Reply reply, OwnSets sets) {}

  /// Asks the connection on which the session has been so far.
  ///
  /// @param untagged hears every other response, in order
  static CompletableFuture<Answer> read(
      BackendConnection connection, Wanted wanted, Consumer<ResponseLine> untagged) {
    if (wanted.nothing()) {
      return CompletableFuture.completedFuture(new Answer(new Reply(Reply.Status.OK, null), NONE));
    }
    UidSearch search = new UidSearch(untagged);
    return search
        .run(connection, "UID SEARCH RETURN (ALL) $")
        .thenApply(reply -> new Answer(reply, new OwnSets(search.found())));
  }

  /// Whether they can be had again on another connection.
  boolean restorable() {
    return saved.toString().length() <= MAX_SET_CHARS;
  }

  /// The command that saves `$` again: a fresh SELECT empties it.
  String save() {
    return "UID SEARCH RETURN (SAVE) UID " + saved;
  }

  int keptBytes() {
    return saved.keptBytes();
  }
}
