package dormouse.imap;

import dormouse.imap.backend.BackendFeatures;
import dormouse.imap.sleep.LastView;
import dormouse.imap.sleep.Snapshot;
import dormouse.imap.sleep.UserMailboxes;
import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.view.MailboxView;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// What the client of an attached session knew of its mailbox when it was woken ([LastView]), if it was, until a message comes or goes there.
///
/// Lives on its session's event loop.
final class WokenView {
  private final UserMailboxes home;
  private final Conversation conversation;
  private final BackendFeatures features;
  private @Nullable LastView last;

  /// @param features of the backend on which the session is awake
  WokenView(UserMailboxes home, Conversation conversation, BackendFeatures features) {
    this.home = home;
    this.conversation = conversation;
    this.features = features;
  }

  /// @param view null if it is not known
  void remember(@Nullable MailboxView view) {
    SelectedMailbox selected = conversation.selected();
    if (view != null && selected != null) {
      last = LastView.keep(home, selected, view, features);
    }
  }

  /// What the client knows of its mailbox, as far as that is known without asking the backend; null if it is not.
  Snapshot.Result.@Nullable Taken taken() {
    return taken(last);
  }

  private Snapshot.Result.@Nullable Taken taken(@Nullable LastView known) {
    return known == null || !known.holds(conversation.selected())
        ? null
        : known.taken(conversation.ownSets());
  }

  /// Forgets it, because the view is being read anew.
  ///
  /// @return to be asked what becomes of that: if the connection was lost over it, what was known still serves; if it was declined, it is known again
  UnaryOperator<Snapshot.Result> giveWay() {
    LastView known = last;
    forget();
    return result ->
        switch (result) {
          case Snapshot.Result.Taken _ -> result;
          case Snapshot.Result.Declined _ -> {
            if (known != null && known.holds(conversation.selected()) && known.keepAgain()) {
              last = known;
            }
            yield result;
          }
          case Snapshot.Result.Lost _ -> {
            Snapshot.Result.Taken still = taken(known);
            yield still == null ? result : still;
          }
        };
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
}
