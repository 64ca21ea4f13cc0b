package dormouse.imap;

import dormouse.config.ListenTls;

/// What a client hears of us before its login: greeting and capabilities (RFC 9051 §6.1.1, §7.1). Pure functions, no CRLF.
///
/// Promised is only what every backend can hold: after the login the client is told its backend's own capabilities.
final class Greeting {
  private static final String ALWAYS = "IMAP4rev1 LITERAL+ SASL-IR ID";

  private Greeting() {}

  /// The first line of all.
  static String line(ListenTls listener, boolean tls) {
    return "* OK [CAPABILITY " + capabilities(listener, tls) + "] Dormouse ready";
  }

  /// What the client can use now.
  ///
  /// @param tls whether the connection is encrypted by now
  static String capabilities(ListenTls listener, boolean tls) {
    return ALWAYS
        + (offersStartTls(listener, tls) ? " STARTTLS" : "")
        + (allowsLogin(listener, tls) ? " AUTH=PLAIN AUTH=LOGIN" : " LOGINDISABLED");
  }

  /// Whether STARTTLS can be said now.
  static boolean offersStartTls(ListenTls listener, boolean tls) {
    return !tls && (listener == ListenTls.STARTTLS || listener == ListenTls.OPTIONAL);
  }

  /// Whether a password may be said now.
  static boolean allowsLogin(ListenTls listener, boolean tls) {
    return tls || listener == ListenTls.OPTIONAL || listener == ListenTls.NONE;
  }
}
