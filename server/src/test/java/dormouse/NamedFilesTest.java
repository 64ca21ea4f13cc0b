package dormouse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dormouse.config.Fault;
import dormouse.config.Settings;
import dormouse.config.SettingsFile;
import dormouse.config.SettingsRead;
import dormouse.ops.Metrics;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.CertificateBuilder.KeyUsage;
import io.netty.pkitesting.X509Bundle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What is wrong in the files that settings name: told by a check, and refused by a start.
class NamedFilesTest {
  @TempDir Path directory = Path.of("");

  @BeforeEach
  void theFilesAreThere() throws Exception {
    SampleFiles samples = new SampleFiles(directory);
    for (String each : List.of("mail.pem", "revoked.pem", "mail.key", "mail.ocsp", "a.secret")) {
      samples.write(each);
    }
    Files.writeString(directory.resolve("garbage"), "no such thing\n");
    Files.writeString(
        directory.resolve("other.key"), SampleFiles.certificate("other").getPrivateKeyPEM());
    Files.writeString(directory.resolve("users"), "ann:{PLAIN}x\nann:{PLAIN}y\nhunter2\n");
    Files.writeString(directory.resolve("users.yaml"), "ann: \"{NEW}hunter2\"\n");
    Files.writeString(directory.resolve("popmap"), "ann: mx1\n(: mx1\n(a): $2\n");
    Files.write(directory.resolve("latin1"), new byte[] {'a', (byte) 0xE4, ':', ' ', 'm'});
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          tls: { certificates: [ { certificate: garbage, key: mail.key } ] } | 1:26: tls.certificates[0].certificate: wanted certificates in PEM, but there are none in %garbage
          tls: { certificates: [ { certificate: mail.pem, key: garbage } ] } | 1:49: tls.certificates[0].key: wanted a private key in PEM, but there is none in %garbage
          tls: { certificates: [ { certificate: mail.pem, key: other.key } ] } | 1:49: tls.certificates[0].key: the key in %other.key does not fit the certificate
          tls: { certificates: [ { certificate: mail.pem, key: mail.key, ocsp: garbage } ] } | 1:64: tls.certificates[0].ocsp: wanted an OCSP response in DER, but there is none in %garbage
          tls: { client-certificates: optional, client-ca: garbage } | 1:39: tls.client-ca: wanted certificates in PEM, but there are none in %garbage
          tls: { client-certificates: optional, client-ca: mail.pem, client-crl: garbage } | 1:60: tls.client-crl: wanted lists of revoked certificates in PEM, but %garbage is damaged: No CRL data found
          backends: { mx: { address: mx, ca: garbage } } | 1:32: backends.mx.ca: wanted certificates in PEM, but there are none in %garbage
          backends: { mx: { address: mx, client-certificate: garbage, client-key: mail.key } } | 1:32: backends.mx.client-certificate: wanted certificates in PEM, but there are none in %garbage
          backends: { mx: { address: mx, client-certificate: mail.pem, client-key: other.key } } | 1:62: backends.mx.client-key: the key in %other.key does not fit the certificate
          directory: [ { file: { path: users } } ] | 1:24: directory[0].file.path: %users:2: a user of line 1 again: ann ; 1:24: directory[0].file.path: %users:3: wanted a line such as `ann:{SHA512-CRYPT}$6$…`
          directory: [ { file: { path: users.yaml } } ] | 1:24: directory[0].file.path: %users.yaml:1: unknown password scheme NEW
          directory: [ { map: { file: popmap, form: patterns } }, { backend: } ] | 1:23: directory[0].map.file: %popmap:2: no regular expression: a ( without its ) ; 1:23: directory[0].map.file: %popmap:3: the value names a group that the pattern does not have
          directory: [ { map: { file: latin1 } }, { backend: } ] | 1:23: directory[0].map.file: %latin1:1: wanted text in UTF-8
          directory: [ { map: { lines: [ "a: b", nobody ], file: latin1 } }, { backend: } ] | 1:40: directory[0].map.lines[1]: wanted a line such as `ann: mail.example.org:143` ; 1:50: directory[0].map.file: %latin1:1: wanted text in UTF-8
          directory: [ { http: { url: "https://auth/", ca: garbage } } ] | 1:46: directory[0].http.ca: wanted certificates in PEM, but there are none in %garbage
          directory: [ { ldap: { urls: [ "ldaps://ldap" ], base: "o=x", ca: garbage } } ] | 1:63: directory[0].ldap.ca: wanted certificates in PEM, but there are none in %garbage
          directory: [ { oauth2: { jwks: "https://p/k", issuer: i, audience: [ a ], ca: garbage } }, { backend: } ] | 1:75: directory[0].oauth2.ca: wanted certificates in PEM, but there are none in %garbage
          """)
  void whatIsWrongInAFileIsToldByACheckAndRefusedByAStart(String text, String faults)
      throws Exception {
    String[] wanted = faults.replace("%", directory + "/").split(" ; ");
    Path file = write(text);
    assertThat(told(file)).containsExactly(wanted);
    assertThatThrownBy(() -> Dormouse.start(good(file), new Metrics()))
        .isInstanceOf(StartFault.class)
        .hasMessageContaining(why(wanted[0]));
  }

  /// A CA's own certificate, with which no handshake may be signed. BoringSSL has its own words for it.
  @Test
  void soIsACertificateThatBoringSslDoesNotTake() throws Exception {
    X509Bundle signer =
        new CertificateBuilder()
            .ecp256()
            .subject("CN=signer")
            .setIsCertificateAuthority(true)
            .setKeyUsage(true, KeyUsage.keyCertSign, KeyUsage.cRLSign)
            .buildSelfSigned();
    Files.writeString(directory.resolve("signer.pem"), signer.getCertificatePEM());
    Files.writeString(directory.resolve("signer.key"), signer.getPrivateKeyPEM());
    Path file = write("tls: { certificates: [ { certificate: signer.pem, key: signer.key } ] }");
    String why = "BoringSSL does not take the certificate with its key: ";
    assertThat(told(file))
        .singleElement()
        .asString()
        .startsWith("1:26: tls.certificates[0].certificate: " + why);
    assertThatThrownBy(() -> Dormouse.start(good(file), new Metrics()))
        .isInstanceOf(StartFault.class)
        .hasMessageContaining(why);
  }

  /// All that is wrong with one is told, whatever else is wrong with it; and none of it twice, in other words or of another key.
  @Test
  void faultsDoNotHideEachOtherNorAreToldTwice() throws Exception {
    Files.writeString(directory.resolve("encrypted.key"), pem("ENCRYPTED PRIVATE KEY"));
    Path file =
        write(
            """
            tls:
              certificates:
                - { certificate: garbage, key: garbage, ocsp: garbage }
                - { certificate: nowhere, key: nowhere.key, passphrase-file: a.secret }
                - { certificate: mail.pem, key: encrypted.key, passphrase-file: nowhere }
            backends:
              mx: { address: mx, ca: garbage, client-certificate: garbage, client-key: garbage }
            directory:
              - ldap: { urls: [ "ldaps://ldap" ], base: "o=x", ca: garbage, bind-dn: "o=x", password-file: nowhere }
              - map: { file: nowhere, lines: [ nobody ] }
            """);
    assertThat(told(file).stream().map(NamedFilesTest::lineAndKey))
        .containsExactly(
            "3 tls.certificates[0].certificate",
            "3 tls.certificates[0].key",
            "3 tls.certificates[0].ocsp",
            "4 tls.certificates[1].certificate",
            "4 tls.certificates[1].key",
            "5 tls.certificates[2].passphrase-file",
            "7 backends.mx.ca",
            "7 backends.mx.client-certificate",
            "7 backends.mx.client-key",
            "9 directory[0].ldap.ca",
            "9 directory[0].ldap.password-file",
            "10 directory[1].map.file",
            "10 directory[1].map.lines[0]");
  }

  /// A certificate of our own is made by a start, and not by a look.
  @Test
  void whatIsGoodIsAndNothingIsWritten() throws Exception {
    Path file =
        write(
            "tls: { client-certificates: optional, client-ca: mail.pem, client-crl: revoked.pem }\n");
    List<String> before = names();
    assertThat(SettingsFile.check(file, NamedFiles::faults)).isInstanceOf(SettingsRead.Good.class);
    assertThat(names()).isEqualTo(before);
  }

  private static String lineAndKey(String fault) {
    return fault.replaceFirst(":\\d+: ", " ").replaceFirst(": .*", "");
  }

  private static String why(String fault) {
    return fault.replaceFirst("^\\d+:\\d+: [^:]+: ", "");
  }

  private static String pem(String label) {
    return "-----BEGIN " + label + "-----\nMAA=\n-----END " + label + "-----\n";
  }

  private List<String> told(Path file) {
    return switch (SettingsFile.check(file, NamedFiles::faults)) {
      case SettingsRead.Bad(List<Fault> faults) -> faults.stream().map(Fault::toString).toList();
      case SettingsRead.Good _ -> List.of();
    };
  }

  private static Settings good(Path file) {
    return switch (SettingsFile.read(file)) {
      case SettingsRead.Good(Settings settings, _) -> settings;
      case SettingsRead.Bad(List<Fault> faults) ->
          throw new IllegalArgumentException(faults.toString());
    };
  }

  private List<String> names() throws Exception {
    try (Stream<Path> all = Files.walk(directory)) {
      return all.map(Path::toString).sorted().toList();
    }
  }

  private Path write(String text) throws Exception {
    String whole =
        text
            + "\nlisten: [ { address: \"127.0.0.1:0\" } ]\nruntime: { state-dir: state }\nadmin: { address: none }\n"
            + (text.contains("backends:")
                ? ""
                : "backends: { mx: { address: \"127.0.0.1:1\" } }\n");
    return Files.writeString(directory.resolve("dormouse.yaml"), whole);
  }
}
