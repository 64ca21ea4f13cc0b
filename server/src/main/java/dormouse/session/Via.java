package dormouse.session;

import java.net.InetSocketAddress;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What a trusted proxy before us told of a client that it passes on: by a PROXY header, by ID, or both. Immutable.
///
/// @param proxy the proxy's own address; null if the client came directly
/// @param certificateName the common name of the client's certificate, which the proxy or we have checked; `""` if none
/// @param insecure whether the client's own connection is known to be in clear, whatever ours is
/// @param hopsLeft how many proxies more the session may pass; 0: none, somebody passes it round in a circle
/// @param forwarded what proxies pass on for each other (Dovecot: `x-forward-…`), by key without that prefix: what those before us have said, and
///     the directory
public record Via(
    @Nullable InetSocketAddress proxy,
    String certificateName,
    boolean insecure,
    int hopsLeft,
    Map<String, String> forwarded) {
  private static final int MAX_HOPS = 5; // Dovecot: LOGIN_PROXY_TTL

  /// No proxy.
  public static final Via NOBODY = new Via(null, "", false, MAX_HOPS, Map.of());

  /// The same, with the name of a certificate that we have checked ourselves.
  Via withCertificateName(String name) {
    return new Via(proxy, name, insecure, hopsLeft, forwarded);
  }

  /// The same, with more to pass on: it counts for more than what proxies before us have said.
  Via withForwarded(Map<String, String> more) {
    Map<String, String> both = new TreeMap<>(forwarded);
    both.putAll(more);
    return new Via(proxy, certificateName, insecure, hopsLeft, both);
  }

  public Via {
    forwarded = Map.copyOf(forwarded);
  }
}
