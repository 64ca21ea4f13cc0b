package dormouse.imap;

import dormouse.auth.SaslExchange;
import dormouse.config.ListenTls;
import dormouse.config.SaslMechanism;
import dormouse.session.Client;
import dormouse.tls.records.ChannelBindings;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a client is offered now, before its login: the greeting and the capabilities that say so (RFC 9051 §6.1.1, §7.1), STARTTLS, and the ways to log in.
///
/// Promised is only what every backend can hold: after the login the client is told its backend's own capabilities. Immutable.
///
/// @param listener how its clients come to TLS
/// @param bindings what the client's channel can be bound to
/// @param configured the mechanisms of the settings
record LoginOffer(
    ListenTls listener, Client client, ChannelBindings bindings, List<SaslMechanism> configured) {
  private static final String ALWAYS = "IMAP4rev1 LITERAL+ SASL-IR ID";

  /// The first line of all, without CRLF.
  String greeting() {
    return "* OK [CAPABILITY " + capabilities() + "] Dormouse ready";
  }

  /// What the client can use now.
  String capabilities() {
    StringBuilder all = new StringBuilder(ALWAYS);
    if (hasStartTls()) {
      all.append(" STARTTLS");
    }
    boolean allowed = allowsLogin();
    if (allowed) {
      for (SaslMechanism each : configured) {
        if (has(each)) {
          all.append(" AUTH=").append(each.wireName());
        }
      }
    }
    if (!allowed || !hasLoginCommand()) {
      all.append(" LOGINDISABLED");
    }
    return all.toString();
  }

  /// Whether STARTTLS can be said now.
  boolean hasStartTls() {
    return !client.tls() && (listener == ListenTls.STARTTLS || listener == ListenTls.OPTIONAL);
  }

  /// Whether a login may begin now.
  boolean allowsLogin() {
    return client.tls() || listener == ListenTls.OPTIONAL || listener == ListenTls.NONE;
  }

  /// Whether IMAP's own LOGIN is among the ways to log in.
  boolean hasLoginCommand() {
    for (SaslMechanism each : configured) {
      if (each.saysPassword()) {
        return true;
      }
    }
    return false;
  }

  /// Whether this client may log in so, once logins are allowed: only who has shown a certificate by that, and only whose TLS ends here may bind it.
  private boolean has(SaslMechanism mechanism) {
    return switch (mechanism) {
      case EXTERNAL -> !client.via().certificateName().isEmpty();
      case SCRAM_SHA_256_PLUS -> !bindings.isEmpty();
      default -> true;
    };
  }

  /// The mechanism that clients call so; null if it is none of these.
  @Nullable SaslMechanism mechanism(String wireName) {
    for (SaslMechanism each : configured) {
      if (each.wireName().equals(wireName)) {
        return has(each) ? each : null;
      }
    }
    return null;
  }

  /// What a mechanism is to know of the client.
  SaslExchange.Seen seen() {
    return new SaslExchange.Seen(
        client.via().certificateName(),
        bindings,
        configured.contains(SaslMechanism.SCRAM_SHA_256_PLUS)
            && has(SaslMechanism.SCRAM_SHA_256_PLUS));
  }
}
