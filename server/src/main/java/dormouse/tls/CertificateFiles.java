package dormouse.tls;

import dormouse.config.CertificateSettings;
import dormouse.config.TlsSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/// Tells whether any of the files that TLS is made of has changed, by what is in them: a link that points elsewhere counts, a
/// file that was only touched does not. Pure functions but for the files.
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
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (Path file : files) {
        digest.update(hash(file));
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every JDK has it
    }
  }

  private static byte[] hash(Path file) throws NoSuchAlgorithmException {
    try {
      return MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
    } catch (IOException _) {
      return new byte[1]; // not there, or not for us
    }
  }
}
