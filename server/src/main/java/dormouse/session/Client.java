package dormouse.session;

import java.net.InetSocketAddress;
import java.util.Map;

/// Who the client is on the wire. Immutable.
///
/// @param sessionId names the session in logs and towards the backend
/// @param remote the client's address
/// @param local the address it came in at
/// @param tls whether it speaks TLS by now
/// @param serverName the name of us that it asked for (SNI); `""` if it did not
/// @param via who passed it on
public record Client(
    String sessionId,
    InetSocketAddress remote,
    InetSocketAddress local,
    boolean tls,
    String serverName,
    Via via) {
  /// A client that came directly.
  public Client(String sessionId, InetSocketAddress remote, InetSocketAddress local, boolean tls) {
    this(sessionId, remote, local, tls, "", Via.NOBODY);
  }

  /// The same, once it speaks TLS.
  public Client withTls() {
    return new Client(sessionId, remote, local, /* tls= */ true, serverName, via);
  }

  /// The same, if it has asked for us by a name.
  ///
  /// @param asked `""` if it has not
  public Client withServerName(String asked) {
    return asked.isEmpty() ? this : new Client(sessionId, remote, local, tls, asked, via);
  }

  /// The same, if it has shown a certificate.
  ///
  /// @param name its common name; `""` if it has not
  public Client withCertificateName(String name) {
    return name.isEmpty()
        ? this
        : new Client(sessionId, remote, local, tls, serverName, via.withCertificateName(name));
  }

  /// The same, if the directory says more of its user, for the backend ([Via#forwarded]).
  public Client withForwarded(Map<String, String> more) {
    return more.isEmpty()
        ? this
        : new Client(sessionId, remote, local, tls, serverName, via.withForwarded(more));
  }

  /// The same under another name.
  public Client withSessionId(String id) {
    return new Client(id, remote, local, tls, serverName, via);
  }
}
