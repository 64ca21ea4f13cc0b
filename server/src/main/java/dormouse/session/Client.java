package dormouse.session;

import java.net.InetSocketAddress;

/// Who the client is on the wire. Immutable.
///
/// @param sessionId names the session in logs and towards the backend
/// @param remote the client's address
/// @param local the address it came in at
/// @param tls whether it speaks TLS by now
public record Client(
    String sessionId, InetSocketAddress remote, InetSocketAddress local, boolean tls) {}
