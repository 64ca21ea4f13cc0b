package dormouse.config;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What no single record can know: files that must be there, listeners that are in each other's way. The faults have
/// no line and column; who knows the file adds them.
public final class SettingsChecks {
  private static final List<InetAddress> ALL_ADDRESSES =
      List.of(InetAddress.ofLiteral("0.0.0.0"), InetAddress.ofLiteral("::"));

  private final List<Fault> faults = new ArrayList<>();
  private final List<Fault> warnings = new ArrayList<>();

  private final List<Fault> known;

  private SettingsChecks(List<Fault> known) {
    this.known = known;
  }

  /// Looks at the settings and at the files they name. Blocks.
  public static SettingsChecks of(Settings settings) {
    return of(settings, List.of());
  }

  /// The same of settings in which defaults stand for what is faulty, and some of that is left out: nothing is told that may come of it.
  ///
  /// @param known the faults
  static SettingsChecks of(Settings settings, List<Fault> known) {
    SettingsChecks checks = new SettingsChecks(known);
    checks.certificates(settings.tls());
    settings.backends().forEach(checks::backend);
    checks.directory(settings);
    checks.feeds(settings);
    checks.groups(settings);
    checks.routes(settings);
    if (checks.areWhole("listen", "feeds", "admin")) {
      checks.addresses(settings);
    }
    if (checks.areWhole("backends", "directory")) {
      checks.homes(settings);
    }
    if (checks.areWhole("listen", "tls", "backends", "directory", "login")) {
      checks.faults.addAll(MechanismChecks.faults(settings));
    }
    return checks;
  }

  private boolean areWhole(String... sections) {
    return known.stream()
        .noneMatch(fault -> Arrays.stream(sections).anyMatch(fault.key()::startsWith));
  }

  /// Whether there may be an entry of this name that is left out.
  private boolean isFaulty(String section, String name) {
    String entry = section + "." + name;
    return known.stream()
        .map(Fault::key)
        .anyMatch(key -> key.equals(section) || key.equals(entry) || key.startsWith(entry + "."));
  }

  /// What keeps Dormouse from starting.
  public List<Fault> faults() {
    return faults;
  }

  /// What works and is unwise.
  public List<Fault> warnings() {
    return warnings;
  }

  private void addresses(Settings settings) {
    Map<InetSocketAddress, String> taken = new HashMap<>();
    for (int i = 0; i < settings.listen().size(); i++) {
      address(taken, "listen[" + i + "].address", settings.listen().get(i).address());
    }
    for (int i = 0; i < settings.feeds().size(); i++) {
      String key = "feeds[" + i + "]." + settings.feeds().get(i).kind().key() + ".listen";
      switch (settings.feeds().get(i).kind()) {
        case DovecotEventsSettings events -> feedAddress(taken, key, events.listen());
        case DovecotOxSettings events -> feedAddress(taken, key, events.listen());
        case CyrusEventsSettings events -> feedAddress(taken, key, events.listen());
        case RedisSettings _ -> {}
      }
    }
    InetSocketAddress admin = settings.admin().address();
    if (admin != null) {
      address(taken, "admin.address", admin);
    }
  }

  private void feeds(Settings settings) {
    for (int i = 0; i < settings.feeds().size(); i++) {
      FeedKind kind = settings.feeds().get(i).kind();
      String key = "feeds[" + i + "]." + kind.key();
      if (kind instanceof RedisSettings redis && redis.passwordFile() != null) {
        secret(key + ".password-file", redis.passwordFile());
      }
      for (String name : kind.backends()) {
        if (!settings.backends().containsKey(name) && !isFaulty("backends", name)) {
          fault(key + ".backends", "there is no backend " + name);
        }
      }
    }
  }

  private void address(
      Map<InetSocketAddress, String> taken, String key, InetSocketAddress address) {
    String other = address.getPort() == 0 ? null : taken.putIfAbsent(address, key);
    if (other != null) {
      fault(key, "the same address as " + other + ": " + Units.show(address));
    }
  }

  /// All addresses are those of IPv4 and IPv6 where a feed has them, while of listeners each may have its own.
  private void feedAddress(
      Map<InetSocketAddress, String> taken, String key, InetSocketAddress address) {
    String other =
        address.getPort() == 0 || !address.getAddress().isAnyLocalAddress()
            ? null
            : ALL_ADDRESSES.stream()
                .filter(all -> !all.equals(address.getAddress()))
                .map(all -> taken.get(new InetSocketAddress(all, address.getPort())))
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
    if (other == null) {
      address(taken, key, address);
    } else {
      fault(key, "the same port of all addresses as " + other + ": " + Units.show(address));
    }
  }

  private void certificates(TlsSettings tls) {
    if (tls.clientCa() != null) {
      file("tls.client-ca", tls.clientCa());
    }
    if (tls.clientCrl() != null) {
      file("tls.client-crl", tls.clientCrl());
    }
    if (tls.ticketKeys() != null) {
      ticketKeys("tls.ticket-keys", tls.ticketKeys());
    }
    for (int i = 0; i < tls.certificates().size(); i++) {
      CertificateSettings certificate = tls.certificates().get(i);
      String key = "tls.certificates[" + i + "]";
      file(key + ".certificate", certificate.certificate());
      if (certificate.ocsp() != null) {
        file(key + ".ocsp", certificate.ocsp());
      }
      privateKey(
          key + ".key", certificate.key(), key + ".passphrase-file", certificate.passphraseFile());
    }
    if (tls.certificates().size() > 1) {
      namesOf(tls.certificates());
    }
  }

  /// The first of a name is served to whoever asks for that, and the first of all to everybody else.
  private void namesOf(List<CertificateSettings> certificates) {
    Set<String> before = new HashSet<>();
    for (int i = 0; i < certificates.size(); i++) {
      Set<String> names = CertificateNames.in(certificates.get(i).certificate());
      if (names == null) {
        continue;
      }
      boolean hasMore = before.addAll(names);
      if (i > 0 && !hasMore) {
        warning(
            "tls.certificates[" + i + "].certificate",
            names.isEmpty()
                ? "no client gets it: it is made out to no host that one could ask for"
                : "no client gets it: certificates before it have all of its names");
      }
    }
  }

  private void privateKey(
      String key, Path file, String passphrasesKey, @Nullable Path passphrases) {
    boolean there = file(key, file);
    if (there) {
      warnIfReadableByAll(key, file);
    }
    if (passphrases != null) {
      if (!file(passphrasesKey, passphrases)) {
        return;
      }
      warnIfReadableByAll(passphrasesKey, passphrases);
    }
    String wrong = there ? KeyFile.fault(file, passphrases) : null;
    if (wrong != null) {
      fault(passphrases == null ? key : passphrasesKey, wrong);
    }
  }

  private void ticketKeys(String key, Path file) {
    if (!file(key, file)) {
      return;
    }
    try {
      TicketKeyFile.read(file).forEach(read -> Arrays.fill(read, (byte) 0));
    } catch (IOException e) {
      fault(key, String.valueOf(e.getMessage()));
    }
    warnIfReadableByAll(key, file);
  }

  private void backend(String name, BackendSettings backend) {
    String key = "backends." + name;
    if (backend.ca() != null) {
      file(key + ".ca", backend.ca());
    }
    if (backend.clientCertificate() != null && backend.clientKey() != null) {
      file(key + ".client-certificate", backend.clientCertificate());
      privateKey(
          key + ".client-key",
          backend.clientKey(),
          key + ".client-passphrase-file",
          backend.clientPassphraseFile());
    }
    Path probe = backend.health().passwordFile();
    if (probe != null) {
      secret(key + ".health.password-file", probe);
    }
    Path secret = backend.loginAs().passwordFile();
    if (secret != null) {
      secret(key + ".login-as.password-file", secret);
    }
    Path canary = backend.canary().passwordFile();
    if (canary != null) {
      secret(key + ".canary.password-file", canary);
    }
    if (backend.port() == 993 && backend.tls() != BackendTls.TLS) {
      warning(key + ".tls", "port 993 usually speaks TLS from the first byte: `tls: tls`");
    }
    if (!backend.verify() && backend.tls() != BackendTls.NONE) {
      warning(
          key + ".verify",
          "its certificate is not checked: anybody on the way can read passwords and mail");
    }
  }

  private void secret(String key, Path file) {
    if (!file(key, file)) {
      return;
    }
    try {
      Arrays.fill(SecretFile.read(file), (byte) 0);
    } catch (IOException e) {
      fault(key, String.valueOf(e.getMessage()));
    }
    warnIfReadableByAll(key, file);
  }

  private void directory(Settings settings) {
    for (int i = 0; i < settings.directory().size(); i++) {
      LinkKind kind = settings.directory().get(i).kind();
      link("directory[" + i + "]", kind);
      if (kind instanceof RewriteLinkSettings rewrite && rewrite.hostAfter() != null) {
        typedHosts("directory[" + i + "].rewrite.host-after", settings);
      }
    }
  }

  /// A host that a client types must be one of ours: with a pattern it is any, which would be told the password of the next master user, and
  /// made-up ones would take the places of those that the directory names.
  private void typedHosts(String key, Settings settings) {
    settings
        .backends()
        .forEach((name, backend) -> {
          if (backend.isPattern()) {
            fault(
                key,
                "clients name hosts by it, and "
                    + name
                    + " of `backends` would be any of them: wanted no `*` in its address");
          }
        });
  }

  private void link(String place, LinkKind kind) {
    String key = place + "." + kind.key();
    switch (kind) {
      case BackendLinkSettings _, RewriteLinkSettings _ -> {}
      case HttpLinkSettings http -> {
        if (http.ca() != null) {
          file(key + ".ca", http.ca());
        }
      }
      case FileLinkSettings users -> {
        if (file(key + ".path", users.path())) {
          warnIfReadableByAll(key + ".path", users.path());
        }
      }
      case SqlLinkSettings sql -> {
        driver(key + ".url", sql.url());
        if (sql.passwordFile() != null) {
          secret(key + ".password-file", sql.passwordFile());
        }
      }
      case LdapLinkSettings ldap -> {
        if (ldap.ca() != null) {
          file(key + ".ca", ldap.ca());
        }
        if (ldap.passwordFile() != null) {
          secret(key + ".password-file", ldap.passwordFile());
        }
      }
      case OAuth2LinkSettings oauth2 -> {
        if (oauth2.jwks() == null && oauth2.introspection() == null) {
          fault(key, "wanted `jwks` or `introspection`");
        }
        warnIfInClear(key + ".jwks", oauth2.jwks());
        warnIfInClear(key + ".introspection", oauth2.introspection());
        if (oauth2.ca() != null) {
          file(key + ".ca", oauth2.ca());
        }
        if (oauth2.clientSecretFile() != null) {
          secret(key + ".client-secret-file", oauth2.clientSecretFile());
        }
      }
      case MapLinkSettings map -> {
        if (map.file() != null) {
          file(key + ".file", map.file());
        }
      }
    }
  }

  private void driver(String key, String url) {
    try {
      DriverManager.getDriver(url);
    } catch (SQLException _) {
      fault(
          key, "its driver does not take it: wanted a host, its port, and the name of a database");
    }
  }

  private void groups(Settings settings) {
    settings
        .groups()
        .forEach((name, group) -> {
          String key = "groups." + name;
          if (settings.backends().containsKey(name)) {
            fault(key, "there is a backend of this name");
          }
          for (String member : group.backends().keySet()) {
            BackendSettings backend = settings.backends().get(member);
            if (backend == null && !isFaulty("backends", member)) {
              fault(key + ".backends." + member, "there is no backend " + member);
            } else if (backend != null && backend.isPattern()) {
              fault(key + ".backends." + member, "its address is a pattern, and so it is none");
            }
          }
          if (masters(settings, group) == 1) {
            warning(
                key,
                "not all of its backends have `login-as`: who slept on one that has wakes on no other");
          }
        });
  }

  /// Whether none (0), some (1) or all (2) backends of a group that may serve in place of each other have a master user.
  private static int masters(Settings settings, GroupSettings group) {
    if (group.mail() == GroupSettings.Mail.SPLIT) {
      return 0;
    }
    long with =
        group.backends().keySet().stream()
            .map(settings.backends()::get)
            .filter(backend -> backend != null && backend.loginAs().user() != null)
            .count();
    return with == 0 ? 0 : with < group.backends().size() ? 1 : 2;
  }

  private void routes(Settings settings) {
    for (int i = 0; i < settings.routes().size(); i++) {
      String to = settings.routes().get(i).to();
      BackendSettings backend = settings.backends().get(to);
      if (!settings.groups().containsKey(to)
          && (backend == null || backend.isPattern())
          && !isFaulty("groups", to)
          && !isFaulty("backends", to)) {
        fault("routes[" + i + "].to", "there is no group or backend " + to);
      }
    }
  }

  private void homes(Settings settings) {
    boolean backendDecides =
        settings.directory().stream().allMatch(link -> link.kind() instanceof BackendLinkSettings);
    if (backendDecides
        && settings.backends().values().stream().allMatch(BackendSettings::isPattern)) {
      fault(
          "backends",
          "wanted at least one without `*` in its address, unless a link of `directory` names hosts");
    }
  }

  private boolean file(String key, Path file) {
    if (!Files.exists(file)) {
      fault(key, "there is no file " + file);
    } else if (!Files.isRegularFile(file)) {
      fault(key, file + " is not a file");
    } else if (!Files.isReadable(file)) {
      fault(key, file + " cannot be read by the user " + System.getProperty("user.name"));
    } else {
      return true;
    }
    return false;
  }

  private void warnIfReadableByAll(String key, Path file) {
    try {
      if (Files.getPosixFilePermissions(file).contains(PosixFilePermission.OTHERS_READ)) {
        warning(key, file + " can be read by every user of this machine");
      }
    } catch (IOException | UnsupportedOperationException _) {
      // no such permissions here
    }
  }

  private void warnIfInClear(String key, @Nullable AuthUrl url) {
    if (url != null && !url.tls() && !isHere(url.host())) {
      warning(key, "http:// is asked in clear: anybody on the way can let in whomever they like");
    }
  }

  private static boolean isHere(String host) {
    try {
      return host.equalsIgnoreCase("localhost") || InetAddress.ofLiteral(host).isLoopbackAddress();
    } catch (IllegalArgumentException _) {
      return false; // a name
    }
  }

  private void fault(String key, String text) {
    faults.add(new Fault(0, 0, key, text));
  }

  private void warning(String key, String text) {
    warnings.add(new Fault(0, 0, key, text));
  }
}
