package dormouse.config;

/// Which version of the PROXY protocol a backend is told the client's address with, before anything else.
public enum ProxyProtocol {
  /// Nothing is told.
  NONE,
  /// A line of text: the addresses.
  V1,
  /// Binary: the addresses, the name the client asked for, whether it speaks TLS, the session's id.
  V2
}
