package dormouse.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dormouse.config.CertificateSettings;
import dormouse.config.TlsSettings;
import dormouse.session.SteadyClock;
import dormouse.tls.records.Carrier;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.netty.util.ReferenceCountUtil;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.Certificate;
import java.security.spec.ECGenParameterSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// Certificates of every kind of key that is served, shown to the clients that take it.
class ServedKeysTest {
  private static final List<String> VERSIONS = List.of("TLSv1.3", "TLSv1.2");

  enum Kind {
    P_256("EC", "secp256r1"),
    P_384("EC", "secp384r1"),
    P_521("EC", "secp521r1"),
    RSA_2048("RSA", "2048"),
    RSA_3072("RSA", "3072"),
    ED25519("Ed25519", "");

    private final String algorithm;
    private final String size;

    Kind(String algorithm, String size) {
      this.algorithm = algorithm;
      this.size = size;
    }

    KeyPair make() throws GeneralSecurityException {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
      switch (algorithm) {
        case "EC" -> generator.initialize(new ECGenParameterSpec(size));
        case "RSA" -> generator.initialize(Integer.parseInt(size));
        default -> {} // there is but one
      }
      return generator.generateKeyPair();
    }
  }

  /// Those that a client of BoringSSL's takes; the JDK's takes all.
  private static final Set<Kind> FOR_BORING_SSL =
      Set.of(Kind.P_256, Kind.P_384, Kind.RSA_2048, Kind.RSA_3072);

  @TempDir Path dir = Path.of("");

  private final List<Carrier> carriers = new ArrayList<>();
  private X509Bundle ca;
  private X509Bundle between;

  @BeforeEach
  void signers() throws Exception {
    ca = signer().buildSelfSigned();
    between = signer().buildIssuedBy(ca);
  }

  private static CertificateBuilder signer() {
    return new CertificateBuilder().ecp256().subject("CN=signer").setIsCertificateAuthority(true);
  }

  @ParameterizedTest
  @EnumSource
  void itIsShownWithWhoSignedIt(Kind kind) throws Exception {
    try (Certificates certificates = load(kind)) {
      for (SslProvider provider : List.of(SslProvider.OPENSSL_REFCNT, SslProvider.JDK)) {
        for (String version : VERSIONS) {
          if (provider == SslProvider.JDK || FOR_BORING_SSL.contains(kind)) {
            greets(certificates, client(provider, version), kind);
          }
        }
      }
    }
  }

  private void greets(Certificates certificates, SslContext client, Kind kind) throws Exception {
    carriers.clear();
    try (Handshake one = new Handshake(certificates, client, "a.test")) {
      one.run(Handshake.WHOLE);
      assertThat(one.serverHeard).hasToString("a NOOP\r\n");
      assertThat(one.say("a OK\r\n").clientHeard).hasToString("a OK\r\n");
      assertThat(carriers).containsExactly(Carrier.OWN);
      Certificate[] shown = one.tls.engine().getSession().getPeerCertificates();
      assertThat(shown).hasSize(2);
      assertThat(shown[0]).isEqualTo(PemFiles.certificates(file(kind, "crt")).getFirst());
      assertThat(shown[1]).isEqualTo(between.getCertificate());
    } finally {
      ReferenceCountUtil.release(client);
    }
  }

  /// By an alert; nothing of it is left behind.
  @ParameterizedTest
  @CsvSource({"P_521, TLSv1.3", "ED25519, TLSv1.3", "ED25519, TLSv1.2"})
  void whoDoesNotTakeItIsToldSo(Kind kind, String version) throws Exception {
    SslContext client = client(SslProvider.OPENSSL_REFCNT, version);
    try (Certificates certificates = load(kind)) {
      try (Handshake one = new Handshake(certificates, client, "a.test")) {
        assertThatThrownBy(() -> one.run(Handshake.WHOLE))
            .as("the server")
            .hasRootCauseInstanceOf(SSLException.class);
        assertThatThrownBy(() -> one.run(Handshake.WHOLE))
            .as("the client")
            .hasStackTraceContaining("ALERT_HANDSHAKE_FAILURE");
      } finally {
        ReferenceCountUtil.release(client);
      }
      greets(certificates, client(SslProvider.JDK, "TLSv1.3"), kind);
    }
  }

  private Certificates load(Kind kind) throws Exception {
    KeyPair keys = kind.make();
    X509Bundle own =
        new CertificateBuilder().subject("CN=a.test").keyPair(keys).buildIssuedBy(between);
    Files.writeString(file(kind, "crt"), own.getCertificatePEM() + between.getCertificatePEM());
    Files.writeString(file(kind, "key"), own.getPrivateKeyPEM());
    return Certificates.load(
        new TlsSettings(List.of(new CertificateSettings(file(kind, "crt"), file(kind, "key")))),
        dir,
        SteadyClock.start(),
        Handshake.layer(carriers));
  }

  private Path file(Kind kind, String what) {
    return dir.resolve(kind + "." + what);
  }

  private static SslContext client(SslProvider provider, String version) throws Exception {
    return SslContextBuilder.forClient()
        .sslProvider(provider)
        .protocols(version)
        .trustManager(InsecureTrustManagerFactory.INSTANCE)
        .endpointIdentificationAlgorithm(null)
        .build();
  }
}
