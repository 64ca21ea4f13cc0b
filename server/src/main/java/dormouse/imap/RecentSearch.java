package dormouse.imap;

import dormouse.imap.backend.BackendConnection;
import dormouse.imap.track.Command;
import dormouse.imap.track.Verb;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Searches of a client for which messages are `\Recent` that the backend does not know to be: each is run as our own command, so that
/// its keys may be others ([SearchRewrite]), as soon as the backend is between two responses.
///
/// Lives on its session's event loop.
final class RecentSearch {
  private final BackendConnection connection;
  private final Conversation conversation;
  private final ConnectionTurn turn;
  private final Runnable done;
  private @Nullable Command waiting; // for the end of a response

  /// @param done what follows when a search is answered
  RecentSearch(
      BackendConnection connection, Conversation conversation, ConnectionTurn turn, Runnable done) {
    this.connection = connection;
    this.conversation = conversation;
    this.turn = turn;
    this.done = done;
  }

  /// Whether such a command must be run here.
  boolean isFor(Verb verb) {
    return verb.searches() && !conversation.recent().isEmpty();
  }

  /// Whether one is yet to be run.
  boolean waits() {
    return waiting != null;
  }

  void take(Command command) {
    waiting = command;
    run();
  }

  /// Runs what waits, if it can.
  void run() {
    Command command = waiting;
    if (command == null || turn.ours() || turn.over() || !conversation.betweenResponses()) {
      return;
    }
    waiting = null;
    turn.take(/* aloud= */ true);
    conversation.begins(command.tag(), command.verb());
    conversation.forwarded(command);
    String arguments = SearchRewrite.withRecent(command, conversation.recent().uids());
    List<String> pieces = Lag.pieces(command.verb().wireName() + " " + arguments);
    turn.follow(
        connection.runAs(
            command.tag(),
            pieces.getFirst(),
            pieces.subList(1, pieces.size()),
            conversation::fromBackend),
        "search",
        reply -> reply.line() == null,
        reply -> {
          conversation.fromBackend(Objects.requireNonNull(reply.line()));
          turn.relay();
          done.run();
        });
  }
}
