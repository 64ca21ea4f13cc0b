package dormouse.config;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Locale;
import java.util.regex.Pattern;
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

  /// Whether it is for this client.
  ///
  /// @param spoken the protocol, as [Protocol] names it
  public boolean fits(String name, String spoken, InetSocketAddress cameTo) {
    int at = name.lastIndexOf('@');
    return (user == null || like(user, name))
        && (domain == null || (at >= 0 && like(domain, name.substring(at + 1))))
        && (protocol == null || protocol.name().toLowerCase(Locale.ROOT).equals(spoken))
        && (listener == null || isAt(listener, cameTo));
  }

  private static boolean isAt(InetSocketAddress listener, InetSocketAddress cameTo) {
    InetAddress address = listener.getAddress();
    return listener.getPort() == cameTo.getPort()
        && (address.isAnyLocalAddress() || address.equals(cameTo.getAddress()));
  }

  /// Without a regular expression of the operator's, whose cost nobody knows.
  private static boolean like(String pattern, String name) {
    StringBuilder quoted = new StringBuilder();
    for (String part : pattern.split("\\*", -1)) {
      quoted.append(quoted.isEmpty() ? "" : ".*").append(Pattern.quote(part));
    }
    return Pattern.compile(
            quoted.toString(), Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE | Pattern.DOTALL)
        .matcher(name)
        .matches();
  }
}
