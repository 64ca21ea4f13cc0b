package dormouse.config;

import java.net.InetSocketAddress;
import java.util.List;

/// What Dovecot's push notification driver `ox` puts over HTTP: new messages in INBOX, and nothing else. Immutable.
///
/// @param listen where Dormouse listens for them; port 0 is any free port
/// @param allow networks that may tell
/// @param backends that it tells of, by name; empty: all
@Key("dovecot-ox")
public record DovecotOxSettings(
    @Required InetSocketAddress listen, List<Network> allow, List<String> backends)
    implements FeedKind {
  /// What a feed of the file has that says nothing else; its address must be said.
  public static final DovecotOxSettings DEFAULT =
      new DovecotOxSettings(
          DovecotEventsSettings.DEFAULT.listen(), DovecotEventsSettings.DEFAULT.allow(), List.of());

  public DovecotOxSettings {
    allow = List.copyOf(allow);
    backends = List.copyOf(backends);
  }

  @Override
  public boolean tellsAll() {
    return false;
  }
}
