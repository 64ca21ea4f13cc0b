package dormouse.config;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;

/// Events that Dovecot's event exporter posts over HTTP. Immutable.
///
/// @param listen where Dormouse listens for them; port 0 is any free port
/// @param allow networks that may tell
/// @param backends that it tells of, by name; empty: all
@Key("dovecot-events")
public record DovecotEventsSettings(
    @Required InetSocketAddress listen, List<Network> allow, List<String> backends)
    implements FeedKind {
  /// What a feed of the file has that says nothing else; its address must be said.
  public static final DovecotEventsSettings DEFAULT =
      new DovecotEventsSettings(
          new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 8025),
          List.of(
              new Network(InetAddress.ofLiteral("127.0.0.0"), 8),
              new Network(InetAddress.ofLiteral("::1"), 128)),
          List.of());

  public DovecotEventsSettings {
    allow = List.copyOf(allow);
    backends = List.copyOf(backends);
  }

  @Override
  public boolean tellsAll() {
    return true;
  }
}
