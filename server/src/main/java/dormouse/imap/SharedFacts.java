package dormouse.imap;

import dormouse.imap.backend.BackendFeatures;
import dormouse.imap.track.SelectedMailbox;
import dormouse.listen.Presence;
import dormouse.session.Client;
import dormouse.session.Via;
import io.netty.util.concurrent.FastThreadLocal;
import java.lang.ref.WeakReference;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.WeakHashMap;
import org.jspecify.annotations.Nullable;

/// What is kept of a sleeping session and is the same for many: of one loop's sessions those that have it in common have one
/// object. Immutable.
///
/// @param clientId what the client said of itself
/// @param local the address of ours at which it came in
/// @param mailbox that is selected; null if none is
/// @param place how its connection is counted; null if it is not, or by what is its own
/// @param presence its own; null if it has none
record SharedFacts(
    String clientId,
    InetSocketAddress local,
    boolean tls,
    String serverName,
    Via via,
    Conversation.Rest conversation,
    BackendFeatures backend,
    SelectedMailbox.@Nullable Rest mailbox,
    Presence.@Nullable Place place,
    @Nullable Presence presence) {
  private static final FastThreadLocal<Map<SharedFacts, WeakReference<SharedFacts>>> OF_THIS_LOOP =
      new FastThreadLocal<>() {
        @Override
        protected Map<SharedFacts, WeakReference<SharedFacts>> initialValue() {
          return new WeakHashMap<>();
        }
      };

  /// What a session that rests has in common with others.
  ///
  /// @param presence how its connection is counted; null if it is not
  static SharedFacts of(
      Client who,
      String clientId,
      Conversation.Rest conversation,
      BackendFeatures backend,
      @Nullable SelectedMailbox selected,
      @Nullable Presence presence) {
    Presence.Place place = presence == null ? null : presence.sleepsOn(who.remote().getAddress());
    return new SharedFacts(
        clientId,
        who.local(),
        who.tls(),
        who.serverName(),
        who.via(),
        conversation,
        backend,
        selected == null ? null : selected.rest(),
        place,
        place == null ? presence : null);
  }

  /// The one that this loop's sessions share.
  SharedFacts intern() {
    Map<SharedFacts, WeakReference<SharedFacts>> all = OF_THIS_LOOP.get();
    WeakReference<SharedFacts> known = all.get(this);
    SharedFacts there = known == null ? null : known.get();
    if (there != null) {
      return there;
    }
    all.put(this, new WeakReference<>(this));
    return this;
  }
}
