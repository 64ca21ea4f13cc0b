package dormouse.tls;

import static java.util.Arrays.asList;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dormouse.config.BackendSettings;
import dormouse.config.CertificateSettings;
import dormouse.config.Fault;
import dormouse.config.SettingsFile;
import dormouse.config.SettingsRead;
import dormouse.config.TlsSettings;
import dormouse.session.SteadyClock;
import dormouse.store.Forced;
import dormouse.tls.records.RecordLayer;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.CertificateBuilder.KeyUsage;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPrivateKey;
import java.security.spec.RSAKeyGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertificatesTest {
  @TempDir Path dir;

  private Instant now = Instant.now();
  private final SteadyClock clock = new SteadyClock(() -> now, System::nanoTime);
  private Path certificate;
  private Path key;

  @BeforeEach
  void aCertificateWithItsKey() throws Exception {
    X509Bundle made = made("a");
    certificate = file("a.crt", made.getCertificatePEM());
    key = file("a.key", made.getPrivateKeyPEM());
  }

  @Test
  void aCertificateAndItsKeyAreTaken() throws Exception {
    Certificates.load(settings(certificate, key), dir, clock, new RecordLayer(_ -> {})).close();
  }

  /// Its handler gives what it opens in pieces that follow from the length of its tickets.
  @Test
  void soIsOneWhoseRecordsAreLeftToBoringSsl() throws Exception {
    RecordLayer engines = RecordLayer.telling(false, (_, _) -> {});
    Certificates.load(settings(certificate, key), dir, clock, engines).close();
  }

  @Test
  void theSelfSignedCertificateIsMadeOnce() throws Exception {
    Path state = dir.resolve("state");
    Certificates.load(TlsSettings.DEFAULT, state, clock, new RecordLayer(_ -> {})).close();
    Path made = state.resolve("tls/self-signed.crt");
    byte[] first = Files.readAllBytes(made);
    now = now.plus(Duration.ofDays(824));
    Certificates.load(TlsSettings.DEFAULT, state, clock, new RecordLayer(_ -> {})).close();
    assertThat(made).hasBinaryContent(first);
    assertThat(Files.getPosixFilePermissions(state.resolve("tls/self-signed.key")))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    X509Certificate read = PemFiles.certificates(made).getFirst();
    assertThat(read.getSubjectAlternativeNames())
        .contains(asList(2, "localhost"), asList(7, "127.0.0.1"), asList(7, "0:0:0:0:0:0:0:1"));
    assertThat(Duration.between(read.getNotBefore().toInstant(), read.getNotAfter().toInstant()))
        .isBetween(Duration.ofDays(825), Duration.ofDays(826));
  }

  @Test
  void aLossOfPowerLeavesTheSelfSignedCertificateAndItsKey() throws Exception {
    List<String> forced =
        Forced.during(() -> {
          Certificates.load(TlsSettings.DEFAULT, dir, clock, new RecordLayer(_ -> {})).close();
          return null;
        });
    String tls = dir.resolve("tls").toString();
    assertThat(forced).hasSize(4).contains(tls);
    assertThat(forced.getFirst()).startsWith(tls + "/self-signed.key");
    assertThat(forced.get(2)).startsWith(tls + "/self-signed.crt");
  }

  @Test
  void theSelfSignedCertificateIsMadeAnewWhenItHasExpired() throws Exception {
    Certificates.load(TlsSettings.DEFAULT, dir, clock, new RecordLayer(_ -> {})).close();
    Path made = dir.resolve("tls/self-signed.crt");
    byte[] first = Files.readAllBytes(made);
    now = now.plus(Duration.ofDays(826));
    Certificates.load(TlsSettings.DEFAULT, dir, clock, new RecordLayer(_ -> {})).close();
    assertThat(Files.readAllBytes(made)).isNotEqualTo(first);
  }

  @Test
  void aStateDirectoryThatCannotBeHadNamesItsSetting() throws Exception {
    Path noDirectory = file("state", "");
    assertThat(faults(TlsSettings.DEFAULT, noDirectory))
        .singleElement()
        .asString()
        .startsWith("runtime.state-dir: cannot be written to: ");
  }

  @Test
  void allFaultsAreToldAtOnceEachWithItsSetting() throws Exception {
    X509Bundle other = made("b");
    X509Bundle rsa =
        new CertificateBuilder()
            .rsa2048()
            .subject("CN=c")
            .setIsCertificateAuthority(true)
            .buildSelfSigned();
    List<CertificateSettings> all = new ArrayList<>();
    all.add(new CertificateSettings(dir.resolve("none.crt"), key));
    all.add(new CertificateSettings(certificate, dir.resolve("none.key")));
    all.add(new CertificateSettings(key, key));
    all.add(new CertificateSettings(certificate, certificate));
    all.add(new CertificateSettings(certificate, file("b.key", other.getPrivateKeyPEM())));
    all.add(new CertificateSettings(certificate, file("c.key", rsa.getPrivateKeyPEM())));
    all.add(new CertificateSettings(certificate, file("e.key", pem("ENCRYPTED PRIVATE KEY", 9))));
    all.add(new CertificateSettings(certificate, file("d.key", pem("PRIVATE KEY", 9))));
    all.add(new CertificateSettings(dir, key));
    assertThat(faults(new TlsSettings(all), dir))
        .extracting(Fault::toString)
        .containsExactly(
            "tls.certificates[0].certificate: there is no file " + dir.resolve("none.crt"),
            "tls.certificates[1].key: there is no file " + dir.resolve("none.key"),
            "tls.certificates[2].certificate: wanted certificates in PEM, but there are none in "
                + key,
            "tls.certificates[3].key: wanted a private key in PEM, but there is none in "
                + certificate,
            "tls.certificates[4].key: the key in "
                + dir.resolve("b.key")
                + " does not fit the certificate",
            "tls.certificates[5].key: the key in "
                + dir.resolve("c.key")
                + " does not fit the certificate",
            "tls.certificates[6].key: wanted a key in clear, or a file of pass phrases beside it, but the one in "
                + dir.resolve("e.key")
                + " is encrypted",
            "tls.certificates[7].key: wanted a private key in PEM, but the one in "
                + dir.resolve("d.key")
                + " is damaged",
            "tls.certificates[8].certificate: cannot read " + dir + ": Is a directory");
  }

  @Test
  void whatIsWrongWithOneFileOfACertificateDoesNotHideTheOthers() throws Exception {
    Path garbage = file("garbage", "no such thing\n");
    assertThat(
            faults(
                new TlsSettings(List.of(new CertificateSettings(garbage, garbage, null, garbage))),
                dir))
        .extracting(Fault::key)
        .containsExactly(
            "tls.certificates[0].certificate",
            "tls.certificates[0].key",
            "tls.certificates[0].ocsp");
    Path file =
        file(
            "dormouse.yaml",
            """
            listen: [ { address: "127.0.0.1:0" } ]
            backends: { mx: { address: mx, ca: garbage, client-certificate: garbage, client-key: garbage } }
            """);
    BackendSettings backend =
        ((SettingsRead.Good) SettingsFile.read(file))
            .settings()
            .backends()
            .values()
            .iterator()
            .next();
    assertThat(
            catchThrowableOfType(BadCertificates.class, () -> BackendTrust.load("mx", backend))
                .faults())
        .extracting(Fault::key)
        .containsExactly(
            "backends.mx.ca", "backends.mx.client-certificate", "backends.mx.client-key");
  }

  @Test
  void keysInTheOlderFormsAreTaken() throws Exception {
    X509Bundle rsa =
        new CertificateBuilder()
            .rsa2048()
            .subject("CN=r")
            .setIsCertificateAuthority(true)
            .buildSelfSigned();
    byte[] pkcs1 = lastOctets(rsa.getKeyPair().getPrivate().getEncoded(), 26);
    Path rsaCertificate = file("r.crt", rsa.getCertificatePEM());
    Path rsaKey = file("r.key", pem("RSA PRIVATE KEY", pkcs1));
    Certificates.load(settings(rsaCertificate, rsaKey), dir, clock, new RecordLayer(_ -> {}))
        .close();

    ECPrivateKey ec =
        (ECPrivateKey) PemFiles.key(key, null, PemFiles.certificates(certificate).getFirst());
    Path ecKey = file("ec.key", pem("EC PRIVATE KEY", sec1(ec)));
    Certificates.load(settings(certificate, ecKey), dir, clock, new RecordLayer(_ -> {})).close();
  }

  /// A CA's own certificate is for signing others: BoringSSL shows none that is not for the signatures of handshakes.
  @Test
  void aCertificateThatBoringSslDoesNotShowIsAFault() throws Exception {
    X509Bundle signer =
        new CertificateBuilder()
            .ecp256()
            .subject("CN=ca")
            .setIsCertificateAuthority(true)
            .setKeyUsage(true, KeyUsage.keyCertSign, KeyUsage.cRLSign)
            .buildSelfSigned();
    TlsSettings settings =
        new TlsSettings(
            List.of(
                new CertificateSettings(certificate, key),
                new CertificateSettings(
                    file("ca.crt", signer.getCertificatePEM()),
                    file("ca.key", signer.getPrivateKeyPEM()))));
    assertThat(faults(settings, dir))
        .singleElement()
        .asString()
        .startsWith("tls.certificates[1].certificate: BoringSSL does not take the certificate")
        .endsWith(" (its keyUsage is without digitalSignature)");
    assertThat(
            catchThrowableOfType(
                    BadCertificates.class,
                    () -> Certificates.tryOut(settings, clock, new RecordLayer(_ -> {})))
                .faults())
        .isEqualTo(faults(settings, dir));
  }

  /// It is for RSA key exchange alone, which we do not speak; BoringSSL shows it, but no client of its takes it.
  @Test
  void soIsOneWithWhichTheSelfCheckFails() throws Exception {
    X509Bundle old =
        new CertificateBuilder()
            .rsa2048()
            .subject("CN=old")
            .setKeyUsage(true, KeyUsage.keyEncipherment)
            .buildIssuedBy(made("ca"));
    Path oldKey = file("old.key", old.getPrivateKeyPEM());
    assertThat(faults(settings(file("old.crt", old.getCertificatePEM()), oldKey), dir))
        .singleElement()
        .asString()
        .startsWith("tls.certificates[0].certificate: the self check of TLSv1.3 failed: ")
        .contains("KEY_USAGE");
  }

  /// Its public point fits the certificate, and so nobody has tried it before.
  @Test
  void soIsADamagedKey() throws Exception {
    ECPrivateKey other = (ECPrivateKey) made("b").getKeyPair().getPrivate();
    byte[] info = PemFiles.certificates(certificate).getFirst().getPublicKey().getEncoded();
    byte[] point = lastOctets(info, info.length - 65);
    byte[] sec1 = Arrays.copyOf(sec1(other), 39 + 70);
    sec1[1] = 37 + 70;
    System.arraycopy(new byte[] {(byte) 0xA1, 68, 3, 66, 0}, 0, sec1, 39, 5); // [1] BIT STRING
    System.arraycopy(point, 0, sec1, 44, 65);
    Path damaged = file("damaged.key", pem("EC PRIVATE KEY", sec1));
    assertThat(faults(settings(certificate, damaged), dir))
        .singleElement()
        .asString()
        .startsWith(
            "tls.certificates[0].certificate: BoringSSL does not take the certificate with its key: ")
        .doesNotContain("null");
  }

  /// BoringSSL takes exponents of up to 33 bits.
  @Test
  void soIsAKeyThatIsNotAsBoringSslWantsIt() throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(
        new RSAKeyGenParameterSpec(2048, BigInteger.ONE.shiftLeft(40).add(BigInteger.ONE)));
    KeyPair odd = generator.generateKeyPair();
    X509Bundle signed =
        new CertificateBuilder().subject("CN=odd").keyPair(odd).buildIssuedBy(made("ca"));
    Path oddKey = file("odd.key", pem("PRIVATE KEY", odd.getPrivate().getEncoded()));
    assertThat(faults(settings(file("odd.crt", signed.getCertificatePEM()), oddKey), dir))
        .singleElement()
        .asString()
        .startsWith(
            "tls.certificates[0].certificate: BoringSSL does not take the certificate with its key: ")
        .doesNotContain("null");
  }

  /// `SEQUENCE { INTEGER 1, OCTET STRING of 32 }` (RFC 5915 §3).
  private static byte[] sec1(ECPrivateKey ec) {
    byte[] der = new byte[39];
    System.arraycopy(new byte[] {0x30, 37, 2, 1, 1, 4, 32}, 0, der, 0, 7);
    byte[] s = ec.getS().toByteArray();
    int length = Math.min(s.length, 32);
    System.arraycopy(s, s.length - length, der, 39 - length, length);
    return der;
  }

  private static byte[] lastOctets(byte[] der, int from) {
    return Arrays.copyOfRange(der, from, der.length);
  }

  private List<Fault> faults(TlsSettings settings, Path stateDir) {
    return catchThrowableOfType(
            BadCertificates.class,
            () -> Certificates.load(settings, stateDir, clock, new RecordLayer(_ -> {})))
        .faults();
  }

  private static X509Bundle made(String name) throws Exception {
    return new CertificateBuilder()
        .ecp256()
        .subject("CN=" + name)
        .setIsCertificateAuthority(true)
        .buildSelfSigned();
  }

  private static TlsSettings settings(Path certificate, Path key) {
    return new TlsSettings(List.of(new CertificateSettings(certificate, key)));
  }

  private Path file(String name, String text) throws IOException {
    return Files.writeString(dir.resolve(name), text);
  }

  private static String pem(String kind, int bytes) {
    return pem(kind, new byte[bytes]);
  }

  private static String pem(String kind, byte[] der) {
    return "-----BEGIN "
        + kind
        + "-----\n"
        + Base64.getMimeEncoder().encodeToString(der)
        + "\n-----END "
        + kind
        + "-----\n";
  }
}
