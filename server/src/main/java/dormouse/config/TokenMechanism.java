package dormouse.config;

/// How a client that has shown an access token is logged in at a backend.
public enum TokenMechanism {
  /// Not by its token.
  NONE,
  /// By AUTHENTICATE OAUTHBEARER (RFC 7628) with the same token.
  OAUTHBEARER,
  /// By AUTHENTICATE XOAUTH2 with the same token.
  XOAUTH2
}
