package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.testkit.DovecotOptions;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import dormouse.testkit.SelfSigned;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.cert.CertificateFactory;
import java.util.Base64;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// TLS to a Dovecot that wants a certificate of its clients: by name, by CA and by pin, from the first byte and by STARTTLS.
class BackendTlsIT {
  private static DovecotServer dovecot;

  @TempDir static Path directory = Path.of("");

  private static SelfSigned other;

  @BeforeAll
  static void start() throws Exception {
    dovecot = DovecotServer.start(DovecotOptions.DEFAULT.withClientCertificates());
    other = SelfSigned.in(directory);
  }

  @AfterAll
  static void stop() {
    dovecot.close();
  }

  private static String ours() {
    return ", client-certificate: " + dovecot.certificate() + ", client-key: " + dovecot.key();
  }

  private static String pin(Path certificate) throws Exception {
    try (var in = Files.newInputStream(certificate)) {
      byte[] key =
          CertificateFactory.getInstance("X.509")
              .generateCertificate(in)
              .getPublicKey()
              .getEncoded();
      return Base64.getEncoder().encodeToString(MessageDigest.getInstance("SHA-256").digest(key));
    }
  }

  private static String settings(String tls, String more) {
    return """
    listen: [ { address: "127.0.0.1:0", tls: none } ]
    backends:
      mx: { address: "127.0.0.1:%d", tls: %s, health: { check: none }%s }
    """
        .formatted(tls.equals("tls") ? dovecot.imapsPort() : dovecot.imapPort(), tls, more);
  }

  /// What a login is answered, `OK` or what follows the tag, both ways to TLS.
  private static String login(String more) {
    String first = null;
    for (String tls : new String[] {"tls", "starttls"}) {
      try (FrontEnd front = FrontEnd.of(settings(tls, more));
          ImapClient client = ImapClient.connect(front.plain())) {
        String answer = login(client);
        assertThat(first == null ? answer : first).as(tls).isEqualTo(answer);
        first = answer;
        if (answer.equals("OK")) { // a handshake that resumed a session would fail here
          ImapClient.connect(front.plain()).login("u2", DovecotServer.PASSWORD).logout();
        }
      }
    }
    return String.valueOf(first);
  }

  private static String login(ImapClient client) {
    String answer = client.command("LOGIN u1 " + DovecotServer.PASSWORD).getLast();
    return answer.replaceFirst("^\\S+ (OK(?= )|)", "$1").replaceFirst("^OK .*", "OK");
  }

  @Test
  void whoShowsTheRightCertificateIsLetIn() {
    assertThat(login(", ca: " + dovecot.certificate() + ours())).isEqualTo("OK");
  }

  @Test
  void itsKeyMayBeUnderAPassPhrase() throws Exception {
    Path key = directory.resolve("encrypted.key");
    Path phrases = Files.writeString(directory.resolve("phrases"), "wrong\nright\n");
    Process openssl =
        new ProcessBuilder(
                "openssl",
                "pkcs8",
                "-topk8",
                "-in",
                dovecot.key().toString(),
                "-out",
                key.toString(),
                "-passout",
                "pass:right")
            .inheritIO()
            .start();
    assertThat(openssl.waitFor()).isZero();
    assertThat(
            login(
                ", ca: "
                    + dovecot.certificate()
                    + ours().replace(dovecot.key().toString(), key.toString())
                    + ", client-passphrase-file: "
                    + phrases))
        .isEqualTo("OK");
  }

  @Test
  void whoShowsNoneOrAnotherIsNot() {
    assertThat(login(", ca: " + dovecot.certificate())).startsWith("NO ");
    String wrong = ", client-certificate: " + other.certificate() + ", client-key: " + other.key();
    assertThat(login(", ca: " + dovecot.certificate() + wrong)).startsWith("NO ");
  }

  @Test
  void aBackendIsTrustedByItsKeyWhoeverSignedIt() throws Exception {
    String right = pin(dovecot.certificate());
    String wrong = pin(other.certificate());
    assertThat(login(", pins: [ \"" + right + "\" ]" + ours())).isEqualTo("OK");
    assertThat(login(", pins: [ \"" + wrong + "\", sha256/" + right + " ]" + ours()))
        .isEqualTo("OK");
    assertThat(login(", pins: [ \"" + wrong + "\" ]" + ours()))
        .isEqualTo("NO [UNAVAILABLE] The mail server could not prove who it is, try again later");
  }

  @Test
  void itsCertificateMustBeMadeOutToTheNameThatIsSet() {
    String ca = ", ca: " + dovecot.certificate() + ours();
    assertThat(login(ca + ", tls-name: localhost")).isEqualTo("OK");
    assertThat(login(ca + ", tls-name: mail.example.org"))
        .isEqualTo("NO [UNAVAILABLE] The mail server could not prove who it is, try again later");
  }

  @Test
  void aReloadReadsTheFilesAgain() throws Exception {
    Path ca = Files.copy(other.certificate(), directory.resolve("ca.pem"));
    String settings = settings("tls", ", ca: " + ca + ours());
    try (FrontEnd front = FrontEnd.of(settings);
        ImapClient client = ImapClient.connect(front.plain())) {
      assertThat(login(client)).startsWith("NO [UNAVAILABLE]");
      Files.copy(dovecot.certificate(), ca, StandardCopyOption.REPLACE_EXISTING);
      for (int i = 0; i < 3; i++) {
        front.reload(settings);
        try (ImapClient another = ImapClient.connect(front.plain())) {
          assertThat(login(another)).isEqualTo("OK");
        }
      }
    }
  }
}
