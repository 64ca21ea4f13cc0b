package dormouse.tls.records;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.testkit.FreePort;
import io.netty.pkitesting.CertificateBuilder;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Other people's TLS, after a hand-over: OpenSSL, GnuTLS, NSS, Python, Go. BoringSSL's is in [dormouse.tls.HandshakesTest], the JDK's in
/// [HandoverTest], curl in [dormouse.clients.CurlIT].
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TlsClientsIT {
  @TempDir Path dir;

  private EchoServer server;

  @BeforeAll
  void start() throws Exception {
    server = new EchoServer();
  }

  @AfterAll
  void stop() {
    server.close();
  }

  @ParameterizedTest
  @EnumSource
  void openSslSpeaksEverySuite(Suite suite) throws Exception {
    EchoServer other = new EchoServer(true, CertificateBuilder.Algorithm.rsa2048);
    String port = Integer.toString((suite.name().contains("RSA") ? other : server).port());
    List<String> command =
        new ArrayList<>(List.of("openssl", "s_client", "-quiet", "-connect", "127.0.0.1:" + port));
    command.addAll(
        suite.ofTls12()
            ? List.of("-tls1_2", "-cipher", Program.openSslName(suite))
            : List.of("-tls1_3", "-ciphersuites", suite.standardName));
    try (Program client = new Program(command.toArray(String[]::new))) {
      client.expect("hello");
      client.say("ping");
      client.expect("ping");
    } finally {
      other.close();
    }
    assertThat(Stream.concat(server.carriers.stream(), other.carriers.stream()))
        .last()
        .isEqualTo(Carrier.OWN);
  }

  /// Another handshake in the connection (`R`), which we refuse: OpenSSL says so, and ends.
  @Test
  void openSslGetsNoOtherHandshake() throws Exception {
    try (Program client =
        new Program("openssl", "s_client", "-tls1_2", "-connect", "127.0.0.1:" + server.port())) {
      client.expect("hello");
      client.say("R");
      client.expect("no renegotiation");
    }
    assertThat(server.carriers.getLast()).isEqualTo(Carrier.OWN);
  }

  @Test
  void openSslResumesInTls12() throws Exception {
    String ticket = dir.resolve("ticket12").toString();
    String[] first = {"openssl", "s_client", "-tls1_2", "-sess_out", ticket};
    String[] again = {"openssl", "s_client", "-tls1_2", "-sess_in", ticket};
    try (Program client = openSslOfTls12(first)) {
      client.expect("hello");
      client.say("Q");
      client.expectEnd();
    }
    try (Program client = openSslOfTls12(again)) {
      client.expect("Reused, TLSv1.2");
      client.expect("hello");
      client.say("ping");
      client.expect("ping");
    }
    assertThat(server.carriers.getLast()).isEqualTo(Carrier.OWN);
  }

  private Program openSslOfTls12(String... command) throws IOException {
    List<String> all = new ArrayList<>(List.of(command));
    all.addAll(List.of("-connect", "127.0.0.1:" + server.port()));
    return new Program(all.toArray(String[]::new));
  }

  @Test
  void openSslResumes() throws Exception {
    String ticket = dir.resolve("ticket").toString();
    try (Program client = openSsl("-sess_out", ticket)) {
      client.expect("hello");
      client.say("Q"); // quit: the ticket is written
      client.expectEnd();
    }
    try (Program client = openSsl("-sess_in", ticket)) {
      client.expect("Reused, TLSv1.3");
      client.expect("hello");
      client.say("ping");
      client.expect("ping");
    }
    assertThat(server.carriers.getLast()).isEqualTo(Carrier.OWN);
  }

  /// `K` asks for new keys of both sides, `k` makes new ones of the client's.
  @ParameterizedTest
  @ValueSource(strings = {"K", "k"})
  void openSslUpdatesItsKeys(String command) throws Exception {
    try (Program client = openSsl()) {
      client.expect("hello");
      for (int i = 0; i < 5; i++) {
        client.say(command);
        client.expect("KEYUPDATE");
        client.say("ping " + i);
        client.expect("ping " + i);
      }
    }
  }

  @Test
  void openSslAsksForAnotherGroupFirst() throws Exception {
    try (Program client =
        openSsl("-quiet", "-groups", "P-521:P-256")) { // HelloRetryRequest, or P-521 itself
      client.expect("hello");
      client.say("ping");
      client.expect("ping");
    }
    assertThat(server.carriers.getLast()).isEqualTo(Carrier.OWN);
  }

  @ParameterizedTest
  @CsvSource({
    "TLS1.3, AES-128-GCM",
    "TLS1.3, AES-256-GCM",
    "TLS1.3, CHACHA20-POLY1305",
    "TLS1.2, AES-128-GCM",
    "TLS1.2, AES-256-GCM",
    "TLS1.2, CHACHA20-POLY1305"
  })
  void gnuTlsSpeaksEverySuite(String version, String cipher) throws Exception {
    String priority = "NORMAL:-VERS-ALL:+VERS-" + version + ":-CIPHER-ALL:+" + cipher;
    try (Program client = gnuTls("--priority", priority)) {
      client.expect("hello");
      client.say("ping");
      client.expect("ping");
    }
    assertThat(server.carriers.getLast()).isEqualTo(Carrier.OWN);
  }

  /// It sends a key of a group that the server does not have: HelloRetryRequest.
  @Test
  void gnuTlsIsAskedForAnotherGroup() throws Exception {
    String priority = "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-FFDHE2048:+GROUP-SECP256R1";
    try (Program client = gnuTls("--priority", priority)) {
      client.expect("(ECDHE-SECP256R1)");
      client.expect("hello");
      client.say("ping");
      client.expect("ping");
    }
    assertThat(server.carriers.getLast()).isEqualTo(Carrier.OWN);
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLS1.3", "TLS1.2"})
  void gnuTlsResumes(String version) throws Exception {
    try (Program client = gnuTls("--resume", "--priority", "NORMAL:-VERS-ALL:+VERS-" + version)) {
      client.expect("This is a resumed session");
      client.expect("hello");
      client.say("ping");
      client.expect("ping");
    }
    assertThat(server.carriers.getLast()).isEqualTo(Carrier.OWN);
  }

  @ParameterizedTest
  @ValueSource(strings = {"tls1.3:", "tls1.2:tls1.2"})
  void nssSpeaks(String versions) throws Exception {
    String port = Integer.toString(server.port());
    // without a database of its own, and whatever the certificate is
    try (Program client =
        new Program("tstclnt", "-D", "-o", "-V", versions, "-h", "127.0.0.1", "-p", port)) {
      client.expect("hello");
      client.say("ping");
      client.expect("ping");
    }
    assertThat(server.carriers.getLast()).isEqualTo(Carrier.OWN);
  }

  /// Data in one write with the last of the handshake, large data, close_notify both ways.
  @ParameterizedTest
  @ValueSource(strings = {"TLSv1_3", "TLSv1_2"})
  void pythonSpeaksToTheEnd(String version) throws Exception {
    String script =
        """
        import socket, ssl, sys
        context = ssl._create_unverified_context()
        context.maximum_version = ssl.TLSVersion[sys.argv[2]]
        wire = socket.create_connection(('127.0.0.1', int(sys.argv[1])), timeout=20)
        tls = context.wrap_socket(wire)
        big = b'x' * 300000
        tls.sendall(big)
        got = b''
        while len(got) < 7 + len(big):
            more = tls.recv(65536)
            assert more, 'ended early'
            got += more
        assert got == b'hello\\r\\n' + big
        tls.unwrap()
        print('all is well', tls.version() or 'closed')
        """;
    try (Program client =
        new Program("python3", "-c", script, Integer.toString(server.port()), version)) {
      client.expect("all is well");
      client.expectEnd();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1_3", "TLSv1_2"})
  void pythonResumes(String version) throws Exception {
    String script =
        """
        import socket, ssl, sys
        context = ssl._create_unverified_context()
        context.maximum_version = ssl.TLSVersion[sys.argv[2]]
        def talk(session):
            wire = socket.create_connection(('127.0.0.1', int(sys.argv[1])), timeout=20)
            tls = context.wrap_socket(wire, session=session)
            assert tls.recv(7) == b'hello\\r\\n'
            tls.sendall(b'ping')
            assert tls.recv(4) == b'ping'
            return tls
        first = talk(None)
        assert not first.session_reused
        assert talk(first.session).session_reused
        print('all is well')
        """;
    try (Program client =
        new Program("python3", "-c", script, Integer.toString(server.port()), version)) {
      client.expect("all is well");
      client.expectEnd();
    }
    assertThat(server.carriers.getLast()).isEqualTo(Carrier.OWN);
  }

  /// Prometheus's blackbox exporter looks at mail servers, and does so with Go's TLS.
  @Test
  void goSpeaks() throws Exception {
    Path modules = dir.resolve("blackbox.yml");
    Files.writeString(
        modules,
        """
        modules:
          echo:
            prober: tcp
            timeout: 20s
            tcp:
              tls: true
              tls_config: { insecure_skip_verify: true }
              query_response: [ { expect: "^hello" }, { send: "ping" }, { expect: "^ping" } ]
        """);
    int port = FreePort.next();
    try (Program exporter =
            new Program(
                "prometheus-blackbox-exporter",
                "--config.file=" + modules,
                "--web.listen-address=127.0.0.1:" + port);
        HttpClient http = HttpClient.newHttpClient()) {
      exporter.expect("Listening on");
      URI probe =
          URI.create(
              "http://127.0.0.1:%d/probe?module=echo&debug=true&target=127.0.0.1:%d"
                  .formatted(port, server.port()));
      String told =
          http.send(HttpRequest.newBuilder(probe).build(), HttpResponse.BodyHandlers.ofString())
              .body();
      assertThat(told).contains("probe_success 1", "probe_tls_version_info{version=\"TLS 1.3\"} 1");
    }
    assertThat(server.carriers.getLast()).isEqualTo(Carrier.OWN);
  }

  private Program gnuTls(String... more) throws IOException {
    List<String> command =
        new ArrayList<>(List.of("gnutls-cli", "--insecure", "-p", Integer.toString(server.port())));
    command.addAll(List.of(more));
    command.add("127.0.0.1");
    return new Program(command.toArray(String[]::new));
  }

  private Program openSsl(String... more) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of("openssl", "s_client", "-tls1_3", "-connect", "127.0.0.1:" + server.port()));
    command.addAll(List.of(more));
    return new Program(command.toArray(String[]::new));
  }
}
