package dormouse;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.HexFormat;
import org.bouncycastle.cert.jcajce.JcaX509CRLConverter;
import org.bouncycastle.cert.jcajce.JcaX509v2CRLBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// Files of every sort that settings may name, with what a start wants in them, in one directory: whatever is a certificate there fits whatever is a key.
public final class SampleFiles {
  private static final String SUCCESSFUL_OCSP_RESPONSE = "30070a0100a0023000"; // RFC 6960 §4.2.1

  private final Path directory;
  private final X509Bundle made;

  public SampleFiles(Path directory) throws Exception {
    this.directory = directory;
    this.made = certificate("sample");
  }

  /// A certificate that signs itself.
  public static X509Bundle certificate(String name) throws Exception {
    return new CertificateBuilder()
        .ecp256()
        .subject("CN=" + name)
        .setIsCertificateAuthority(true)
        .buildSelfSigned();
  }

  /// Writes one; what is in it goes by its name.
  public Path write(String name) throws Exception {
    Path file = directory.resolve(name);
    switch (name.substring(name.lastIndexOf('.') + 1)) {
      case "pem" ->
          Files.writeString(
              file, name.startsWith("revoked") ? revoked() : made.getCertificatePEM());
      case "key" -> Files.writeString(file, made.getPrivateKeyPEM());
      case "ocsp" -> Files.write(file, HexFormat.of().parseHex(SUCCESSFUL_OCSP_RESPONSE));
      case "secret" -> Files.writeString(file, "a secret, or whatever it is\n");
      case "yaml" -> Files.writeString(file, "ann: \"{PLAIN}x\"\n");
      case "users" -> Files.writeString(file, "ann:{PLAIN}x\n");
      case "popmap" -> Files.writeString(file, "ann: mx1\n");
      case "tickets" -> Files.writeString(file, "A".repeat(64) + "\n");
      default -> throw new IOException("who knows what is in " + name);
    }
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
  }

  /// A list of revoked certificates, with none.
  private String revoked() throws Exception {
    Instant now = Instant.now();
    JcaX509v2CRLBuilder list =
        new JcaX509v2CRLBuilder(made.getCertificate(), Date.from(now.minusSeconds(60)));
    list.setNextUpdate(Date.from(now.plus(Duration.ofDays(10))));
    byte[] der =
        new JcaX509CRLConverter()
            .getCRL(
                list.build(
                    new JcaContentSignerBuilder("SHA256withECDSA")
                        .build(made.getKeyPair().getPrivate())))
            .getEncoded();
    return "-----BEGIN X509 CRL-----\n"
        + Base64.getMimeEncoder().encodeToString(der)
        + "\n-----END X509 CRL-----\n";
  }
}
