package dormouse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dormouse.testkit.DovecotServer;
import dormouse.testkit.Endpoint;
import dormouse.testkit.FreePort;
import dormouse.testkit.ImapClient;
import dormouse.testkit.Wait;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A Dormouse of its own process that reads its settings again: by `dormouse reload`, and by SIGHUP.
final class ReloadIT {
  @TempDir Path directory = Path.of("");

  private final int admin = FreePort.next();
  private final int first = FreePort.next();
  private final int second = FreePort.next();

  @Test
  void newSettingsHoldAndNobodyIsDisconnected() throws Exception {
    try (DovecotServer dovecot = DovecotServer.start()) {
      Path file = directory.resolve("dormouse.yaml");
      write(file, first, dovecot.imapPort(), "");
      try (OwnProcess process = OwnProcess.serving(file)) {
        Wait.until("it serves", OwnProcess.SOON, () -> accepts(first));
        ImapClient client = client(first).login("u1", DovecotServer.PASSWORD);
        client.ok("SELECT INBOX");

        write(file, second, dovecot.imapPort(), "");
        assertThat(reload(file)).isEqualTo("0 reloaded\n");
        client.ok("NOOP");
        client(second).login("u1", DovecotServer.PASSWORD).logout();
        Wait.until("nobody accepts there", OwnProcess.SOON, () -> !accepts(first));

        Files.writeString(
            file, "listen: [ { address: none } ]\nbackends: { mx: { tls: maybe } }\n");
        assertThat(reload(file))
            .startsWith("1 ")
            .contains(":1:22: listen[0].address: ")
            .contains(":2:17: backends.mx.address: must be set")
            .contains(":2:24: backends.mx.tls: ");
        process.signal("HUP");
        process.awaitLog("reload-refused why=", 3);
        client(second).login("u1", DovecotServer.PASSWORD).logout();

        write(file, second, dovecot.imapPort(), "limits: { per-listener: 1 }\n");
        process.signal("HUP");
        process.awaitLog("INFO  reload ", 2);
        ImapClient only = client(second);
        assertThatThrownBy(() -> client(second));
        only.login("u1", DovecotServer.PASSWORD);
        client.ok("NOOP");
        client.logout();
      }
    }
  }

  @Test
  void whatIsUnwiseIsToldToWhoAsksAndInTheLog() throws Exception {
    Path file = directory.resolve("dormouse.yaml");
    write(file, first, 1, "");
    try (OwnProcess process = OwnProcess.serving(file)) {
      Wait.until("it serves", OwnProcess.SOON, () -> accepts(first));
      assertThat(reload(file)).isEqualTo("0 reloaded\n");

      String unwise = Files.readString(file).replace("tls: none } }", "verify: false } }");
      Files.writeString(file, unwise);
      assertThat(reload(file))
          .startsWith("0 " + file + ":3:")
          .contains(" backends.mx.verify: its certificate is not checked")
          .endsWith(" (a warning)\nreloaded\n");
      process.awaitLog("reload-warning what=", 1);
      process.signal("HUP");
      process.awaitLog("reload-warning what=", 2);
    }
  }

  @Test
  void limitsHoldForWhoIsThereAlready() throws Exception {
    try (DovecotServer dovecot = DovecotServer.start()) {
      Path file = directory.resolve("dormouse.yaml");
      write(file, first, dovecot.imapPort(), "");
      try (OwnProcess _ = OwnProcess.serving(file)) {
        Wait.until("it serves", OwnProcess.SOON, () -> accepts(first));
        ImapClient one = client(first).login("u1", DovecotServer.PASSWORD);
        ImapClient two = client(first).login("u1", DovecotServer.PASSWORD);

        write(file, first, dovecot.imapPort(), "limits: { per-user: 2, per-address: 3 }\n");
        assertThat(reload(file)).isEqualTo("0 reloaded\n");
        ImapClient three = client(first);
        assertThat(three.refused("LOGIN u1 pass")).startsWith("NO [LIMIT]");
        assertThatThrownBy(() -> client(first));

        write(file, first, dovecot.imapPort(), "limits: { per-user: 3, per-network: 4 }\n");
        assertThat(reload(file)).isEqualTo("0 reloaded\n");
        three.login("u1", DovecotServer.PASSWORD);
        ImapClient four = client(first);
        assertThatThrownBy(() -> client(first));

        String impatient = "throttle: { free: 1, delay: 1m, max-delay: 1m, patience: 0s }\n";
        write(file, first, dovecot.imapPort(), impatient);
        assertThat(reload(file)).isEqualTo("0 reloaded\n");
        assertThat(client(first).refused("LOGIN eve x")).startsWith("NO [AUTHENTICATIONFAILED]");
        assertThat(client(first).refused("LOGIN eve x")).startsWith("NO [LIMIT]");

        write(file, first, dovecot.imapPort(), "throttle: { enabled: false }\n");
        assertThat(reload(file)).isEqualTo("0 reloaded\n");
        assertThat(client(first).refused("LOGIN eve x")).startsWith("NO [AUTHENTICATIONFAILED]");

        four.login("u2", DovecotServer.PASSWORD);
        for (ImapClient each : List.of(one, two, three, four)) {
          each.ok("NOOP");
        }
      }
    }
  }

  @Test
  void whoComesNextIsAskedForWhatIsWantedNow() throws Exception {
    Files.writeString(
        directory.resolve("users"), "u1:{PLAIN}other::::::pass=" + DovecotServer.PASSWORD + "\n");
    String users =
        "directory: [ { file: { path: users } } ]\nlogin: { mechanisms: [ scram-sha-256, plain ] }\n";
    try (DovecotServer dovecot = DovecotServer.start()) {
      Path file = directory.resolve("dormouse.yaml");
      write(file, first, dovecot.imapPort(), "");
      try (OwnProcess process = OwnProcess.serving(file)) {
        Wait.until("it serves", OwnProcess.SOON, () -> accepts(first));
        ImapClient there = client(first).login("u1", DovecotServer.PASSWORD);
        assertThat(offered()).contains("AUTH=PLAIN").doesNotContain("AUTH=SCRAM-SHA-256");

        write(file, first, dovecot.imapPort(), users);
        assertThat(reload(file)).startsWith("0 ").endsWith(" (a warning)\nreloaded\n");
        assertThat(offered()).contains("AUTH=SCRAM-SHA-256").doesNotContain("AUTH=LOGIN");
        assertThat(client(first).refused("LOGIN u1 " + DovecotServer.PASSWORD))
            .startsWith("NO [AUTHENTICATIONFAILED]");
        client(first).login("u1", "other").logout();

        write(file, first, dovecot.imapPort(), "login: { mechanisms: [ login ] }\n");
        process.signal("HUP");
        process.awaitLog("INFO  reload ", 2);
        assertThat(offered()).contains("AUTH=LOGIN").doesNotContain("AUTH=SCRAM-SHA-256");
        client(first).login("u1", DovecotServer.PASSWORD).logout();
        there.ok("NOOP");
        there.logout();
      }
    }
  }

  /// To who has not logged in.
  private String offered() {
    try (ImapClient client = client(first)) {
      return client.ok("CAPABILITY").toString();
    }
  }

  @Test
  void certificatesAreReadAgainAndWhatIsBadChangesNothing() throws Exception {
    X509Bundle before = certificate("before.example.org");
    X509Bundle after = certificate("after.example.org");
    keep(before, before);
    try (DovecotServer dovecot = DovecotServer.start();
        ServerSocket taken = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      Path file = directory.resolve("dormouse.yaml");
      writeTls(file, dovecot.imapPort(), "");
      try (OwnProcess process = OwnProcess.serving(file)) {
        Wait.until("it serves", OwnProcess.SOON, () -> accepts(first));
        ImapClient client = tls().login("u1", DovecotServer.PASSWORD);
        assertThat(served()).isEqualTo("CN=before.example.org");
        assertThat(expiry()).isEqualTo(seconds(before));

        keep(after, after);
        process.signal("HUP");
        process.awaitLog("INFO  reload ", 1);
        assertThat(served()).isEqualTo("CN=after.example.org");
        assertThat(expiry()).isEqualTo(seconds(after));
        client.ok("NOOP");

        String limit = "limits: { per-listener: 1 }\n";
        int refused = 0;
        Files.writeString(directory.resolve("users"), "u1:{PLAIN}x::::::port=imap\n");
        for (String bad :
            List.of(
                "directory: [ { file: { path: nowhere } } ]\n",
                "directory: [ { file: { path: users } } ]\n",
                "feeds: [ { redis: { address: \"127.0.0.1\", password-file: nowhere } } ]\n",
                "feeds: [ { dovecot-events: { listen: \"127.0.0.1:"
                    + taken.getLocalPort()
                    + "\" } } ]\n",
                "routes: [ { to: nowhere } ]\n")) {
          writeTls(file, dovecot.imapPort(), bad + limit);
          process.signal("HUP");
          process.awaitLog("reload-refused why=", ++refused);
        }
        writeTls(
            file,
            dovecot.imapPort(),
            "directory: [ { file: { path: users } }, { map: { lines: [ nobody ] } } ]\n" + limit);
        keep(after, before);
        assertThat(reload(file))
            .startsWith("1 ")
            .contains(file + ":2:69: tls.certificates[0].key: the key in ")
            .contains(" does not fit the certificate\n")
            .contains(
                file + ":6:24: directory[0].file.path: " + directory.resolve("users") + ":1: ")
            .contains(file + ":6:59: directory[1].map.lines[0]: wanted a line such as ");
        assertThat(served()).isEqualTo("CN=after.example.org"); // and so there is more than one
        client.ok("NOOP");
        client.logout();

        writeTls(file, dovecot.imapPort(), limit);
        keep(after, after);
        assertThat(reload(file)).startsWith("0 ").endsWith(" (a warning)\nreloaded\n");
        ImapClient only = tls();
        assertThatThrownBy(this::tls);
        only.close();
      }
    }
  }

  private void writeTls(Path file, int backend, String more) throws IOException {
    Files.writeString(
        file,
        """
        listen: [ { address: "127.0.0.1:%d", tls: implicit } ]
        tls: { reload-every: none, certificates: [ { certificate: mail.crt, key: mail.key } ] }
        backends: { mx: { address: "127.0.0.1:%d", tls: none } }
        admin: { address: "127.0.0.1:%d" }
        runtime: { state-dir: . }
        """
                .formatted(first, backend, admin)
            + more);
  }

  private static X509Bundle certificate(String name) throws Exception {
    return new CertificateBuilder()
        .ecp256()
        .subject("CN=" + name)
        .setIsCertificateAuthority(true)
        .buildSelfSigned();
  }

  private void keep(X509Bundle certificate, X509Bundle key) throws IOException {
    Files.writeString(directory.resolve("mail.crt"), certificate.getCertificatePEM());
    Files.writeString(directory.resolve("mail.key"), key.getPrivateKeyPEM());
  }

  private static double seconds(X509Bundle certificate) {
    return certificate.getCertificate().getNotAfter().toInstant().getEpochSecond();
  }

  private ImapClient tls() {
    return ImapClient.connect(Endpoint.tls(first));
  }

  private String served() throws IOException {
    try (ImapClient client = tls()) {
      SSLSocket socket = (SSLSocket) client.socket();
      X509Certificate served = (X509Certificate) socket.getSession().getPeerCertificates()[0];
      return served.getSubjectX500Principal().getName();
    }
  }

  /// As the metrics say it, of the one certificate that there is.
  private double expiry() throws Exception {
    URI metrics = URI.create("http://127.0.0.1:" + admin + "/metrics");
    try (InputStream in = metrics.toURL().openStream()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> line.startsWith("dormouse_certificate_expiry"))
          .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
          .sum();
    }
  }

  @Test
  void whoDoesNotRunCannotReload() throws Exception {
    Path file = directory.resolve("dormouse.yaml");
    write(file, first, 1, "");
    assertThat(reload(file)).startsWith("1 dormouse: no Dormouse answers at 127.0.0.1:" + admin);
  }

  /// Nobody sleeps, however long a reload takes: sleepers are not counted as those who are awake.
  private void write(Path file, int port, int backend, String more) throws IOException {
    Files.writeString(
        file,
        """
        listen: [ { address: "127.0.0.1:%d", tls: none } ]
        hibernate: { enabled: false }
        backends: { mx: { address: "127.0.0.1:%d", tls: none } }
        admin: { address: "127.0.0.1:%d" }
        runtime: { state-dir: . }
        """
                .formatted(port, backend, admin)
            + more);
  }

  /// The exit code of `dormouse reload`, and what it said.
  private String reload(Path file) throws Exception {
    Process process = OwnProcess.command("reload", file.toString()).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return process.exitValue() + " " + said;
  }

  private static ImapClient client(int port) {
    return ImapClient.connect(Endpoint.plain(port));
  }

  private static boolean accepts(int port) {
    try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return true;
    } catch (IOException _) {
      return false;
    }
  }
}
