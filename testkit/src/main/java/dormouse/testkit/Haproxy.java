package dormouse.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// A private HAProxy that ends TLS at [#port] and tells a server behind it, by a PROXY header of version 2 with everything
/// that HAProxy can put in it, for whom it comes. It checks the server's health, ten times a second. Needs Debian's `haproxy`.
/// Any thread.
public final class Haproxy implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final Process process;
  private final int port;

  private Haproxy(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  /// Starts one before the server at this port of 127.0.0.1, and returns when it accepts.
  ///
  /// @param directory for its files
  /// @param tls its certificate; also signs those of clients, who need none
  public static Haproxy before(int server, Path directory, SelfSigned tls) {
    int port = FreePort.next();
    try {
      Path pem = directory.resolve("haproxy.pem");
      Files.writeString(pem, Files.readString(tls.certificate()) + Files.readString(tls.key()));
      Path config = directory.resolve("haproxy.cfg");
      Files.writeString(
          config,
          """
          defaults
            mode tcp
            timeout connect 5s
            timeout client 60s
            timeout server 60s
          frontend clients
            bind 127.0.0.1:%1$d ssl crt %2$s ca-file %3$s verify optional
            unique-id-format %%[uuid]
            default_backend servers
          backend servers
            option tcp-check
            tcp-check connect send-proxy
            tcp-check expect string OK
            server one 127.0.0.1:%4$d check inter 100ms send-proxy-v2 proxy-v2-options \
              ssl,cert-cn,ssl-cipher,cert-sig,cert-key,authority,crc32c,unique-id
          """
              .formatted(port, pem, tls.certificate(), server));
      Process process =
          new ProcessBuilder("haproxy", "-db", "-f", config.toString())
              .redirectErrorStream(true)
              .redirectOutput(directory.resolve("haproxy.log").toFile())
              .start();
      Haproxy started = new Haproxy(process, port);
      Wait.until("HAProxy accepts", PATIENCE, () -> !process.isAlive() || started.accepts());
      if (!process.isAlive()) {
        throw new AssertionError(Files.readString(directory.resolve("haproxy.log")));
      }
      return started;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private boolean accepts() {
    try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  /// Where clients connect, with TLS from the first byte.
  public int port() {
    return port;
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      process.destroyForcibly();
    }
  }
}
