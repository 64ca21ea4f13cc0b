package dormouse.imap.sleep;

import dormouse.imap.backend.BackendConnection;
import dormouse.imap.backend.BackendFeatures;
import dormouse.imap.backend.Reply;
import dormouse.imap.track.Kind;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.view.UidSet;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Reads the exact UIDs of the mailbox selected on a connection, whatever others do to it meanwhile.
///
/// A search answer counts only if it has as many UIDs as the connection has been told of messages at that line: Cyrus
/// leaves out messages whose EXPUNGE it has not sent yet, and Dovecot may answer before it tells. Else NOOP brings the
/// two together, and the search is repeated.
///
/// One object a reading. Lives on the user's event loop.
final class ViewReader {
  /// Whether changes told behind the search answer make it void.
  enum Acceptance {
    /// Void: the UIDs must be what the connection shows when the search ends.
    NOTHING_AFTER,
    /// Fine: they are kept in order, as [#after].
    CHANGES_AFTER
  }

  private static final int ROUNDS = 5;

  private final BackendConnection connection;
  private final BackendFeatures features;
  private final Acceptance acceptance;
  private final LongSupplier exists;
  private final Consumer<ResponseLine> untagged;
  private final List<ResponseLine> after = new ArrayList<>();
  private @Nullable UidSet found;
  private long existsAtAnswer;
  private boolean changedAfter;
  private Reply last = new Reply(Reply.Status.OK, null);

  /// @param exists how many messages the connection has been told of, kept up to date by `untagged`
  /// @param untagged hears every untagged response but the search answers, as it comes
  ViewReader(
      BackendConnection connection,
      BackendFeatures features,
      Acceptance acceptance,
      LongSupplier exists,
      Consumer<ResponseLine> untagged) {
    this.connection = connection;
    this.features = features;
    this.acceptance = acceptance;
    this.exists = exists;
    this.untagged = untagged;
  }

  /// The UIDs, or null when the backend's answers do not settle within five rounds or the connection is lost
  /// ([#lost]).
  CompletableFuture<@Nullable UidSet> uids() {
    return round(1);
  }

  private CompletableFuture<@Nullable UidSet> round(int number) {
    found = null;
    existsAtAnswer = -1;
    return connection
        .run(features.search(), this::hear)
        .thenCompose(reply -> {
          last = reply;
          if (!reply.ok()) {
            return CompletableFuture.completedFuture(null);
          }
          if (found == null && exists.getAsLong() == 0) { // some say nothing of nothing
            found = UidSet.EMPTY;
            existsAtAnswer = 0;
          }
          if (accepted()) {
            return CompletableFuture.completedFuture(found);
          }
          if (number == ROUNDS) {
            return CompletableFuture.completedFuture(null);
          }
          return connection.run("NOOP", untagged).thenCompose(_ -> round(number + 1));
        });
  }

  private boolean accepted() {
    return found != null
        && found.size() == existsAtAnswer
        && !(acceptance == Acceptance.NOTHING_AFTER && changedAfter);
  }

  /// Runs a command and keeps what it says behind the accepted answer, in order.
  CompletableFuture<Reply> thenRun(String command) {
    return connection
        .run(command, this::hear)
        .thenApply(reply -> {
          last = reply;
          return reply;
        });
  }

  /// Searches, and keeps what else is said as [#thenRun] does.
  CompletableFuture<UidSet> thenSearch(String command) {
    UidSearch search = new UidSearch(this::hear);
    return search
        .run(connection, command)
        .thenApply(reply -> {
          last = reply;
          return search.found();
        });
  }

  private void hear(ResponseLine line) {
    if (UidSearch.isAnswer(line)) {
      found = UidSearch.uids(line);
      existsAtAnswer = exists.getAsLong();
      changedAfter = false;
      after.clear();
      return;
    }
    changedAfter |=
        line.kind() == Kind.EXISTS || line.kind() == Kind.EXPUNGE || line.kind() == Kind.VANISHED;
    after.add(line);
    untagged.accept(line);
  }

  /// What came behind the accepted answer, in order.
  List<ResponseLine> after() {
    return after;
  }

  /// Whether the number of messages changed behind the accepted answer.
  boolean changedAfter() {
    return changedAfter;
  }

  /// Whether the backend did not do the last command.
  boolean failed() {
    return !last.ok();
  }

  /// Whether the last command failed because the backend could not be asked.
  boolean lost() {
    return last.lost();
  }
}
