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
/// @param byId whether it was told by ID, which says the most; else by the PROXY header alone
/// @param secure whether the client's own connection was said to be
record Introduction(
    InetAddress remote,
    InetAddress local,
    boolean byId,
    boolean secure,
    String serverName,
    Map<String, String> forwarded) {

  /// What the backend is told of a client; null if it is told nothing.
  static @Nullable Introduction of(Client client, Backend backend, Approach approach) {
    boolean byId = approach.tells(backend);
    ProxyProtocol header = backend.settings().proxyProtocol();
    if (!byId && header == ProxyProtocol.NONE) {
      return null;
    }
    boolean more = byId || header == ProxyProtocol.V2; // than the addresses
    return new Introduction(
        client.remote().getAddress(),
        client.local().getAddress(),
        byId,
        more && client.tls() && !client.via().insecure(),
        more ? client.serverName() : "",
        byId ? client.via().forwarded() : Map.of());
  }
}
