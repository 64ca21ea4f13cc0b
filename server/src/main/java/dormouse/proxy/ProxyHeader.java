package dormouse.proxy;

import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/// What a PROXY header says. Immutable.
///
/// @param source the client's address; null if the proxy speaks for itself (LOCAL, as for a health check) or does not know
///     (UNKNOWN, another address family)
/// @param destination the address that the client connected to; null with `source`
/// @param authority the name that the client asked for, by SNI; `""` if it is not told
/// @param uniqueId the proxy's name for the connection, 1 to 64 visible ASCII characters; `""` if it is not told or is
///     anything else
/// @param tls the client's TLS, ended by the proxy; null if there is none
public record ProxyHeader(
    @Nullable InetSocketAddress source,
    @Nullable InetSocketAddress destination,
    String authority,
    String uniqueId,
    @Nullable Tls tls) {
  /// The proxy speaks for itself, or knows nothing.
  static final ProxyHeader EMPTY = new ProxyHeader(null, null, "", "", null);

  /// The client's TLS at the proxy.
  ///
  /// @param version as `TLSv1.3`; `""` if it is not told
  /// @param cipher its OpenSSL name; `""` if it is not told
  /// @param certificateName the common name of the client's certificate, if it has one and the proxy has verified it;
  ///     else `""`
  public record Tls(String version, String cipher, String certificateName) {}
}
