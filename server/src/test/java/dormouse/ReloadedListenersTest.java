package dormouse;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.config.Settings;
import dormouse.config.SettingsFile;
import dormouse.config.SettingsRead;
import dormouse.listen.EventLoops;
import dormouse.ops.Metrics;
import dormouse.session.SteadyClock;
import dormouse.testkit.FreePort;
import dormouse.testkit.TrustingTls;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a listener that comes with a reload shows to those who connect before the reload is over.
class ReloadedListenersTest {
  @TempDir Path directory = Path.of("");

  private final int first = FreePort.next();
  private final int second = FreePort.next();

  /// A client that connects as soon as it can, and is waited for a moment whenever the reload asks for the time.
  private final class Client implements InstantSource {
    private final Thread reloads = Thread.currentThread();
    private final CompletableFuture<String> served = new CompletableFuture<>();
    private boolean comes;
    private boolean connected;

    @Override
    public Instant instant() {
      asked();
      return Instant.now();
    }

    long nanos() {
      asked();
      return System.nanoTime();
    }

    private void asked() {
      if (comes && Thread.currentThread().equals(reloads)) {
        come();
      }
    }

    private void come() {
      if (!connected) {
        try {
          Socket socket = new Socket(InetAddress.getLoopbackAddress(), second);
          Thread.startVirtualThread(() -> served.complete(shown(socket)));
          connected = true;
        } catch (IOException _) {
          return; // nobody listens yet
        }
      }
      served.copy().completeOnTimeout("", 100, TimeUnit.MILLISECONDS).join();
    }
  }

  @Test
  void showWhatTheReloadBrings() throws Exception {
    Client client = new Client();
    SteadyClock clock = new SteadyClock(client, client::nanos);
    Settings before = settings(first, "before");
    Settings after = settings(second, "after");
    try (Dormouse dormouse =
        Dormouse.start(before, new Metrics(), clock, EventLoops.start(1, clock))) {
      client.comes = true;
      dormouse.reload(after);
      client.come();
      assertThat(client.served)
          .succeedsWithin(Duration.ofSeconds(10))
          .isEqualTo("CN=after.example.org");
    }
  }

  private Settings settings(int port, String name) throws Exception {
    X509Bundle made =
        new CertificateBuilder()
            .ecp256()
            .subject("CN=" + name + ".example.org")
            .setIsCertificateAuthority(true)
            .buildSelfSigned();
    Path certificate = directory.resolve(name + ".crt");
    Path key = directory.resolve(name + ".key");
    Files.writeString(certificate, made.getCertificatePEM());
    Files.writeString(key, made.getPrivateKeyPEM());
    Path file =
        Files.writeString(
            directory.resolve(name + ".yaml"),
            """
            listen: [ { address: "127.0.0.1:%d" } ]
            tls: { certificates: [ { certificate: %s, key: %s } ] }
            admin: { address: none }
            runtime: { state-dir: ., drain: 0s }
            backends: { mx: { address: "127.0.0.1:1", tls: none, health: { check: none } } }
            """
                .formatted(port, certificate, key));
    return switch (SettingsFile.read(file)) {
      case SettingsRead.Good(Settings settings, _) -> settings;
      case SettingsRead.Bad(var faults) -> throw new IllegalArgumentException(faults.toString());
    };
  }

  private static String shown(Socket socket) {
    try (SSLSocket tls = TrustingTls.over(socket, "localhost")) {
      return ((X509Certificate) tls.getSession().getPeerCertificates()[0])
          .getSubjectX500Principal()
          .getName();
    } catch (IOException e) {
      return e.toString();
    }
  }
}
