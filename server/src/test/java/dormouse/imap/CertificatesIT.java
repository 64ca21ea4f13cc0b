package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dormouse.config.CertificateSettings;
import dormouse.config.ClientCertificates;
import dormouse.config.ListenTls;
import dormouse.config.TlsSettings;
import dormouse.testkit.Endpoint;
import dormouse.testkit.ImapClient;
import dormouse.testkit.NginxMailServer;
import dormouse.testkit.Wait;
import dormouse.tls.BadCertificates;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Certificates that change while clients are there, OCSP responses, certificates of clients and session tickets, with OpenSSL as the client.
class CertificatesIT {
  private static final Duration SOON = Duration.ofSeconds(10);
  private static final List<String> VERSIONS = List.of("-tls1_3", "-tls1_2");

  @TempDir Path dir = Path.of("");

  private X509Bundle ca = bundle("ca");
  private Path certificate = Path.of("");
  private Path key = Path.of("");

  @BeforeEach
  void aSignedCertificate() throws Exception {
    ca = bundle("ca");
    Files.writeString(dir.resolve("ca.crt"), ca.getCertificatePEM());
    Files.writeString(dir.resolve("ca.key"), ca.getPrivateKeyPEM());
    certificate = dir.resolve("mail.crt");
    key = dir.resolve("mail.key");
    write(signed("first"));
  }

  @Test
  void aChangedFileIsServedAndWhoIsThereStays() throws Exception {
    try (ListenedStage stage = stage(settings(ClientCertificates.NONE, null));
        ImapClient before = ImapClient.connect(Endpoint.tls(stage.port()))) {
      stage.certificates.watch(Duration.ofMillis(100));
      assertThat(servedAt(stage)).isEqualTo("CN=first");

      Files.writeString(certificate, signed("other").getCertificatePEM()); // without its key
      before.ok("NOOP");
      assertThat(servedAt(stage)).isEqualTo("CN=first");

      write(signed("second"));
      Wait.until("the new one is served", SOON, () -> servedAt(stage).equals("CN=second"));
      before.ok("NOOP");
      write(signed("third"));
      Wait.until("the newest is served", SOON, () -> servedAt(stage).equals("CN=third"));
      before.ok("NOOP");
    }
  }

  /// The same files do for nginx (`ssl_password_file`).
  @Test
  void aKeyMayBeUnderAPassPhraseThatChanges() throws Exception {
    Path phrases = Files.writeString(dir.resolve("phrases"), "old phrase\n");
    encrypt("old phrase");
    String block =
        "mail { auth_http 127.0.0.1:1/; ssl_certificate %s; ssl_certificate_key %s; ssl_password_file %s; server { listen 993 ssl; protocol imap; } }";
    try (ListenedStage stage = stage(underPassPhrase(phrases))) {
      NginxMailServer.ofBlock(block.formatted(certificate, key, phrases)).close();
      assertThat(servedAt(stage)).isEqualTo("CN=first");

      write(signed("second"));
      encrypt("new phrase");
      assertThatThrownBy(() -> stage.certificates.use(underPassPhrase(phrases)))
          .isInstanceOf(BadCertificates.class)
          .hasMessage(
              "tls.certificates[0].passphrase-file: no pass phrase in %s opens the key in %s",
              phrases, key);
      assertThat(servedAt(stage)).isEqualTo("CN=first");

      stage.certificates.watch(Duration.ofMillis(100));
      Files.writeString(phrases, "old phrase\nnew phrase\n");
      NginxMailServer.ofBlock(block.formatted(certificate, key, phrases)).close();
      Wait.until("the new one is served", SOON, () -> servedAt(stage).equals("CN=second"));
    }
  }

  private TlsSettings underPassPhrase(Path phrases) {
    return new TlsSettings(List.of(new CertificateSettings(certificate, key, phrases, null)));
  }

  private void encrypt(String phrase) throws IOException {
    run(
        "openssl",
        "pkcs8",
        "-topk8",
        "-in",
        "mail.key",
        "-out",
        "new",
        "-passout",
        "pass:" + phrase);
    Files.move(dir.resolve("new"), key, StandardCopyOption.ATOMIC_MOVE);
  }

  @Test
  void whatCannotBeUsedChangesNothing() throws Exception {
    try (ListenedStage stage = stage(settings(ClientCertificates.NONE, null))) {
      Files.writeString(key, signed("other").getPrivateKeyPEM());
      assertThatThrownBy(() -> stage.certificates.use(settings(ClientCertificates.NONE, null)))
          .isInstanceOf(BadCertificates.class)
          .hasMessageContaining("does not fit the certificate");
      assertThat(servedAt(stage)).isEqualTo("CN=first");
    }
  }

  @Test
  void anOcspResponseIsStapled() throws Exception {
    Path response = ocspResponse();
    try (ListenedStage stage = stage(settings(ClientCertificates.NONE, response))) {
      for (String version : VERSIONS) {
        assertThat(openssl(stage, version, "-status", "-CAfile", "ca.crt"))
            .contains("OCSP Response Status: successful", "Cert Status: good", "* OK");
        assertThat(openssl(stage, version)).doesNotContain("OCSP Response Status");
      }
    }
    Files.writeString(response, "no DER");
    assertThatThrownBy(() -> stage(settings(ClientCertificates.NONE, response)))
        .isInstanceOf(BadCertificates.class)
        .hasMessageContaining("tls.certificates[0].ocsp: wanted an OCSP response in DER");
  }

  @Test
  void whoSignedIsShownWithIt() throws Exception {
    X509Bundle between =
        new CertificateBuilder()
            .ecp256()
            .subject("CN=between")
            .setIsCertificateAuthority(true)
            .buildIssuedBy(ca);
    X509Bundle own = new CertificateBuilder().rsa2048().subject("CN=own").buildIssuedBy(between);
    Files.writeString(certificate, own.getCertificatePEM() + between.getCertificatePEM());
    Files.writeString(key, own.getPrivateKeyPEM());
    try (ListenedStage stage = stage(settings(ClientCertificates.NONE, null))) {
      for (String version : VERSIONS) {
        assertThat(openssl(stage, version, "-CAfile", "ca.crt", "-verify_return_error"))
            .contains("Verify return code: 0 (ok)", "* OK");
      }
    }
  }

  /// It is told so at once, and others are served.
  @Test
  void whoTakesNoSuchSignatureIsToldSo() throws Exception {
    try (ListenedStage stage = stage(settings(ClientCertificates.NONE, null))) {
      for (String version : VERSIONS) {
        assertThat(openssl(stage, version, "-sigalgs", "rsa_pss_rsae_sha256:RSA+SHA256"))
            .contains("alert handshake failure")
            .doesNotContain("* OK");
      }
      assertThat(openssl(stage)).contains("* OK");
    }
  }

  @Test
  void aClientsCertificateIsAskedForAndItsNameKnown() throws Exception {
    X509Bundle ann = signed("Ann");
    Path own = dir.resolve("ann.pem");
    Files.writeString(own, ann.getCertificatePEM() + ann.getPrivateKeyPEM());
    X509Bundle stranger = bundle("Eve");
    Path strange = dir.resolve("eve.pem");
    Files.writeString(strange, stranger.getCertificatePEM() + stranger.getPrivateKeyPEM());
    try (ListenedStage stage = stage(settings(ClientCertificates.REQUIRED, null))) {
      assertThat(openssl(stage)).doesNotContain("* OK");
      assertThat(openssl(stage, "-cert", strange.toString())).doesNotContain("* OK");
      assertThat(openssl(stage, "-cert", own.toString())).contains("* OK");
      knows(stage, "Ann");
    }
    try (ListenedStage stage = stage(settings(ClientCertificates.OPTIONAL, null))) {
      assertThat(openssl(stage)).contains("* OK");
      assertThat(openssl(stage, "-cert", strange.toString())).doesNotContain("* OK");
      assertThat(openssl(stage, "-cert", own.toString())).contains("* OK");
      knows(stage, "Ann", "");
    }
  }

  /// Nor is it by a ticket, for which nobody is shown it again.
  @Test
  void whereAnyMayBeShownAStrangersIsNotBelieved() throws Exception {
    for (X509Bundle each : List.of(signed("Ann"), bundle("Eve"), expired())) {
      String name = each.getCertificate().getSubjectX500Principal().getName().substring(3);
      Files.writeString(
          dir.resolve(name + ".pem"), each.getCertificatePEM() + each.getPrivateKeyPEM());
    }
    try (ListenedStage stage = stage(settings(ClientCertificates.ANY, null))) {
      assertThat(openssl(stage)).contains("* OK");
      assertThat(openssl(stage, "-cert", "Old.pem")).doesNotContain("* OK");
      assertThat(openssl(stage, "-cert", "Eve.pem", "-sess_out", "ticket")).contains("* OK");
      assertThat(openssl(stage, "-cert", "Eve.pem", "-sess_in", "ticket"))
          .contains("Reused", "* OK");
      assertThat(openssl(stage, "-cert", "Ann.pem", "-sess_out", "ticket")).contains("* OK");
      assertThat(openssl(stage, "-cert", "Ann.pem", "-sess_in", "ticket"))
          .contains("Reused", "* OK");
      knows(stage, "Ann", "");
      assertThat(stage.certificateNames()).containsExactlyInAnyOrder("", "Ann");
    }
  }

  private X509Bundle expired() throws Exception {
    return new CertificateBuilder()
        .ecp256()
        .subject("CN=Old")
        .notBefore(Instant.now().minus(Duration.ofDays(3)))
        .notAfter(Instant.now().minus(Duration.ofDays(1)))
        .buildIssuedBy(ca);
  }

  @Test
  void aRevokedCertificateIsNoWayInNorIsItsTicket() throws Exception {
    X509Bundle ann = signed("Ann");
    X509Bundle bob = signed("Bob");
    for (X509Bundle each : List.of(ann, bob)) {
      Path own = dir.resolve(each == ann ? "ann.pem" : "bob.pem");
      Files.writeString(own, each.getCertificatePEM() + each.getPrivateKeyPEM());
    }
    Path crl = revoke(bob);
    TlsSettings settings = settings(ClientCertificates.REQUIRED, crl, null);
    try (ListenedStage stage = stage(settings)) {
      assertThat(openssl(stage, "-cert", "ann.pem", "-sess_out", "ticket")).contains("* OK");
      assertThat(openssl(stage, "-cert", "bob.pem")).doesNotContain("* OK");
      revoke(ann, bob);
      stage.certificates.use(settings);
      assertThat(openssl(stage, "-cert", "ann.pem", "-sess_in", "ticket"))
          .doesNotContain("Reused", "* OK");
    }
    Files.writeString(crl, "no list");
    assertThatThrownBy(() -> stage(settings))
        .isInstanceOf(BadCertificates.class)
        .hasMessageContaining("tls.client-crl: wanted lists of revoked certificates in PEM");
  }

  /// The CA's list of those that are good no more.
  private Path revoke(X509Bundle... bundles) throws IOException {
    StringBuilder index = new StringBuilder();
    for (X509Bundle each : bundles) {
      String serial = each.getCertificate().getSerialNumber().toString(16).toUpperCase(Locale.ROOT);
      index
          .append("R\t991231235959Z\t250101000000Z\t")
          .append(serial.length() % 2 == 0 ? "" : "0")
          .append(serial)
          .append("\tunknown\t/CN=")
          .append(serial)
          .append('\n');
    }
    Files.writeString(dir.resolve("revoked.txt"), index);
    Files.writeString(
        dir.resolve("ca.cnf"),
        "[ca]\ndefault_ca = ours\n[ours]\ndatabase = revoked.txt\ndefault_md = sha256\ndefault_crl_days = 1\n");
    run("openssl ca -gencrl -config ca.cnf -cert ca.crt -keyfile ca.key -out crl.pem".split(" "));
    return dir.resolve("crl.pem");
  }

  /// As on several nodes behind one name, or before and after a restart.
  @Test
  void aTicketIsGoodWhereItsKeyIs() throws Exception {
    Path keys = ticketKeys("keys", newTicketKey());
    Path others = ticketKeys("others", newTicketKey());
    try (ListenedStage one = stage(withTickets(keys));
        ListenedStage two = stage(withTickets(keys));
        ListenedStage other = stage(withTickets(others))) {
      takeTicket(one);
      assertThat(showTicket(two)).isEqualTo("Reused");
      assertThat(showTicket(other)).isEqualTo("New");
      assertThat(showTicket(one)).isEqualTo("Reused");
    }
  }

  /// A new key comes behind, then before the old one, then the old one goes.
  @Test
  void keysOfTicketsAreChangedWithoutLoss() throws Exception {
    String old = newTicketKey();
    String next = newTicketKey();
    Path keys = ticketKeys("keys", old);
    try (ListenedStage stage = stage(withTickets(keys));
        ListenedStage ahead = stage(withTickets(ticketKeys("ahead", next, old)));
        ListenedStage beyond = stage(withTickets(ticketKeys("beyond", next)))) {
      takeTicket(ahead);
      assertThat(showTicket(stage)).isEqualTo("New");
      ticketKeys("keys", old, next);
      stage.certificates.use(withTickets(keys));
      assertThat(showTicket(stage)).isEqualTo("Reused");
      takeTicket(stage);
      assertThat(showTicket(ahead)).isEqualTo("Reused");
      assertThat(showTicket(beyond)).isEqualTo("New");

      stage.certificates.watch(Duration.ofMillis(100));
      ticketKeys("keys", next, old);
      Wait.until(
          "it makes tickets with the new key",
          SOON,
          () -> {
            takeTicket(stage);
            return showTicket(beyond).equals("Reused");
          });
    }
  }

  @Test
  void keysOfTicketsThatCannotBeUsedChangeNothing() throws Exception {
    Path keys = ticketKeys("keys", newTicketKey());
    try (ListenedStage stage = stage(withTickets(keys))) {
      takeTicket(stage);
      ticketKeys("keys", newTicketKey(), "c2hvcnQ=");
      assertThatThrownBy(() -> stage.certificates.use(withTickets(keys)))
          .isInstanceOf(BadCertificates.class)
          .hasMessageContaining(
              "tls.ticket-keys: line 2 of %s holds 5 bytes, wanted 48".formatted(keys));
      assertThat(showTicket(stage)).isEqualTo("Reused");
    }
  }

  /// Without a file, too, tickets outlive a reload, and are as good on every loop.
  @Test
  void aTicketOutlivesAReload() throws Exception {
    TlsSettings settings = settings(ClientCertificates.NONE, null);
    try (ListenedStage stage = new ListenedStage(ListenTls.IMPLICIT, settings, dir, 2)) {
      takeTicket(stage);
      stage.certificates.use(settings);
      for (int i = 0; i < 20 && stage.acceptedOn.size() < 2; i++) {
        assertThat(showTicket(stage)).isEqualTo("Reused");
      }
      assertThat(stage.acceptedOn).hasSize(2);
      write(signed("second")); // which whoever comes shall see
      stage.certificates.use(settings);
      assertThat(showTicket(stage)).isEqualTo("New");
    }
  }

  /// It was given to who had no certificate; now one is wanted.
  @Test
  void aTicketIsNoWayAroundACertificate() throws Exception {
    Path keys = ticketKeys("keys", newTicketKey());
    try (ListenedStage stage = stage(withTickets(keys))) {
      takeTicket(stage);
      assertThat(showTicket(stage)).isEqualTo("Reused");
      stage.certificates.use(
          new TlsSettings(
              null,
              ClientCertificates.REQUIRED,
              dir.resolve("ca.crt"),
              null,
              keys,
              List.of(new CertificateSettings(certificate, key))));
      assertThat(openssl(stage, "-sess_in", "ticket")).doesNotContain("Reused", "* OK");
    }
  }

  private void takeTicket(ListenedStage stage) {
    openssl(stage, "-sess_out", "ticket");
  }

  /// `New` or `Reused`.
  private String showTicket(ListenedStage stage) {
    Matcher said =
        Pattern.compile("(New|Reused), TLSv1.3").matcher(openssl(stage, "-sess_in", "ticket"));
    assertThat(said.find()).isTrue();
    return said.group(1);
  }

  private TlsSettings withTickets(Path keys) {
    return new TlsSettings(
        null,
        ClientCertificates.NONE,
        null,
        null,
        keys,
        List.of(new CertificateSettings(certificate, key)));
  }

  private Path ticketKeys(String name, String... lines) throws IOException {
    return Files.write(dir.resolve(name), List.of(lines));
  }

  private static String newTicketKey() {
    byte[] key = new byte[48];
    new SecureRandom().nextBytes(key);
    return Base64.getEncoder().encodeToString(key);
  }

  private static void knows(ListenedStage stage, String... names) {
    List<String> wanted = Arrays.asList(names);
    Wait.until(wanted + " are known", SOON, () -> stage.certificateNames().containsAll(wanted));
  }

  private ListenedStage stage(TlsSettings settings) throws IOException, BadCertificates {
    return new ListenedStage(ListenTls.IMPLICIT, settings, dir, 1);
  }

  private TlsSettings settings(ClientCertificates clients, @Nullable Path ocsp) {
    return settings(clients, null, ocsp);
  }

  private TlsSettings settings(
      ClientCertificates clients, @Nullable Path crl, @Nullable Path ocsp) {
    return new TlsSettings(
        null,
        clients,
        dir.resolve("ca.crt"),
        crl,
        null,
        List.of(new CertificateSettings(certificate, key, null, ocsp)));
  }

  private void write(X509Bundle made) throws IOException {
    Files.writeString(certificate, made.getCertificatePEM());
    Files.writeString(key, made.getPrivateKeyPEM());
  }

  private X509Bundle signed(String name) throws Exception {
    return new CertificateBuilder().ecp256().subject("CN=" + name).buildIssuedBy(ca);
  }

  private static X509Bundle bundle(String name) {
    try {
      return new CertificateBuilder()
          .ecp256()
          .subject("CN=" + name)
          .setIsCertificateAuthority(true)
          .buildSelfSigned();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static String servedAt(ListenedStage stage) {
    try (ImapClient client = ImapClient.connect(Endpoint.tls(stage.port()))) {
      SSLSocket socket = (SSLSocket) client.socket();
      X509Certificate served = (X509Certificate) socket.getSession().getPeerCertificates()[0];
      return served.getSubjectX500Principal().getName();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private Path ocspResponse() throws Exception {
    X509Bundle stapled = signed("stapled");
    write(stapled);
    String serial = stapled.getCertificate().getSerialNumber().toString(16);
    String index =
        "V\t991231235959Z\t\t"
            + (serial.length() % 2 == 0 ? "" : "0")
            + serial.toUpperCase(Locale.ROOT)
            + "\tunknown\t/CN=stapled\n";
    Files.writeString(dir.resolve("index.txt"), index);
    Path response = dir.resolve("mail.ocsp");
    run("openssl", "ocsp", "-issuer", "ca.crt", "-cert", "mail.crt", "-reqout", "request");
    run(
        "openssl",
        "ocsp",
        "-index",
        "index.txt",
        "-CA",
        "ca.crt",
        "-rsigner",
        "ca.crt",
        "-rkey",
        "ca.key",
        "-reqin",
        "request",
        "-ndays",
        "1",
        "-respout",
        "mail.ocsp");
    return response;
  }

  /// What `openssl s_client` says of a connection that it ends after the greeting.
  private String openssl(ListenedStage stage, String... options) {
    List<String> command =
        new ArrayList<>(
            List.of("openssl", "s_client", "-connect", "127.0.0.1:" + stage.port(), "-crlf"));
    command.addAll(Arrays.asList(options));
    return run(command.toArray(String[]::new));
  }

  private String run(String... command) {
    try {
      return output(command);
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private String output(String... command) throws IOException, InterruptedException {
    Path in = dir.resolve("in");
    Files.writeString(in, "a1 LOGOUT\n");
    Path out = dir.resolve("out");
    List<String> whole = new ArrayList<>(Arrays.asList(command));
    if (command[1].equals("s_client")) {
      whole.add("-ign_eof"); // the server ends it
    }
    Process process =
        new ProcessBuilder(whole)
            .directory(dir.toFile())
            .redirectErrorStream(true)
            .redirectInput(in.toFile())
            .redirectOutput(out.toFile())
            .start();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).as(String.join(" ", whole)).isTrue();
    return Files.readString(out, StandardCharsets.ISO_8859_1);
  }
}
