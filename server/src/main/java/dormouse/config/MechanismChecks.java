package dormouse.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Whether what clients may log in by can work: some link must be able to answer it, and where the client does not say its
/// password, Dormouse needs another way into the backends.
final class MechanismChecks {
  private final Settings settings;
  private final List<Fault> faults = new ArrayList<>();

  private MechanismChecks(Settings settings) {
    this.settings = settings;
  }

  /// What is wrong; the faults have no line and column.
  static List<Fault> faults(Settings settings) {
    MechanismChecks checks = new MechanismChecks(settings);
    settings.login().mechanisms().forEach(checks::mechanism);
    checks.waysIn();
    return checks.faults;
  }

  private void mechanism(SaslMechanism mechanism) {
    if (settings.directory().stream().noneMatch(link -> answers(link.kind(), mechanism))) {
      fault("login.mechanisms", "no link of `directory` can answer " + mechanism);
    }
    boolean proxied =
        settings.listen().stream().anyMatch(listen -> !listen.proxyProtocolFrom().isEmpty());
    if (mechanism == SaslMechanism.EXTERNAL && !believesCertificates(settings.tls()) && !proxied) {
      fault("login.mechanisms", "external needs `tls.client-certificates` and `tls.client-ca`");
    }
  }

  private static boolean believesCertificates(TlsSettings tls) {
    return tls.clientCertificates() != ClientCertificates.NONE && tls.clientCa() != null;
  }

  private static boolean answers(LinkKind link, SaslMechanism mechanism) {
    return switch (link) {
      case BackendLinkSettings _ -> mechanism.saysPassword() || mechanism == SaslMechanism.EXTERNAL;
      case HttpLinkSettings http ->
          switch (mechanism) {
            case PLAIN, LOGIN, CRAM_MD5, EXTERNAL -> true;
            case OAUTHBEARER, XOAUTH2 -> http.extended();
            case SCRAM_SHA_256, SCRAM_SHA_256_PLUS -> false;
          };
      case FileLinkSettings _ -> !mechanism.showsToken();
      case SqlLinkSettings sql ->
          mechanism.saysPassword()
              || (!mechanism.showsToken() && !sql.query().contains(":password"));
      case LdapLinkSettings ldap ->
          mechanism.saysPassword()
              || mechanism == SaslMechanism.EXTERNAL
              || (!mechanism.showsToken() && tells(ldap, "password"));
      case OAuth2LinkSettings _ -> mechanism.showsToken();
      case RewriteLinkSettings _, MapLinkSettings _ -> false;
    };
  }

  private static boolean tells(LdapLinkSettings ldap, String fact) {
    return ldap.attributes().stream().anyMatch(each -> each.endsWith("=" + fact));
  }

  private void waysIn() {
    List<String> silent =
        settings.login().mechanisms().stream()
            .filter(mechanism -> !mechanism.saysPassword())
            .map(SaslMechanism::toString)
            .toList();
    if (silent.isEmpty()
        || settings.directory().stream().anyMatch(link -> mayTellPass(link.kind()))) {
      return;
    }
    boolean onlyTokens =
        settings.login().mechanisms().stream()
            .allMatch(mechanism -> mechanism.saysPassword() || mechanism.showsToken());
    for (Map.Entry<String, BackendSettings> each : settings.backends().entrySet()) {
      boolean byToken = onlyTokens && each.getValue().takesTokens();
      if (each.getValue().loginAs().user() == null && !byToken) {
        fault(
            "backends." + each.getKey() + ".login-as",
            "wanted a master user: behind "
                + String.join(", ", silent)
                + " nobody knows the client's password, and no link of `directory` tells `pass`");
      }
    }
  }

  /// Whether a link may tell a password for the backend.
  private static boolean mayTellPass(LinkKind link) {
    return switch (link) {
      case HttpLinkSettings _, FileLinkSettings _ -> true;
      case SqlLinkSettings sql -> sql.query().matches("(?is).*\\bpass\\b.*");
      case LdapLinkSettings ldap -> tells(ldap, "pass");
      case OAuth2LinkSettings oauth2 ->
          oauth2.facts().stream().anyMatch(each -> each.endsWith("=pass"));
      case BackendLinkSettings _, RewriteLinkSettings _, MapLinkSettings _ -> false;
    };
  }

  private void fault(String key, String text) {
    faults.add(new Fault(0, 0, key, text));
  }
}
