package dormouse;

import dormouse.config.BackendLinkSettings;
import dormouse.config.FileContents;
import dormouse.config.FileLinkSettings;
import dormouse.config.HttpLinkSettings;
import dormouse.config.LdapLinkSettings;
import dormouse.config.LinkSettings;
import dormouse.config.MapLinkSettings;
import dormouse.config.OAuth2LinkSettings;
import dormouse.config.RewriteLinkSettings;
import dormouse.config.SqlLinkSettings;
import dormouse.directory.BackendLink;
import dormouse.directory.BadLink;
import dormouse.directory.Link;
import dormouse.directory.LinkMaker;
import dormouse.directory.Workers;
import dormouse.directory.file.FileLink;
import dormouse.directory.http.HttpLink;
import dormouse.directory.ldap.LdapLink;
import dormouse.directory.oauth2.OAuth2Link;
import dormouse.directory.sql.SqlLink;
import dormouse.directory.step.MapLink;
import dormouse.directory.step.RewriteLink;
import dormouse.ops.Metrics;
import dormouse.session.SteadyClock;
import dormouse.tls.BackendTrust;
import dormouse.tls.BadCertificates;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Makes the links of the directory, and holds what they share: the threads on which files are looked at and passwords hashed.
/// Any thread.
final class Links implements LinkMaker, AutoCloseable {
  private static final int LOOKUPS_AT_A_TIME = 64;

  /// How long a password waits to be hashed: shorter than a link's usual timeout, which would count as a failure of the link.
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final boolean epoll;
  private final SteadyClock clock;
  private final Workers lookups;
  private final Workers checks;

  /// @param epoll whether the event loops are native epoll ones
  Links(boolean epoll, SteadyClock clock, Metrics metrics) {
    this.epoll = epoll;
    this.clock = clock;
    // half of the processors are left for everything else, however many guess passwords
    int atATime = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
    lookups = new Workers("directory", LOOKUPS_AT_A_TIME, PATIENCE, clock);
    checks = new Workers("passwords", atATime, PATIENCE, clock);
    metrics.watchPasswordChecks(checks::waiting);
  }

  /// What the files hold that links read when they are made, as a hash; the rest of them are read again when they change. Blocks.
  static String fingerprint(List<LinkSettings> links) {
    List<Path> files = new ArrayList<>();
    for (LinkSettings link : links) {
      switch (link.kind()) {
        case HttpLinkSettings http -> add(files, http.ca());
        case SqlLinkSettings sql -> add(files, sql.passwordFile());
        case LdapLinkSettings ldap -> {
          add(files, ldap.ca());
          add(files, ldap.passwordFile());
        }
        case OAuth2LinkSettings oauth2 -> {
          add(files, oauth2.ca());
          add(files, oauth2.clientSecretFile());
        }
        case BackendLinkSettings _,
            FileLinkSettings _,
            RewriteLinkSettings _,
            MapLinkSettings _ -> {}
      }
    }
    return FileContents.fingerprint(files);
  }

  private static void add(List<Path> files, @Nullable Path file) {
    if (file != null) {
      files.add(file);
    }
  }

  @Override
  public Link make(LinkSettings settings, String name, String setting)
      throws BadCertificates, IOException {
    return switch (settings.kind()) {
      case BackendLinkSettings _ -> new BackendLink();
      case HttpLinkSettings http -> {
        BackendTrust trust =
            http.url().tls() ? BackendTrust.load(setting + ".http.ca", true, http.ca()) : null;
        try {
          yield new HttpLink(http, settings.timeout(), trust, epoll, clock);
        } catch (RuntimeException | Error e) {
          if (trust != null) {
            trust.close();
          }
          throw e;
        }
      }
      case FileLinkSettings file -> {
        try {
          yield FileLink.read(file, lookups, checks, clock);
        } catch (IOException e) {
          throw new BadLink(BadLink.faults(setting + ".file.path", e));
        }
      }
      case SqlLinkSettings sql -> SqlLink.of(sql, name, settings.timeout(), checks, clock);
      case LdapLinkSettings ldap -> LdapLink.of(ldap, name, settings.timeout(), checks, clock);
      case OAuth2LinkSettings oauth2 ->
          OAuth2Link.of(oauth2, name, settings.timeout(), settings.cache(), clock);
      case RewriteLinkSettings rewrite -> new RewriteLink(rewrite);
      case MapLinkSettings map -> MapLink.read(map, setting, lookups, clock);
    };
  }

  @Override
  public void close() {
    lookups.close();
    checks.close();
  }
}
