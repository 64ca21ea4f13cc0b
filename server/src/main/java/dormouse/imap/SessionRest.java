package dormouse.imap;

import dormouse.imap.track.SelectedMailbox;
import dormouse.listen.Presence;
import dormouse.park.Parked;
import dormouse.session.Client;
import dormouse.session.Timer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// How a session that sleeps comes to rest: with its connection parked and nothing under way, all that must be kept of it is packed into a
/// [RestingSession], unless its client has spoken just now and may go on. Before that its connection is not parked either: most who log in
/// asleep leave or ask for more at once.
///
/// Lives on the user's event loop.
final class SessionRest {
  private static final Duration AFTER =
      Duration.ofMillis(100); // a command, so that nothing is made again for each of many

  private final ImapSession.Setting setting;
  private final @Nullable Presence presence;
  private final Client who;
  private final String clientId;
  private final ClientSide client;
  private final Conversation conversation;
  private final QuietClock quiet;
  private final Runnable again;
  private boolean spokeLately;
  private @Nullable Timer soon;

  /// @param presence how its connection is counted; null if it is not
  /// @param clientId what the client said of itself
  /// @param again called when it may be time to rest, a moment behind what the client said
  SessionRest(
      ImapSession.Setting setting,
      @Nullable Presence presence,
      Client who,
      String clientId,
      ClientSide client,
      Conversation conversation,
      QuietClock quiet,
      Runnable again) {
    this.setting = setting;
    this.presence = presence;
    this.who = who;
    this.clientId = clientId;
    this.client = client;
    this.conversation = conversation;
    this.quiet = quiet;
    this.again = again;
  }

  /// The client has said something in its sleep.
  void spoke() {
    spokeLately = true;
  }

  /// Whether the client may go on with what it has begun: it has spoken just now. Else it may rest; when that is so again, its session hears.
  boolean goesOn() {
    if (soon == null && spokeLately) {
      spokeLately = false;
      soon = setting.home().wheel().after(AFTER, this::due);
    }
    return soon != null;
  }

  /// The session sleeps no more: it wakes, or has ended.
  void cancel() {
    spokeLately = false;
    if (soon != null) {
      soon.cancel();
      soon = null;
    }
  }

  /// Rests if that can be done now; returns whether it did, and nothing of the session is needed any more.
  boolean begin(Doze doze) {
    if (soon != null || !doze.atRest()) {
      return false;
    }
    Parked socket = client.resting();
    Conversation.Rest said = conversation.rest();
    if (socket == null || said == null || !OwnFacts.fits(who.remote())) {
      return false;
    }
    if (goesOn()) {
      return false;
    }
    SelectedMailbox selected = conversation.selected();
    OwnFacts own =
        OwnFacts.of(
            who, doze, client.malformed(), quiet.rest(), selected, conversation.recent().uids());
    SharedFacts shared = SharedFacts.of(who, clientId, said, doze.backend(), selected, presence);
    doze.stopClocks();
    new RestingSession(setting, doze.sleeper(), shared, own, socket, doze.spoken());
    return true;
  }

  private void due() {
    soon = null;
    again.run();
  }
}
