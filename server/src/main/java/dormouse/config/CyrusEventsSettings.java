package dormouse.config;

import java.net.InetSocketAddress;
import java.util.List;

/// What Cyrus' notifyd hands on, posted over HTTP. Immutable.
///
/// @param listen where Dormouse listens for it; port 0 is any free port
/// @param allow networks that may tell
/// @param backends that it tells of, by name; empty: all
@Key("cyrus-events")
public record CyrusEventsSettings(
    @Required InetSocketAddress listen, List<Network> allow, List<String> backends)
    implements FeedKind {
  /// What a feed of the file has that says nothing else; its address must be said.
  public static final CyrusEventsSettings DEFAULT =
      new CyrusEventsSettings(
          DovecotEventsSettings.DEFAULT.listen(), DovecotEventsSettings.DEFAULT.allow(), List.of());

  public CyrusEventsSettings {
    allow = List.copyOf(allow);
    backends = List.copyOf(backends);
  }

  @Override
  public boolean tellsAll() {
    return true;
  }
}
