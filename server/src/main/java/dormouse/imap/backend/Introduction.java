package dormouse.imap.backend;

import dormouse.backend.Approach;
import dormouse.backend.Backend;
import dormouse.config.ProxyProtocol;
import dormouse.session.Client;
import java.net.InetAddress;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a backend was told of the client at a login, as far as it may decide by it: who may come from where, and under which
/// name of ours. Ports and the session's name are not part of it: they are for the backend's log. Immutable.
///
/// @param secure whether the client's own connection was said to be
record Introduction(
    InetAddress remote,
    InetAddress local,
    boolean secure,
    String serverName,
    Map<String, String> forwarded) {

  /// What the backend is told of a client; null if it is told nothing.
  static @Nullable Introduction of(Client client, Backend backend, Approach approach) {
    boolean tells = backend.settings().trusted() && !approach.untold();
    if (!tells && backend.settings().proxyProtocol() == ProxyProtocol.NONE) {
      return null;
    }
    return new Introduction(
        client.remote().getAddress(),
        client.local().getAddress(),
        client.tls() && !client.via().insecure(),
        client.serverName(),
        client.via().forwarded());
  }
}
