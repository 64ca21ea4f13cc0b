package dormouse;

import dormouse.config.BackendLinkSettings;
import dormouse.config.Fault;
import dormouse.config.FileLinkSettings;
import dormouse.config.HttpLinkSettings;
import dormouse.config.LdapLinkSettings;
import dormouse.config.LinkSettings;
import dormouse.config.MapLinkSettings;
import dormouse.config.OAuth2LinkSettings;
import dormouse.config.RewriteLinkSettings;
import dormouse.config.Settings;
import dormouse.config.SettingsFile;
import dormouse.config.SettingsRead;
import dormouse.config.SqlLinkSettings;
import dormouse.directory.BadLink;
import dormouse.ops.Metrics;
import dormouse.session.SteadyClock;
import dormouse.tls.BackendTrust;
import dormouse.tls.BadCertificates;
import dormouse.tls.Certificates;
import dormouse.tls.JdkTrust;
import dormouse.tls.records.RecordLayer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Reads the files that settings name as a start does, by what reads them there, and gives back what comes of it: so `dormouse check` knows what
/// a start would refuse, and a start or a reload that was refused tells all of it. Nothing is written, and no socket opened. For one thread.
public final class NamedFiles {
  private static final SteadyClock CLOCK = SteadyClock.start();

  private interface Reading {
    void read() throws BadCertificates, IOException;
  }

  private final List<Fault> faults = new ArrayList<>();

  private NamedFiles() {}

  /// What is wrong with them. Blocks.
  public static List<Fault> faults(Settings settings) {
    NamedFiles named = new NamedFiles();
    RecordLayer records = RecordLayer.telling(settings.runtime().ownRecords(), (_, _) -> {});
    named.read("tls", () -> Certificates.tryOut(settings.tls(), CLOCK, records));
    settings
        .backends()
        .forEach((name, backend) ->
            named.read("backends." + name, () -> BackendTrust.load(name, backend).close()));
    try (Links links = new Links(/* epoll= */ false, CLOCK, new Metrics())) {
      for (int i = 0; i < settings.directory().size(); i++) {
        named.link(settings.directory().get(i), "directory[" + i + "]", links);
      }
    }
    return named.faults;
  }

  /// Why what a settings file says was refused: all that is wrong with it and with the files that it names, a line each; `""` if nothing is, and
  /// something else has stood in the way, such as an address that is taken. Blocks.
  static String why(Path file) {
    return switch (SettingsFile.check(file, NamedFiles::faults)) {
      case SettingsRead.Bad bad -> bad.told(file);
      case SettingsRead.Good _ -> "";
    };
  }

  /// Those whose making is more than reading, as of a pool of connections, are not made: of them it is read what makes them.
  private void link(LinkSettings settings, String setting, Links links) {
    String key = setting + "." + settings.kind().key();
    switch (settings.kind()) {
      case HttpLinkSettings _, FileLinkSettings _, MapLinkSettings _ ->
          read(key, () -> links.make(settings, key, setting).close());
      case LdapLinkSettings ldap -> {
        if (ldap.usesTls()) {
          read(key + ".ca", () -> JdkTrust.of(ldap.ca()));
        }
      }
      case OAuth2LinkSettings oauth2 -> read(key + ".ca", () -> JdkTrust.of(oauth2.ca()));
      case SqlLinkSettings _,
          BackendLinkSettings _,
          RewriteLinkSettings _ -> {} // name none but a secret, at which the settings' checks look
    }
  }

  private void read(String setting, Reading reading) {
    try {
      reading.read();
    } catch (BadCertificates e) {
      faults.addAll(e.faults());
    } catch (BadLink e) {
      faults.addAll(e.faults());
    } catch (IOException e) {
      faults.addAll(BadLink.faults(setting, e));
    }
  }
}
