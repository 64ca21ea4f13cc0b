package dormouse.imap;

import dormouse.config.ListenTls;
import dormouse.config.SaslMechanism;
import java.util.List;

/// What a client hears of us before its login: greeting and capabilities (RFC 9051 §6.1.1, §7.1). Pure functions, no CRLF.
///
/// Promised is only what every backend can hold: after the login the client is told its backend's own capabilities.
final class Greeting {
  private static final String ALWAYS = "IMAP4rev1 LITERAL+ SASL-IR ID";

  private Greeting() {}

  /// The first line of all.
  static String line(ListenTls listener, boolean tls, List<SaslMechanism> mechanisms) {
    return "* OK [CAPABILITY " + capabilities(listener, tls, mechanisms) + "] Dormouse ready";
  }

  /// What the client can use now.
  ///
  /// @param tls whether the connection is encrypted by now
  /// @param mechanisms by which this client may log in, once logins are allowed
  static String capabilities(ListenTls listener, boolean tls, List<SaslMechanism> mechanisms) {
    StringBuilder all = new StringBuilder(ALWAYS);
    if (offersStartTls(listener, tls)) {
      all.append(" STARTTLS");
    }
    boolean allowed = allowsLogin(listener, tls);
    if (allowed) {
      mechanisms.forEach(mechanism -> all.append(" AUTH=").append(mechanism.wireName()));
    }
    if (!allowed || !hasLoginCommand(mechanisms)) {
      all.append(" LOGINDISABLED");
    }
    return all.toString();
  }

  /// Whether IMAP's own LOGIN is among the ways to log in.
  static boolean hasLoginCommand(List<SaslMechanism> mechanisms) {
    return mechanisms.stream().anyMatch(SaslMechanism::saysPassword);
  }

  /// Whether STARTTLS can be said now.
  static boolean offersStartTls(ListenTls listener, boolean tls) {
    return !tls && (listener == ListenTls.STARTTLS || listener == ListenTls.OPTIONAL);
  }

  /// Whether a login may begin now.
  static boolean allowsLogin(ListenTls listener, boolean tls) {
    return tls || listener == ListenTls.OPTIONAL || listener == ListenTls.NONE;
  }
}
