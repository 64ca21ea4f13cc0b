package dormouse.imap;

import dormouse.config.HibernateSettings;
import dormouse.imap.backend.BackendFeatures;
import dormouse.imap.sleep.Snapshot;
import dormouse.imap.sleep.StayReason;
import dormouse.imap.sleep.UserMailboxes;
import dormouse.imap.track.SelectedMailbox;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// What forbids a quiet session to sleep, as far as it is known without asking its backend.
///
/// Lives on its session's event loop.
final class StayRules {
  private final UserMailboxes home;
  private final HibernateSettings settings;
  private final boolean wayBack;
  private final ClientSide client;
  private final Conversation conversation;

  /// @param wayBack whether the session can log in again
  StayRules(UserMailboxes home, boolean wayBack, ClientSide client, Conversation conversation) {
    this.home = home;
    this.settings = home.settings();
    this.wayBack = wayBack;
    this.client = client;
    this.conversation = conversation;
  }

  /// Why the session must keep its backend, or null.
  @Nullable StayReason reason(BackendFeatures features) {
    StayReason always = always();
    if (always != null) {
      return always;
    }
    if (client.unsentBytes() > 0) {
      return StayReason.SLOW_READER;
    }
    SelectedMailbox selected = conversation.selected();
    if (selected == null) {
      return null;
    }
    StayReason unfit = Snapshot.unfit(selected, features, settings);
    return unfit != null ? unfit : home.sessions().noRoomFor(1);
  }

  /// How long the session must be quiet before it sleeps.
  Duration quiet() {
    boolean mayBeThinking = conversation.selected() != null && conversation.idleTag() == null;
    return mayBeThinking ? settings.quietAfter() : settings.after();
  }

  private @Nullable StayReason always() {
    if (!settings.enabled()) {
      return StayReason.SWITCHED_OFF;
    }
    return wayBack ? conversation.reasonToStay() : StayReason.PASSWORD_NOT_KEPT;
  }

  /// Whether the session could sleep if its backend went away now: nothing of its view would be lost.
  ///
  /// @param known what the client knows of its mailbox; null if none is selected, or that is not known
  boolean needNoBackend(Snapshot.Result.@Nullable Taken known) {
    return always() == null && (conversation.selected() == null || known != null);
  }
}
