package dormouse.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.ByteArrayOutputStream;
import java.security.cert.CertificateException;
import java.util.Base64;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

final class PemCertificatesTest {
  /// Behind a certificate in what `openssl x509 -trustout -addreject serverAuth` writes.
  private static final byte[] REMARKS = HexFormat.of().parseHex("300ca00a06082b06010505070301");

  private final X509Bundle made;

  PemCertificatesTest() throws Exception {
    made =
        new CertificateBuilder()
            .ecp256()
            .subject("CN=mail")
            .setIsCertificateAuthority(true)
            .buildSelfSigned();
  }

  @Test
  void certificatesAreFoundByEitherLabel() throws Exception {
    byte[] der = made.getCertificate().getEncoded();
    String all =
        made.getPrivateKeyPEM()
            + pem("CERTIFICATE", der)
            + "mail:\r\n"
            + pem("X509 CERTIFICATE", der);
    assertThat(PemCertificates.in(all)).hasSize(2).containsOnly(made.getCertificate());
  }

  @Test
  void whatOpenSslMayHaveRejectedIsNone() throws Exception {
    var rejected = new ByteArrayOutputStream();
    rejected.writeBytes(made.getCertificate().getEncoded());
    rejected.writeBytes(REMARKS);
    assertThat(PemCertificates.in(pem("TRUSTED CERTIFICATE", rejected.toByteArray()))).isEmpty();
  }

  @Test
  void whatIsNoneIsPassedOverAndWhatIsDamagedTold() throws Exception {
    byte[] der = made.getCertificate().getEncoded();
    assertThat(PemCertificates.in(pem("CERTIFICATE REQUEST", der) + pem("X509 CRL", der)))
        .isEmpty();
    for (String body : new String[] {"MII", "AAAA", "", "§"}) {
      assertThatThrownBy(() -> PemCertificates.in(block("CERTIFICATE", body)))
          .as(body)
          .isInstanceOf(CertificateException.class);
    }
  }

  private static String pem(String label, byte[] der) {
    return block(label, Base64.getMimeEncoder().encodeToString(der));
  }

  private static String block(String label, String body) {
    return "-----BEGIN %s-----\n%s\n-----END %1$s-----\n".formatted(label, body);
  }
}
