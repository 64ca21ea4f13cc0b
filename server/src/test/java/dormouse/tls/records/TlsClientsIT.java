package dormouse.tls.records;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Other people's TLS, after a hand-over: OpenSSL, GnuTLS, Python.
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
    try (Program client = openSsl("-quiet", "-ciphersuites", suite.standardName)) {
      client.expect("hello");
      client.say("ping");
      client.expect("ping");
    }
    assertThat(server.carriers.getLast()).isEqualTo(Carrier.OWN);
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
  @ValueSource(strings = {"+AES-128-GCM", "+AES-256-GCM", "+CHACHA20-POLY1305"})
  void gnuTlsSpeaksEverySuite(String cipher) throws Exception {
    String priority = "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:" + cipher;
    try (Program client =
        new Program(
            "gnutls-cli",
            "--insecure",
            "-p",
            Integer.toString(server.port()),
            "--priority",
            priority,
            "127.0.0.1")) {
      client.expect("hello");
      client.say("ping");
      client.expect("ping");
    }
    assertThat(server.carriers.getLast()).isEqualTo(Carrier.OWN);
  }

  /// Data in one write with the last of the handshake, large data, close_notify both ways.
  @Test
  void pythonSpeaksToTheEnd() throws Exception {
    String script =
        """
        import socket, ssl, sys
        context = ssl._create_unverified_context()
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
    try (Program client = new Program("python3", "-c", script, Integer.toString(server.port()))) {
      client.expect("all is well");
      client.expectEnd();
    }
  }

  private Program openSsl(String... more) throws IOException {
    List<String> command =
        new java.util.ArrayList<>(
            List.of("openssl", "s_client", "-tls1_3", "-connect", "127.0.0.1:" + server.port()));
    command.addAll(List.of(more));
    return new Program(command.toArray(String[]::new));
  }
}
