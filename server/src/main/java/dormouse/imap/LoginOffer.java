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
/// @param mechanisms by which this client may log in, once logins are allowed
record LoginOffer(
    ListenTls listener, Client client, ChannelBindings bindings, List<SaslMechanism> mechanisms) {
  private static final String ALWAYS = "IMAP4rev1 LITERAL+ SASL-IR ID";

  /// Only who has shown a certificate may log in by that, and only whose TLS ends here may bind it.
  ///
  /// @param configured the mechanisms of the settings
  static LoginOffer of(
      ListenTls listener, Client client, ChannelBindings bindings, List<SaslMechanism> configured) {
    boolean named = !client.via().certificateName().isEmpty();
    boolean bound = !bindings.isEmpty();
    return new LoginOffer(
        listener,
        client,
        bindings,
        configured.stream()
            .filter(mechanism -> named || mechanism != SaslMechanism.EXTERNAL)
            .filter(mechanism -> bound || mechanism != SaslMechanism.SCRAM_SHA_256_PLUS)
            .toList());
  }

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
      mechanisms.forEach(mechanism -> all.append(" AUTH=").append(mechanism.wireName()));
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
    return mechanisms.stream().anyMatch(SaslMechanism::saysPassword);
  }

  /// The mechanism that clients call so; null if it is none of these.
  @Nullable SaslMechanism mechanism(String wireName) {
    return mechanisms.stream()
        .filter(each -> each.wireName().equals(wireName))
        .findFirst()
        .orElse(null);
  }

  /// What a mechanism is to know of the client.
  SaslExchange.Seen seen() {
    return new SaslExchange.Seen(
        client.via().certificateName(),
        bindings,
        mechanisms.contains(SaslMechanism.SCRAM_SHA_256_PLUS));
  }
}
