package dormouse.imap;

import dormouse.imap.backend.BackendFeatures;
import dormouse.imap.track.SelectedMailbox;
import dormouse.listen.Presence;
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
