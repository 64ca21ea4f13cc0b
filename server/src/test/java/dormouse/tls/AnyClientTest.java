package dormouse.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Random;
import javax.net.ssl.TrustManagerFactory;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.DSAParameter;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What strangers can make us compute.
class AnyClientTest {
  private KeyPair one;
  private KeyPair other;
  private AnyClient client;

  @BeforeEach
  void keys() throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    one = generator.generateKeyPair();
    other = generator.generateKeyPair();
    TrustManagerFactory nobody =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    nobody.init((KeyStore) null);
    client = new AnyClient(List.of(), nobody);
  }

  /// As OpenSSL does; and nothing is computed by a key that a stranger has chosen.
  @Test
  void whetherACertificateSignsItselfIsToldByItsNames() throws Exception {
    X509Certificate signedByAnother =
        certificate("CN=x", SubjectPublicKeyInfo.getInstance(one.getPublic().getEncoded()));
    assertThat(client.fault(List.of(signedByAnother))).isEqualTo("self-signed certificate");
  }

  /// With one of 260,000 bits a check of a signature took 39 seconds.
  @Test
  void aKeyThatIsTooLongIsRefused() throws Exception {
    Random random = new Random(1);
    BigInteger p = new BigInteger(65_536, random).setBit(65_535).setBit(0);
    BigInteger q = new BigInteger(256, random).setBit(255).setBit(0);
    SubjectPublicKeyInfo key =
        new SubjectPublicKeyInfo(
            new AlgorithmIdentifier(
                X9ObjectIdentifiers.id_dsa, new DSAParameter(p, q, BigInteger.TWO)),
            new ASN1Integer(new BigInteger(65_000, random)));
    X509Certificate[] chain = {
      certificate("CN=me", SubjectPublicKeyInfo.getInstance(one.getPublic().getEncoded())),
      certificate("CN=x", key)
    };
    assertThatThrownBy(() -> client.checkClientTrusted(chain, "EC"))
        .isInstanceOf(CertificateException.class)
        .hasMessage("its key is too long");
    client.checkClientTrusted(new X509Certificate[] {chain[0]}, "EC");
  }

  private X509Certificate certificate(String name, SubjectPublicKeyInfo key) throws Exception {
    var builder =
        new X509v3CertificateBuilder(
            new X500Name(name),
            BigInteger.ONE,
            Date.from(Instant.now().minus(Duration.ofDays(1))),
            Date.from(Instant.now().plus(Duration.ofDays(1))),
            new X500Name(name),
            key);
    return new JcaX509CertificateConverter()
        .getCertificate(
            builder.build(
                new JcaContentSignerBuilder("SHA256withECDSA").build(other.getPrivate())));
  }
}
