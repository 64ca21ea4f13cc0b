package dormouse.route;

import dormouse.backend.Approach;
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
    @Nullable String host,
    int port,
    @Nullable BackendTls tls,
    Approach approach) {
  /// The same user at another backend, with TLS or without as that one has it.
  ///
  /// @param otherPort 0: whichever it has
  public Wanted at(String otherHost, int otherPort) {
    return new Wanted(user, protocol, cameTo, null, otherHost, otherPort, null, approach);
  }

  /// The same for another user.
  public Wanted of(String other) {
    return new Wanted(other, protocol, cameTo, name, host, port, tls, approach);
  }
}
