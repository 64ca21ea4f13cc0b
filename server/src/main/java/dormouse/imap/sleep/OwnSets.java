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
/// @param recent the messages that are `\Recent` to this client, because its connection was the first to be told of them
public record OwnSets(UidSet saved, UidSet recent) {
  public static final OwnSets NONE = new OwnSets(UidSet.EMPTY, UidSet.EMPTY);
  static final String SEARCH_RECENT = "UID SEARCH RECENT";

  /// How long the search that saves `$` again may be: servers take lines of 8,000 bytes (RFC 7162 §4).
  private static final int MAX_SET_CHARS = 7_900;

  /// Which of them the session may have.
  ///
  /// @param recent whether there are messages `\Recent` to the connection
  /// @param kept those that were so to earlier connections of the session
  public record Wanted(boolean saved, boolean recent, UidSet kept) {
    Wanted recentToo(boolean too) {
      return new Wanted(saved, recent || too, kept);
    }
  }

  /// What came of asking for them.
  record Answer(Reply reply, OwnSets sets) {}

  /// Asks the connection on which the session has been so far.
  ///
  /// @param untagged hears every other response, in order
  static CompletableFuture<Answer> read(
      BackendConnection connection, Wanted wanted, Consumer<ResponseLine> untagged) {
    UidSearch saved = new UidSearch(untagged);
    UidSearch recent = new UidSearch(untagged);
    return run(connection, wanted.saved(), saved, "UID SEARCH RETURN (ALL) $")
        .thenCompose(reply ->
            reply.ok()
                ? run(connection, wanted.recent(), recent, SEARCH_RECENT)
                : CompletableFuture.completedFuture(reply))
        .thenApply(reply -> {
          UidSet all = wanted.kept().union(recent.found());
          return new Answer(
              reply,
              saved.found().isEmpty() && all.isEmpty() ? NONE : new OwnSets(saved.found(), all));
        });
  }

  private static CompletableFuture<Reply> run(
      BackendConnection connection, boolean needed, UidSearch search, String command) {
    return needed
        ? search.run(connection, command)
        : CompletableFuture.completedFuture(new Reply(Reply.Status.OK, null));
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
    return saved.keptBytes() + recent.keptBytes();
  }
}
