package dormouse.config;

/// How clients of a listener come to TLS.
public enum ListenTls {
  /// TLS from the first byte (RFC 8314 §3.3).
  IMPLICIT,
  /// STARTTLS is offered, and nobody may log in before it (`LOGINDISABLED`).
  STARTTLS,
  /// STARTTLS is offered and not demanded: passwords may cross the wire in clear.
  OPTIONAL,
  /// No TLS at all. For listeners on the machine itself or behind something that ends TLS.
  NONE;

  /// Whether the listener needs a certificate.
  public boolean needsCertificate() {
    return this != NONE;
  }
}
