package dormouse.tls;

import dormouse.config.CertificateSettings;
import dormouse.config.FileContents;
import dormouse.config.TlsSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Tells whether any of the files that TLS is made of has changed. Pure functions but for the files.
final class CertificateFiles {
  private CertificateFiles() {}

  /// A hash of all of them. Blocks.
  static String fingerprint(TlsSettings settings, List<CertificateSettings> certificates) {
    List<Path> files = new ArrayList<>();
    for (CertificateSettings certificate : certificates) {
      files.add(certificate.certificate());
      files.add(certificate.key());
      if (certificate.passphraseFile() != null) {
        files.add(certificate.passphraseFile());
      }
      if (certificate.ocsp() != null) {
        files.add(certificate.ocsp());
      }
    }
    if (settings.clientCa() != null) {
      files.add(settings.clientCa());
    }
    if (settings.clientCrl() != null) {
      files.add(settings.clientCrl());
    }
    if (settings.ticketKeys() != null) {
      files.add(settings.ticketKeys());
    }
    return FileContents.fingerprint(files);
  }
}
