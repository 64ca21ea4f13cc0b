package dormouse.imap;

import dormouse.imap.backend.BackendConnection;
import dormouse.imap.backend.BackendFeatures;
import dormouse.imap.sleep.LastView;
import dormouse.imap.sleep.QuietSnapshot;
import dormouse.imap.sleep.Snapshot;
import dormouse.imap.sleep.UserMailboxes;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.view.MailboxView;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// What the client of an attached session knows of its mailbox: from its wake ([LastView]), until a message comes or goes there, or read off the
/// connection before that is given up.
///
/// Lives on its session's event loop.
final class ClientView {
  private final BackendConnection connection;
  private final BackendFeatures features;
  private final UserMailboxes home;
  private final Conversation conversation;
  private final ConnectionTurn turn;
  private final Runnable flush;
  private @Nullable LastView last;
  private Runnable abandon = () -> {}; // what is being read

  /// @param features of the backend on which the session is awake
  /// @param flush after what the client has been told
  ClientView(
      BackendConnection connection,
      BackendFeatures features,
      UserMailboxes home,
      Conversation conversation,
      ConnectionTurn turn,
      Runnable flush) {
    this.connection = connection;
    this.features = features;
    this.home = home;
    this.conversation = conversation;
    this.turn = turn;
    this.flush = flush;
  }

  // ── from its wake ──

  /// @param view null if it is not known
  void remember(@Nullable MailboxView view) {
    SelectedMailbox selected = conversation.selected();
    if (view != null && selected != null) {
      last = LastView.keep(home, selected, view, features);
    }
  }

  /// As far as it is known without asking the backend; null if it is not.
  Snapshot.Result.@Nullable Taken known() {
    return known(last);
  }

  private Snapshot.Result.@Nullable Taken known(@Nullable LastView view) {
    return view == null || !view.holds(conversation.selected())
        ? null
        : view.taken(conversation.ownSets());
  }

  /// The backend has spoken: what holds no more is not kept.
  void consider() {
    if (last != null && !last.holds(conversation.selected())) {
      forget();
    }
  }

  void forget() {
    if (last != null) {
      last.forget();
      last = null;
    }
  }

  // ── read off the connection ──

  /// Reads it, while it is our turn. What is known from the wake is forgotten over it, but serves if the connection is lost, and is known again if
  /// the view is declined.
  ///
  /// @param idle the tag of the IDLE that the client runs, which ends on the backend only; null if it runs none
  /// @return never completes once the connection was released
  CompletableFuture<Snapshot.Result> read(SelectedMailbox selected, @Nullable String idle) {
    LastView before = last;
    forget();
    turn.take(/* aloud= */ false);
    conversation.forgetIdle();
    conversation.tainted(features.changes().modSequences());
    var reading = idle == null ? readQuietly(selected) : readFromIdle(selected, idle);
    var result = new CompletableFuture<Snapshot.Result>();
    reading.whenComplete((read, bug) -> {
      abandon = () -> {};
      if (turn.over()) {
        return;
      }
      if (bug != null) {
        result.completeExceptionally(bug);
        return;
      }
      result.complete(beside(before, read));
    });
    return result;
  }

  private CompletableFuture<Snapshot.Result> readQuietly(SelectedMailbox selected) {
    var snapshot =
        new QuietSnapshot(
            connection, features, selected, conversation.ownSets(), home, this::tellClient);
    abandon = snapshot::abandon;
    return snapshot.take();
  }

  private CompletableFuture<Snapshot.Result> readFromIdle(SelectedMailbox selected, String idle) {
    var snapshot =
        new Snapshot(
            connection, features, selected, conversation.ownSets(), home, this::tellClient);
    abandon = snapshot::abandon;
    var ended = connection.adopt(idle, conversation::fromBackend);
    connection.write("DONE\r\n");
    return ended.thenCompose(reply -> {
      flush.run();
      return reply.lost()
          ? CompletableFuture.completedFuture(new Snapshot.Result.Lost())
          : snapshot.take();
    });
  }

  private void tellClient(ResponseLine line) {
    conversation.fromBackend(line);
    flush.run();
  }

  private Snapshot.Result beside(@Nullable LastView before, Snapshot.Result read) {
    return switch (read) {
      case Snapshot.Result.Taken _ -> read;
      case Snapshot.Result.Declined _ -> {
        if (before != null && before.holds(conversation.selected()) && before.keepAgain()) {
          last = before;
        }
        yield read;
      }
      case Snapshot.Result.Lost _ -> {
        Snapshot.Result.Taken still = known(before);
        yield still == null ? read : still;
      }
    };
  }

  /// The client has sent something: what is read because it was quiet ends at the next step.
  void clientSpoke() {
    abandon.run();
  }
}
