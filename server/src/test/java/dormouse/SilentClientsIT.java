package dormouse;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.testkit.DovecotServer;
import dormouse.testkit.Endpoint;
import dormouse.testkit.FreePort;
import dormouse.testkit.ImapClient;
import dormouse.testkit.Wait;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Ten thousand connections that never say a word, from as many addresses, before a Dormouse of its own process and a Dovecot: all of them may
/// stay for their time, which costs little, and others are served meanwhile.
final class SilentClientsIT {
  private static final int SILENT = Integer.getInteger("dormouse.silent", 10_000);
  private static final int SHAKING =
      20; // each of so many shakes hands before it falls silent, where there is TLS
  private static final int TIMEOUT_SECONDS =
      15; // all come before the first has to go, be the machine as busy as it may
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int MOST_BYTES_EACH = 8 * 1024;
  private static final int MOST_BYTES_EACH_TLS = 24 * 1024;

  @TempDir Path directory = Path.of("");

  private final int port = FreePort.next();
  private final int admin = FreePort.next();
  private final List<Socket> silent = new ArrayList<>();
  private final List<ImapClient> greeted = new ArrayList<>();

  @AfterEach
  void leave() throws IOException {
    greeted.forEach(ImapClient::close);
    for (Socket socket : silent) {
      socket.close();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void theyCostLittleAndGo(boolean tls) throws Exception {
    Endpoint endpoint = tls ? Endpoint.tls(port) : Endpoint.plain(port);
    try (DovecotServer dovecot = DovecotServer.start();
        OwnProcess process = OwnProcess.serving(settings(dovecot, tls))) {
      Wait.until("it serves", OwnProcess.SOON, this::serves);
      for (int i = 0; i < 50; i++) {
        isServed(endpoint); // and so what that needs is there
      }
      long before = process.residentBytes();
      double goneBefore = outOfTime();
      for (int i = 0; i < SILENT; i++) {
        comes(endpoint, i);
        if (i % 1000 == 999) {
          isServed(endpoint);
        }
      }
      Wait.until("all are in", PATIENCE, () -> greeting() + outOfTime() - goneBefore >= SILENT);
      long bytes = process.residentBytes() - before;
      assertThat(bytes / SILENT)
          .as("bytes of each")
          .isLessThan(tls ? MOST_BYTES_EACH_TLS : MOST_BYTES_EACH);
      isServed(endpoint);

      Wait.until("all had their time", PATIENCE, () -> outOfTime() - goneBefore == SILENT);
      for (ImapClient client : greeted) {
        assertThat(client.expectClosed()).containsExactly("* BYE You were silent for too long");
      }
      for (Socket socket : silent) {
        String heard = new String(socket.getInputStream().readAllBytes(), ISO_8859_1);
        if (tls) {
          assertThat(heard).isEmpty();
        } else {
          assertThat(heard).endsWith("* BYE You were silent for too long\r\n");
        }
      }
      assertThat(greeting()).isZero();
      isServed(endpoint);
    }
  }

  private Path settings(DovecotServer dovecot, boolean tls) throws IOException {
    return Files.writeString(
        directory.resolve("dormouse.yaml"),
        """
        listen: [ { address: "127.0.0.1:%d", tls: %s } ]
        backends: { mx: { address: "127.0.0.1:%d", tls: none } }
        login: { timeout: %ds }
        limits: { before-login: %d }
        admin: { address: "127.0.0.1:%d" }
        runtime: { state-dir: . }
        """
            .formatted(
                port,
                tls ? "implicit" : "none",
                dovecot.imapPort(),
                TIMEOUT_SECONDS,
                SILENT + 10,
                admin));
  }

  /// From an address of its own.
  private void comes(Endpoint endpoint, int number) throws IOException {
    String from = "127.1." + number / 250 + "." + (number % 250 + 1);
    if (endpoint.tls() == Endpoint.Tls.IMPLICIT && number % SHAKING == 0) {
      greeted.add(ImapClient.connect(endpoint, from, "localhost").patience(PATIENCE));
      return;
    }
    Socket socket = new Socket();
    silent.add(socket);
    socket.setSoTimeout((int) PATIENCE.toMillis());
    socket.bind(new InetSocketAddress(from, 0));
    socket.connect(new InetSocketAddress(endpoint.host(), endpoint.port()));
  }

  private static void isServed(Endpoint endpoint) {
    try (ImapClient client = ImapClient.connect(endpoint)) {
      client.login("u1", DovecotServer.PASSWORD).ok("SELECT INBOX");
      client.logout();
    }
  }

  private boolean serves() {
    try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return metric("dormouse_sessions{state=\"greeting\"}") >= 0;
    } catch (IOException | UncheckedIOException _) {
      return false;
    }
  }

  private double greeting() {
    return metric("dormouse_sessions{state=\"greeting\"}");
  }

  /// How many had to go for it: over TLS those who have not shaken hands have less of it.
  private double outOfTime() {
    return metric("dormouse_closes_total{reason=\"login-timeout\"}")
        + metric("dormouse_closes_total{reason=\"tls-failed\"}");
  }

  private double metric(String nameAndLabels) {
    URI metrics = URI.create("http://127.0.0.1:" + admin + "/metrics");
    try (InputStream in = metrics.toURL().openStream()) {
      return new String(in.readAllBytes(), ISO_8859_1)
          .lines()
          .filter(line -> line.startsWith(nameAndLabels + " "))
          .mapToDouble(line -> Double.parseDouble(line.substring(nameAndLabels.length() + 1)))
          .sum();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
