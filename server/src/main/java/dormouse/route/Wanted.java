package dormouse.route;

import dormouse.backend.Approach;
import dormouse.backend.Host;
import dormouse.config.BackendTls;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/// What decides which backends serve a user: what the directory says, else who the user is and where the client came in. Immutable.
///
/// @param user the user's one name
/// @param protocol what the client speaks: `imap`
/// @param cameTo the address at which the client came in
/// @param name of a backend or a group, if the directory says one
/// @param host of a backend, if the directory says one
/// @param port 0: whichever the backend has
/// @param tls null: whichever the backend has
/// @param approach how it is come to
public record Wanted(
    String user,
    String protocol,
    InetSocketAddress cameTo,
    @Nullable String name,
    @Nullable Host host,
    int port,
    @Nullable BackendTls tls,
    Approach approach) {
  /// The same user at another backend, with the TLS that the directory has said for this one, if it has.
  ///
  /// @param otherPort 0: whichever it has
  public Wanted at(String otherHost, int otherPort) {
    Host there = new Host(otherHost, null);
    return new Wanted(user, protocol, cameTo, null, there, otherPort, tls, approach);
  }

  /// The same for another user.
  public Wanted of(String other) {
    return new Wanted(other, protocol, cameTo, name, host, port, tls, approach);
  }
}
