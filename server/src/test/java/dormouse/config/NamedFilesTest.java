package dormouse.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.pkitesting.CertificateBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.junit.jupiter.api.Test;

/// The files that a settings file names: that they are there, and who may read them.
final class NamedFilesTest extends SettingsFileCase {
  @Test
  void filesThatAreNamedMustBeThere() {
    assertThat(
            faults(
                """
                listen: [ { address: "0.0.0.0:993" } ]
                tls: { certificates: [ { certificate: nowhere.pem, key: . } ] }
                backends: { mx: { address: mail, ca: ca.pem } }
                """))
        .containsExactly(
            "2:26: tls.certificates[0].certificate: there is no file "
                + directory.resolve("nowhere.pem"),
            "2:52: tls.certificates[0].key: " + directory.resolve(".") + " is not a file",
            "3:34: backends.mx.ca: there is no file " + directory.resolve("ca.pem"));
  }

  @Test
  void aDatabasesDriverMustTakeItsUrl() {
    assertThat(
            faults(
                SMALLEST
                    + """
                    directory:
                      - sql: { url: "jdbc:postgresql://db:notaport/x", query: "SELECT 1 WHERE :user = ''" }
                      - sql: { url: "jdbc:mariadb://db:3306/x", query: "SELECT 1 WHERE :user = ''" }
                    """))
        .containsExactly(
            "4:12: directory[0].sql.url: its driver does not take it: wanted a host, its port, and the name of a database");
  }

  @Test
  void aKeyThatAllCanReadIsWarnedOf() throws IOException {
    mode("mail.key", "rw-r--r--");
    assertThat(
            warnings(
                SMALLEST + "tls: { certificates: [ { certificate: mail.pem, key: mail.key } ] }\n"))
        .singleElement()
        .asString()
        .startsWith("3:49: tls.certificates[0].key: ")
        .endsWith("can be read by every user of this machine");
  }

  @Test
  void aCertificateThatNoClientGetsIsWarnedOf() throws Exception {
    certificate("ecdsa.pem", "mail.test", "*.test");
    certificate("rsa.pem", "*.TEST", "mail.test");
    certificate("more.pem", "mail.test", "imap.mail.test");
    certificate("nameless.pem");
    assertThat(
            warnings(
                SMALLEST
                    + """
                    tls:
                      certificates:
                        - { certificate: ecdsa.pem, key: mail.key }
                        - { certificate: rsa.pem, key: mail.key }
                        - { certificate: more.pem, key: mail.key }
                        - { certificate: nameless.pem, key: mail.key }
                    """))
        .containsExactly(
            "6:9: tls.certificates[1].certificate: no client gets it: certificates before it have all of its names",
            "8:9: tls.certificates[3].certificate: no client gets it: it is made out to no host that one could ask for");
    assertThat(
            warnings(
                SMALLEST
                    + "tls: { certificates: [ { certificate: nameless.pem, key: mail.key }, { certificate: rsa.pem, key: mail.key } ] }\n"))
        .isEmpty();
  }

  private void certificate(String file, String... names) throws Exception {
    CertificateBuilder made =
        new CertificateBuilder().ecp256().subject("CN=mail").setIsCertificateAuthority(true);
    if (names.length > 0) {
      made.addExtensionOctetString(
          Extension.subjectAlternativeName.getId(),
          false,
          new GeneralNames(
                  Arrays.stream(names)
                      .map(name -> new GeneralName(GeneralName.dNSName, name))
                      .toArray(GeneralName[]::new))
              .getEncoded());
    }
    Files.writeString(directory.resolve(file), made.buildSelfSigned().getCertificatePEM());
  }

  @Test
  void keysOfTicketsAreKeysThatNobodyElseCanRead() throws IOException {
    String tls = SMALLEST + "tls: { ticket-keys: ticket-keys }\n";
    mode("ticket-keys", "rw-r--r--");
    assertThat(warnings(tls))
        .singleElement()
        .asString()
        .startsWith("3:8: tls.ticket-keys: ")
        .endsWith("can be read by every user of this machine");
    Path keys = Files.writeString(directory.resolve("ticket-keys"), "# mine\n\nno-key\n");
    assertThat(faults(tls))
        .containsExactly(
            "3:8: tls.ticket-keys: line 3 of "
                + keys
                + " is not Base64; make one with: openssl rand -base64 48");
  }

  @Test
  void aMasterUserNeedsAFileWithItsPassword() throws IOException {
    Files.writeString(directory.resolve("empty"), "\n");
    Files.writeString(directory.resolve("two-lines"), "one\ntwo\n");
    assertThat(
            faults(
                """
                listen: [ { address: "0.0.0.0:993" } ]
                backends:
                  a: { address: a, login-as: { user: boss, password-file: nowhere } }
                  b: { address: b, login-as: { user: boss, password-file: empty } }
                  c: { address: c, login-as: { user: boss, password-file: two-lines } }
                """))
        .containsExactly(
            "3:44: backends.a.login-as.password-file: there is no file "
                + directory.resolve("nowhere"),
            "4:44: backends.b.login-as.password-file: "
                + directory.resolve("empty")
                + " holds no secret in its first line",
            "5:44: backends.c.login-as.password-file: "
                + directory.resolve("two-lines")
                + " holds more than one line");
    assertThat(
            faults(
                """
                listen: [ { address: "0.0.0.0:993" } ]
                backends:
                  a: { address: a, login-as: { user: boss } }
                  b: { address: b, login-as: { password-file: empty } }
                  c: { address: c, login-as: { separator: "*" } }
                """))
        .containsExactly(
            "3:30: backends.a.login-as.password-file: wanted the file that holds the password of `user`",
            "4:30: backends.b.login-as.user: wanted the master user whose password `password-file` holds",
            "5:30: backends.c.login-as.user: wanted the master user behind the separator");
  }

  @Test
  void aSecretThatAllCanReadIsWarnedOf() throws IOException {
    mode("master.secret", "rw-r--r--");
    assertThat(
            warnings(
                """
                listen: [ { address: "0.0.0.0:993" } ]
                backends:
                  mx: { address: mx, login-as: { user: boss, password-file: master.secret } }
                """))
        .singleElement()
        .asString()
        .contains("login-as.password-file: ")
        .endsWith("can be read by every user of this machine");
  }
}
