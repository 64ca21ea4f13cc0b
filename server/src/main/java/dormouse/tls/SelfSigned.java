package dormouse.tls;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dormouse.config.CertificateSettings;
import dormouse.ops.EventLog;
import dormouse.store.LastingFile;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.CertificateBuilder.KeyUsage;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashSet;
import java.util.OptionalInt;
import java.util.Set;

/// The certificate for those who have none: made at the first start, kept in the state directory, so that who has accepted
/// it once is not asked again; made anew when it has expired, or a file is damaged, as by a crash.
///
/// It names `localhost`, `127.0.0.1`, `::1` and this machine. ECDSA P-256; 825 days, the longest that clients of Apple take.
final class SelfSigned {
  private static final Duration VALID = Duration.ofDays(825);
  private static final int SIGNS_ONLY_ITSELF = 0; // so long is the path below it
  private static final Path HOST_NAME = Path.of("/proc/sys/kernel/hostname");

  private static final EventLog events = EventLog.of(SelfSigned.class);

  private SelfSigned() {}

  /// The certificate and key in `tls/` below the state directory; makes them if they are not there, have expired or are of no use.
  static CertificateSettings in(Path stateDir, InstantSource clock) throws IOException {
    Path directory = stateDir.resolve("tls");
    CertificateSettings files =
        new CertificateSettings(
            directory.resolve("self-signed.crt"), directory.resolve("self-signed.key"));
    if (!isUsable(files, clock.instant())) {
      make(files, clock.instant());
      events.info("self-signed", "certificate", files.certificate(), "valid", VALID);
    }
    return files;
  }

  private static boolean isUsable(CertificateSettings files, Instant now) {
    if (!Files.exists(files.certificate()) || !Files.exists(files.key())) {
      return false;
    }
    try {
      X509Certificate certificate = PemFiles.certificates(files.certificate()).getFirst();
      if (!now.isBefore(certificate.getNotAfter().toInstant())) {
        return false;
      }
      if (isMadeHere(certificate)) {
        PemFiles.key(files.key(), /* passphrases= */ null, certificate);
      }
      return true;
    } catch (PemFiles.Unreadable _) {
      return true; // as without a descriptor: whoever reads it is told so
    } catch (PemFiles.BadFile damaged) {
      events.warn("self-signed-damaged", "why", damaged.getMessage());
      return false;
    }
  }

  /// As [#make] does. Whoever has put another there that is valid is told what is wrong with its key, and keeps it.
  private static boolean isMadeHere(X509Certificate certificate) {
    return certificate.getIssuerX500Principal().equals(certificate.getSubjectX500Principal())
        && certificate.getBasicConstraints() == SIGNS_ONLY_ITSELF;
  }

  private static void make(CertificateSettings files, Instant now) throws IOException {
    CertificateBuilder builder =
        new CertificateBuilder()
            .ecp256()
            .subject("CN=" + hostName())
            .notBefore(now.minus(Duration.ofHours(1))) // clocks differ
            .notAfter(now.plus(VALID))
            .setIsCertificateAuthority(true) // who trusts it trusts nothing else
            .setPathLengthConstraint(OptionalInt.of(SIGNS_ONLY_ITSELF))
            .setKeyUsage(true, KeyUsage.digitalSignature, KeyUsage.keyCertSign)
            .addExtendedKeyUsageServerAuth();
    Set<String> names = new LinkedHashSet<>(Set.of("localhost"));
    names.add(hostName());
    names.forEach(builder::addSanDnsName);
    builder.addSanIpAddress("127.0.0.1").addSanIpAddress("::1");
    X509Bundle made;
    try {
      made = builder.buildSelfSigned();
    } catch (Exception e) { // the builder declares no less
      throw new IOException("cannot make a self-signed certificate", e);
    }
    LastingFile.write(files.key(), made.getPrivateKeyPEM().getBytes(US_ASCII), "rw-------");
    LastingFile.write(
        files.certificate(), made.getCertificatePEM().getBytes(US_ASCII), "rw-r--r--");
  }

  /// Asked of the kernel: a resolver might wait for a name server. A name that is none by RFC 2396, as those of some
  /// containers are, cannot be in the certificate.
  private static String hostName() {
    try {
      String name = Files.readString(HOST_NAME).strip();
      return name.equals(URI.create("host://" + name).getHost()) ? name : "localhost";
    } catch (IOException | IllegalArgumentException notLinuxOrNoName) {
      return "localhost";
    }
  }
}
