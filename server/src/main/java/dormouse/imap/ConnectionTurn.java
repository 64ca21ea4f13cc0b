package dormouse.imap;

import dormouse.imap.backend.BackendConnection;
import dormouse.session.CloseReason;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Predicate;

/// Whose turn it is on the connection of an attached session: the client's, whose commands are relayed, or ours, while the client's wait;
/// in the end nobody's here.
///
/// Lives on its session's event loop.
final class ConnectionTurn {
  private final BackendSide.Host host;
  private final BackendConnection connection;
  private final BackendConnection.Relay relay;
  private boolean ours;
  private boolean heard;
  private boolean over;

  /// @param relay for the client's turns
  ConnectionTurn(
      BackendSide.Host host, BackendConnection connection, BackendConnection.Relay relay) {
    this.host = host;
    this.connection = connection;
    this.relay = relay;
  }

  /// The client's, from now on.
  void relay() {
    ours = false;
    heard = false;
    connection.relayTo(relay);
  }

  /// Ours, from now on. Only where the relayed stream stands between two responses.
  ///
  /// @param aloud whether the client hears what our commands are answered with
  void take(boolean aloud) {
    ours = true;
    heard = aloud;
    connection.stopRelay();
  }

  boolean ours() {
    return ours;
  }

  /// Whether it is ours, and the client hears what comes of it.
  boolean heard() {
    return heard;
  }

  /// Goes on with what a command of ours has brought, unless the session ends by it, or the connection is given up meanwhile.
  ///
  /// @param lost whether the connection was
  <T> void follow(CompletableFuture<T> running, String what, Predicate<T> lost, Consumer<T> then) {
    running.whenComplete((brought, bug) -> {
      if (over) {
        return;
      }
      if (bug != null) {
        host.broken(what, bug);
      } else if (lost.test(brought)) {
        host.end(CloseReason.BACKEND_GONE, BackendSide.LOST);
      } else {
        then.accept(brought);
      }
    });
  }

  /// The connection is given up: what still comes of it is nothing to the session.
  void end() {
    over = true;
  }

  boolean over() {
    return over;
  }
}
