package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.testkit.AuthDaemon;
import dormouse.testkit.BehindProxy;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.Endpoint;
import dormouse.testkit.FreePort;
import dormouse.testkit.Haproxy;
import dormouse.testkit.ImapClient;
import dormouse.testkit.LoginBackend;
import dormouse.testkit.NginxMailServer;
import dormouse.testkit.SelfSigned;
import dormouse.testkit.Wait;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Who the client is goes from hop to hop: HAProxy and Dovecot before Dormouse, Dovecot behind it, Dormouse before itself.
class ProxiedIT {
  private static final String CLIENT = "127.0.5.7";
  private static final Duration SOON = Duration.ofSeconds(10);

  private static DovecotServer dovecot;

  @TempDir Path directory;

  @BeforeAll
  static void start() {
    dovecot = DovecotServer.start();
  }

  @AfterAll
  static void stop() {
    dovecot.close();
  }

  @Test
  void behindHaproxyTheBackendHearsOfTheClientAndTheSession() {
    SelfSigned tls = SelfSigned.in(directory);
    try (FrontEnd front = behindProxies("trusted: true");
        Haproxy haproxy = Haproxy.before(front.plain().port(), directory, tls)) {
      int from = dovecot.logSize();
      try (ImapClient client =
          ImapClient.connect(Endpoint.tls(haproxy.port()), CLIENT, "mail.example.org")) {
        client.login("u1", DovecotServer.PASSWORD).ok("NOOP");
        String login = dovecot.awaitLog(from, line -> line.contains("Login: user=<u1>"), SOON);
        assertThat(login)
            .contains("rip=" + CLIENT + ",")
            .contains("rport=" + client.socket().getLocalPort() + ",")
            .containsPattern("session=<[0-9a-f]{8}-[0-9a-f-]{27}>"); // HAProxy's unique-id
      }
      assertThat(front.metrics().scrape()).doesNotContain("dormouse_refused_connections_total{");
    }
  }

  @Test
  void aHeaderOfVersion1SaysWhoComes() {
    SelfSigned tls = SelfSigned.in(directory);
    try (FrontEnd front = behindProxies("trusted: true");
        Haproxy haproxy = Haproxy.sayingVersion1(front.plain().port(), directory, tls)) {
      comesAs("u1", Endpoint.tls(haproxy.port()));
    }
  }

  @Test
  void behindNginxTheBackendHearsOfTheClient() {
    try (FrontEnd front = behindProxies("trusted: true");
        AuthDaemon daemon = AuthDaemon.start(_ -> AuthDaemon.Answer.accept(front.plain().port()));
        NginxMailServer nginx =
            NginxMailServer.start(
                1, "auth_http 127.0.0.1:" + daemon.port() + "/auth;", "proxy_protocol on;")) {
      comesAs("u1", Endpoint.plain(nginx.port()));
    }
  }

  /// The backend hears from where a client comes that logs in there.
  private static void comesAs(String user, Endpoint there) {
    int from = dovecot.logSize();
    try (ImapClient client = ImapClient.connect(there, CLIENT, "localhost")) {
      client.login(user, DovecotServer.PASSWORD).ok("NOOP");
      String login =
          dovecot.awaitLog(from, line -> line.contains("Login: user=<" + user + ">"), SOON);
      assertThat(login)
          .contains("rip=" + CLIENT + ",")
          .contains("rport=" + client.socket().getLocalPort() + ",");
    }
  }

  /// HAProxy has checked it, and names whom it is made out to.
  @Test
  void whoHasShownHaproxyACertificateNeedsNoPassword() throws Exception {
    SelfSigned tls = SelfSigned.in(directory);
    Path users =
        Files.writeString(directory.resolve("users"), "localhost:{PLAIN}x::::::destuser=u6\n");
    Path master = Files.writeString(directory.resolve("master"), DovecotServer.MASTER_PASSWORD);
    try (FrontEnd front =
            FrontEnd.of(
                """
                listen: [ { address: "127.0.0.1:0", tls: none, proxy-protocol-from: [ 127.0.0.0/8 ] } ]
                backends:
                  mx: { address: "127.0.0.1:%d", tls: none, login-as: { user: %s, password-file: %s } }
                directory: [ { file: { path: %s } } ]
                login: { mechanisms: [ plain, external ] }
                """
                    .formatted(dovecot.imapPort(), DovecotServer.MASTER, master, users));
        Haproxy haproxy = Haproxy.before(front.plain().port(), directory, tls)) {
      int from = dovecot.logSize();
      String shown = "--cert " + tls.certificate() + " --key " + tls.key();
      assertThat(curl(haproxy, tls, shown)).isZero();
      dovecot.awaitLog(from, line -> line.contains("Login: user=<u6>"), SOON);
      assertThat(curl(haproxy, tls, "")).as("without one").isNotZero();
    }
  }

  private static int curl(Haproxy haproxy, SelfSigned tls, String more) throws Exception {
    String command =
        "curl --silent --max-time 20 --cacert %s --login-options AUTH=EXTERNAL --user localhost: --request NOOP %s imaps://localhost:%d/"
            .formatted(tls.certificate(), more, haproxy.port());
    Process process =
        new ProcessBuilder(command.split(" +"))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    process.getOutputStream().close();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return process.exitValue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"v1", "v2"})
  void dovecotReadsOurHeader(String version) {
    try (FrontEnd front =
        FrontEnd.of(
            """
            listen: [ { address: "127.0.0.1:0", tls: optional } ]
            backends:
              mx: { address: "127.0.0.1:%d", tls: starttls, verify: false, proxy-protocol: %s }
            """
                .formatted(dovecot.haproxyPort(), version))) {
      int from = dovecot.logSize();
      try (ImapClient client = ImapClient.connect(front.plain(), CLIENT, "")) {
        client.login("u2", DovecotServer.PASSWORD).ok("NOOP");
        String login = dovecot.awaitLog(from, line -> line.contains("Login: user=<u2>"), SOON);
        assertThat(login)
            .contains("rip=" + CLIENT + ",")
            .contains("rport=" + client.socket().getLocalPort() + ",");
      }
    }
  }

  /// As a proxy before us has told of it.
  @ParameterizedTest
  @ValueSource(strings = {"proxy-protocol: v1", "proxy-protocol: v2", "trusted: true"})
  void dovecotHearsOfAClientOfIpv6(String how) throws IOException {
    boolean header = how.startsWith("proxy");
    try (FrontEnd front =
        FrontEnd.of(
            """
            listen: [ { address: "127.0.0.1:0", tls: none, proxy-protocol-from: [ 127.0.0.1 ] } ]
            backends: { mx: { address: "127.0.0.1:%d", tls: none, %s } }
            """
                .formatted(header ? dovecot.haproxyPort() : dovecot.imapPort(), how))) {
      int from = dovecot.logSize();
      try (ImapClient client = BehindProxy.version2(front.plain(), "2001:db8:1::7")) {
        client.login("u3", DovecotServer.PASSWORD).ok("NOOP");
        String login = dovecot.awaitLog(from, line -> line.contains("Login: user=<u3>"), SOON);
        assertThat(login).contains("rip=2001:db8:1::7,", "rport=40001,");
      }
    }
  }

  /// It closes connections whose header has a wrong checksum.
  @Test
  void haproxyReadsWhatElseIsInOurHeader() {
    try (Haproxy haproxy = Haproxy.reading(dovecot.imapPort(), directory);
        FrontEnd front =
            FrontEnd.of(
                """
                listen: [ { address: "127.0.0.1:0", tls: implicit } ]
                backends: { mx: { address: "127.0.0.1:%d", tls: none, trusted: true, proxy-protocol: v2, pool: { per-user: 0 } } }
                """
                    .formatted(haproxy.port()))) {
      int from = dovecot.logSize();
      try (ImapClient client = ImapClient.connect(front.tls(), CLIENT, "mail.example.org")) {
        client.login("u2", DovecotServer.PASSWORD).ok("NOOP");
        String login = dovecot.awaitLog(from, line -> line.contains("Login: user=<u2>"), SOON);
        String session = login.replaceAll(".*session=<([^>]+)>.*", "$1");
        String wanted =
            "from=%s:%d at=%d name=mail.example.org session=%s\n"
                .formatted(CLIENT, client.socket().getLocalPort(), front.tls().port(), session);
        client.logout();
        Wait.until(wanted, SOON, () -> haproxy.log().contains(wanted));
      }
    }
  }

  /// Dovecot behind us is a proxy, too, and passes it on to its own backend.
  @Test
  void dovecotIsToldWhatTheDirectorySaysOfTheUser() throws IOException {
    Path users =
        Files.writeString(
            directory.resolve("forwarding"),
            "u8:{PLAIN}known::::::pass=" + DovecotServer.PASSWORD + " forward_tenant=7\n");
    try (LoginBackend last = LoginBackend.start();
        FrontEnd front =
            FrontEnd.of(
                """
                listen: [ { address: "127.0.0.1:0", tls: none } ]
                backends: { mx: { address: "127.0.0.1:%d", tls: none, trusted: true } }
                directory: [ { file: { path: %s } } ]
                """
                    .formatted(dovecot.imapPort(), users))) {
      dovecot.passOn("u8", last.port());
      try (ImapClient client = ImapClient.connect(front.plain())) {
        client.login("u8", "known").ok("NOOP");
      }
      assertThat(last.takeIdentities())
          .singleElement()
          .asString()
          .contains("\"x-forward-tenant\" \"7\"");
    }
  }

  @Test
  void dovecotBeforeUsSaysForWhomItComes() {
    try (DovecotServer first = DovecotServer.start();
        FrontEnd front = trusting("127.0.0.1:" + dovecot.imapPort())) {
      first.passOn("u3", front.plain().port());
      int from = dovecot.logSize();
      try (ImapClient client = ImapClient.connect(Endpoint.plain(first.imapPort()), CLIENT, "")) {
        client.login("u3", DovecotServer.PASSWORD).ok("NOOP");
        String there = dovecot.awaitLog(from, line -> line.contains("Login: user=<u3>"), SOON);
        assertThat(there).contains("rip=" + CLIENT + ",");
        String here = first.awaitLog(0, line -> line.contains("proxy(u3,"), SOON);
        String session = here.replaceAll(".*session=<([^>]+)>.*", "$1");
        assertThat(there).contains("session=<" + session + ">");
      }
    }
  }

  @Test
  void whoIsNotTrustedSaysNothingOfItself() {
    try (FrontEnd front = FrontEnd.before(dovecot.imapPort())) {
      int from = dovecot.logSize();
      try (ImapClient client = ImapClient.connect(front.plain(), CLIENT, "")) {
        client.ok("ID (\"x-originating-ip\" \"203.0.113.9\" \"x-proxy-ttl\" \"1\")");
        client.login("u4", DovecotServer.PASSWORD);
        String login = dovecot.awaitLog(from, line -> line.contains("Login: user=<u4>"), SOON);
        assertThat(login).contains("rip=" + CLIENT + ",");
      }
    }
  }

  @Test
  void aCircleEnds() {
    int port = FreePort.next();
    try (FrontEnd front = trusting(port, "127.0.0.1:" + port)) {
      try (ImapClient client = ImapClient.connect(front.plain())) {
        assertThat(client.refused("LOGIN u5 pass")).startsWith("NO [UNAVAILABLE] ");
      }
      assertThat(front.metrics().scrape())
          .contains("dormouse_logins_total{result=\"loop\"} 1.0")
          .contains("dormouse_logins_total{result=\"refused\"} 5.0");
    }
  }

  @Test
  void whoHasNoHeaderIsNotServed() throws IOException {
    try (FrontEnd front = behindProxies("trusted: false")) {
      for (String said :
          List.of(
              "a1 NOOP\r\n", "PROXY TCP4 x y 1 2\r\n", "\r\n\r\n\0\r\nQUIT\n\u0011\u0011\0\0")) {
        assertThat(answerTo(said, front.plain().port())).isEmpty();
      }
      front.await(() -> refusals(front, "proxy-header") >= 3, "three refused for want of a header");
      assertThat(answerTo("PROXY UNKNOWN\r\na1 LOGOUT\r\n", front.plain().port()))
          .startsWith("* OK ")
          .endsWith("a1 OK LOGOUT completed\r\n");
    }
  }

  @Test
  void whoIsNoProxyIsNotListenedTo() throws IOException {
    try (FrontEnd front =
        FrontEnd.of(
            """
            listen:
              - { address: "127.0.0.1:0", tls: none, proxy-protocol-from: [ 10.0.0.0/8 ] }
            backends: { mx: { address: "127.0.0.1:1" } }
            """)) {
      assertThat(answerTo("PROXY UNKNOWN\r\n", front.plain().port())).isEmpty();
      front.await(() -> refusals(front, "untrusted-proxy") == 1, "one refused");
    }
  }

  private static FrontEnd behindProxies(String backend) {
    return FrontEnd.of(
        """
        listen: [ { address: "127.0.0.1:0", tls: none, proxy-protocol-from: [ 127.0.0.0/8 ] } ]
        backends: { mx: { address: "127.0.0.1:%d", tls: none, %s } }
        """
            .formatted(dovecot.imapPort(), backend));
  }

  private static FrontEnd trusting(String backend) {
    return trusting(0, backend);
  }

  private static FrontEnd trusting(int port, String backend) {
    return FrontEnd.of(
        """
        listen: [ { address: "127.0.0.1:%d", tls: none } ]
        backends: { mx: { address: "%s", tls: none, trusted: true } }
        login: { trusted-networks: [ 127.0.0.1 ] }
        """
            .formatted(port, backend));
  }

  private static String answerTo(String said, int port) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout((int) SOON.toMillis());
      socket.getOutputStream().write(said.getBytes(StandardCharsets.ISO_8859_1));
      InputStream in = socket.getInputStream();
      return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
    } catch (SocketException closed) {
      return ""; // before it has read all that we said
    }
  }

  private static double refusals(FrontEnd front, String reason) {
    return Stage.metric(front, "dormouse_refused_connections_total{reason=\"" + reason + "\"}");
  }
}
