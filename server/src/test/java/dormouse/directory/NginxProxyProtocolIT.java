package dormouse.directory;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.testkit.LoginBackend;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// `proxy_protocol on` beside a real nginx: what the backend is told of the client before it greets.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class NginxProxyProtocolIT {
  private static final int PATIENCE_MILLIS = 20_000;

  private final LoginBackend backend = LoginBackend.startProxied();
  private final NginxStage stage =
      new NginxStage(
          backend,
          """
          backends:
            any: { address: "*", tls: none, proxy-protocol: v1, pool: { per-user: 0 } }
          directory:
            - http: { url: "URL" }
          """,
          "proxy_protocol on;");

  @AfterAll
  void stop() {
    stage.close();
  }

  @Test
  void theBackendIsToldWhoComes() throws IOException {
    String same = "PROXY TCP4 127.0.0.1 127.0.0.1 (client) (ours)";
    assertThat(told(stage.nginx().port(), "")).isEqualTo(same);
    assertThat(told(stage.dormouse().port(), "")).isEqualTo(same);
  }

  /// Where it came to is told as the proxy before us says it, and not as it came to us: so a server that goes by that sees what the client sees.
  @Test
  void theBackendIsToldWhatAProxyBeforeUsSays() throws IOException {
    String four = "PROXY TCP4 203.0.113.7 198.51.100.1 40001 993\r\n";
    assertThat(told(stage.nginx().proxyPort(), four))
        .isEqualTo("PROXY TCP4 203.0.113.7 127.0.0.1 40001 (ours)");
    assertThat(told(stage.dormouse().proxyPort(), four)).isEqualTo(four.strip());
    String six = "PROXY TCP6 2001:db8::7 2001:db8::1 40001 993\r\n";
    assertThat(told(stage.nginx().proxyPort(), six))
        .as("no line of the protocol: two families")
        .isEqualTo("PROXY TCP6 2001:db8::7 127.0.0.1 40001 (ours)");
    assertThat(told(stage.dormouse().proxyPort(), six))
        .isEqualTo("PROXY TCP6 2001:db8:0:0:0:0:0:7 2001:db8:0:0:0:0:0:1 40001 993");
  }

  /// The line that a login brings, without what is another each time.
  ///
  /// @param before what a proxy says first
  private String told(int port, String before) throws IOException {
    backend.takeHeaders();
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(PATIENCE_MILLIS);
      var in =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
      say(socket, before);
      assertThat(in.readLine()).startsWith("* OK");
      say(socket, "a LOGIN ann secret\r\n");
      assertThat(in.readLine()).startsWith("a OK");
      return String.join("\n", backend.takeHeaders())
          .replaceFirst(" " + socket.getLocalPort() + " ", " (client) ")
          .replaceFirst(" " + port + "$", " (ours)");
    }
  }

  private static void say(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
  }
}
