package dormouse.config;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// A rule by which users come to a backend or a group; it fits whoever is all that it says. Immutable.
///
/// @param user the user's name, in which `*` stands for any letters; null: any
/// @param domain what follows the last `@` of the user's name, `*` as before; null: any, and none
/// @param protocol what the client speaks; null: any
/// @param listener the address and port at which the client came in; `0.0.0.0` and `::` are all addresses; null: any
/// @param to the group or the backend
public record RouteSettings(
    @Nullable String user,
    @Nullable String domain,
    @Nullable Protocol protocol,
    @Nullable InetSocketAddress listener,
    @Required String to) {
  /// What a rule has that says nothing else; where it leads to must be said.
  public static final RouteSettings DEFAULT = new RouteSettings(null, null, null, null, "");

  public RouteSettings {
    new Checks()
        .that(
            listener == null || listener.getPort() != 0,
            "listener",
            "the port at which clients come in, which is never 0")
        .done();
  }

  /// Whether it is for this client.
  ///
  /// @param spoken the protocol, as [Protocol] names it
  public boolean fits(String name, String spoken, InetSocketAddress cameTo) {
    int at = name.lastIndexOf('@');
    return (user == null || Wildcard.fits(user, name))
        && (domain == null || (at >= 0 && Wildcard.fits(domain, name.substring(at + 1))))
        && (protocol == null || protocol.name().toLowerCase(Locale.ROOT).equals(spoken))
        && (listener == null || isAt(listener, cameTo));
  }

  private static boolean isAt(InetSocketAddress listener, InetSocketAddress cameTo) {
    InetAddress address = listener.getAddress();
    return listener.getPort() == cameTo.getPort()
        && (address.isAnyLocalAddress() || address.equals(cameTo.getAddress()));
  }
}
