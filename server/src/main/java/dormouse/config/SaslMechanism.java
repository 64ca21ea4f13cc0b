package dormouse.config;

import java.util.Locale;

/// A way to log in by SASL (RFC 4422).
public enum SaslMechanism {
  /// Name and password in one message (RFC 4616); also IMAP's own LOGIN command.
  PLAIN,
  /// The same, asked for one by one; for old clients.
  LOGIN,
  /// The client proves that it knows the password without saying it (RFC 5802, RFC 7677).
  SCRAM_SHA_256,
  /// The same, bound to the client's TLS (RFC 5929, RFC 9266): nobody in between can pass it on.
  SCRAM_SHA_256_PLUS,
  /// A digest of a challenge (RFC 2195); needs passwords in clear.
  CRAM_MD5,
  /// The certificate of the client's TLS says who it is.
  EXTERNAL,
  /// An access token of OAuth 2.0 (RFC 7628).
  OAUTHBEARER,
  /// The same in its older form.
  XOAUTH2;

  /// The name that clients use.
  public String wireName() {
    return name().replace('_', '-');
  }

  /// Whether the client says its password.
  public boolean saysPassword() {
    return this == PLAIN || this == LOGIN;
  }

  /// Whether the client proves its password to us, and we to it that we know it.
  public boolean isScram() {
    return this == SCRAM_SHA_256 || this == SCRAM_SHA_256_PLUS;
  }

  /// Whether the client shows an access token.
  public boolean showsToken() {
    return this == OAUTHBEARER || this == XOAUTH2;
  }

  /// As settings and documents write it.
  @Override
  public String toString() {
    return wireName().toLowerCase(Locale.ROOT);
  }
}
