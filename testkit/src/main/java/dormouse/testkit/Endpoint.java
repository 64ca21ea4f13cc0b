package dormouse.testkit;

/// Where an IMAP server listens and how a client gets TLS there. Immutable.
///
/// @param host a name or an address
/// @param port 1 to 65535
/// @param tls when the TLS handshake happens, if at all
/// @param compress whether a model client compresses behind its login (RFC 4978)
public record Endpoint(String host, int port, Tls tls, boolean compress) {
  /// When a client starts TLS.
  public enum Tls {
    /// Never.
    NONE,
    /// After a STARTTLS command (RFC 9051 §6.2.1).
    STARTTLS,
    /// Before the greeting (RFC 8314 §3.2).
    IMPLICIT
  }

  public Endpoint(String host, int port, Tls tls) {
    this(host, port, tls, false);
  }

  /// The same with compression.
  public Endpoint compressed() {
    return new Endpoint(host, port, tls, true);
  }

  /// A server on this machine, in the clear.
  public static Endpoint plain(int port) {
    return new Endpoint("127.0.0.1", port, Tls.NONE);
  }

  /// A server on this machine, in the clear until STARTTLS.
  public static Endpoint startTls(int port) {
    return new Endpoint("127.0.0.1", port, Tls.STARTTLS);
  }

  /// A server on this machine, in TLS from the first byte.
  public static Endpoint tls(int port) {
    return new Endpoint("127.0.0.1", port, Tls.IMPLICIT);
  }

  @Override
  public String toString() {
    return host + ":" + port + " (" + tls + (compress ? ", COMPRESS)" : ")");
  }
}
