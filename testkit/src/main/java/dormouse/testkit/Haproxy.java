package dormouse.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// A private HAProxy before a server. Needs Debian's `haproxy`. Any thread.
public final class Haproxy implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private static final String DEFAULTS =
      """
      defaults
        mode tcp
        timeout connect 5s
        timeout client 60s
        timeout server 60s
      """;
  private static final String ALL =
      "send-proxy-v2 proxy-v2-options ssl,cert-cn,ssl-cipher,cert-sig,cert-key,authority,crc32c,unique-id";

  private final Process process;
  private final int port;
  private final Path log;

  private Haproxy(Path directory, int port, String sections) {
    this.port = port;
    log = directory.resolve("haproxy.log");
    try {
      Path config = Files.writeString(directory.resolve("haproxy.cfg"), DEFAULTS + sections);
      process =
          new ProcessBuilder("haproxy", "-db", "-f", config.toString())
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Wait.until("HAProxy accepts", PATIENCE, () -> !process.isAlive() || accepts());
    if (!process.isAlive()) {
      throw new AssertionError(log());
    }
  }

  /// Starts one that ends TLS before the server at this port of 127.0.0.1 and tells it, by a PROXY header of version 2 with everything that
  /// HAProxy can put in it, for whom it comes. It checks the server's health, ten times a second. Returns when it accepts.
  ///
  /// @param directory for its files
  /// @param tls its certificate; also signs those of clients, who need none
  public static Haproxy before(int server, Path directory, SelfSigned tls) {
    return endingTls(server, directory, tls, ALL);
  }

  /// The same with a header of version 1.
  public static Haproxy sayingVersion1(int server, Path directory, SelfSigned tls) {
    return endingTls(server, directory, tls, "send-proxy");
  }

  private static Haproxy endingTls(int server, Path directory, SelfSigned tls, String says) {
    int port = FreePort.next();
    Path pem = directory.resolve("haproxy.pem");
    try {
      Files.writeString(pem, Files.readString(tls.certificate()) + Files.readString(tls.key()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new Haproxy(
        directory,
        port,
        """
        frontend clients
          bind 127.0.0.1:%1$d ssl crt %2$s ca-file %3$s verify optional
          unique-id-format %%[uuid]
          default_backend servers
        backend servers
          option tcp-check
          tcp-check connect send-proxy
          tcp-check expect string OK
          server one 127.0.0.1:%4$d check inter 100ms %5$s
        """
            .formatted(port, pem, tls.certificate(), server, says));
  }

  /// Starts one that reads the PROXY header of whoever comes, and puts down what it says when that one has left.
  public static Haproxy reading(int server, Path directory) {
    int port = FreePort.next();
    return new Haproxy(
        directory,
        port,
        """
        frontend proxies
          bind 127.0.0.1:%1$d accept-proxy
          log stdout format raw local0
          log-format "from=%%[src]:%%[src_port] at=%%[dst_port] name=%%[fc_pp_authority] session=%%[fc_pp_unique_id]"
          default_backend servers
        backend servers
          server one 127.0.0.1:%2$d
        """
            .formatted(port, server));
  }

  private boolean accepts() {
    try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  /// Where it accepts.
  public int port() {
    return port;
  }

  /// What it has said.
  public String log() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
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
