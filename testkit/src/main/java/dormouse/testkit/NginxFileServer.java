package dormouse.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Comparator;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A private nginx that serves files over HTTP, or what else its `server` block says: a real one, on free ports of 127.0.0.1, with and without TLS. Needs
/// Debian's `nginx`. Any thread.
public final class NginxFileServer implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final Path home;
  private final int port = FreePort.next();
  private final int tlsPort = FreePort.next();
  private final SelfSigned tls;
  private final ServerLog log = new ServerLog();
  private @Nullable Process master;

  private NginxFileServer(Path home, String directives) throws IOException {
    this.home = home;
    tls = SelfSigned.in(home);
    Files.createDirectory(home.resolve("files"));
    String user = System.getProperty("user.name", "").equals("root") ? "user root;" : "";
    Files.writeString(
        home.resolve("nginx.conf"),
        """
        %1$s
        daemon off;
        worker_processes 1;
        pid %2$s/nginx.pid;
        error_log stderr notice;
        events { worker_connections 64; }
        http {
          access_log off;
          default_type application/json;
          client_body_temp_path %2$s/body;
          proxy_temp_path %2$s/proxy;
          fastcgi_temp_path %2$s/fastcgi;
          uwsgi_temp_path %2$s/uwsgi;
          scgi_temp_path %2$s/scgi;
          server {
            listen 127.0.0.1:%3$d;
            listen 127.0.0.1:%5$d ssl;
            ssl_certificate %6$s;
            ssl_certificate_key %7$s;
            root %2$s/files;
            %4$s
          }
        }
        """
            .formatted(user, home, port, directives, tlsPort, tls.certificate(), tls.key()));
  }

  /// Starts one that has no files yet, and returns when it listens.
  public static NginxFileServer start() {
    return start("");
  }

  /// The same with more directives in its `server` block, as `location /auth { proxy_pass …; }`.
  public static NginxFileServer start(String directives) {
    try {
      NginxFileServer server =
          new NginxFileServer(Files.createTempDirectory("nginx-files"), directives);
      server.restart();
      return server;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Starts it again on the same port with the same files; stops it first if it runs.
  public void restart() {
    stop();
    int from = log.size();
    try {
      Process started =
          new ProcessBuilder(
                  "/usr/sbin/nginx",
                  "-p",
                  home.toString(),
                  "-c",
                  home.resolve("nginx.conf").toString(),
                  "-e",
                  "stderr")
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      started.getOutputStream().close();
      master = started;
      log.follow(started.getErrorStream());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    log.await(from, line -> line.contains("start worker process "), PATIENCE);
  }

  /// Stops it: who connects is refused.
  public void stop() {
    Process running = master;
    if (running == null) {
      return;
    }
    running.destroy();
    try {
      if (!running.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        running.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    master = null;
  }

  /// Puts a file in place of the one of that name, at once.
  public void put(String name, String content) {
    try {
      Path next = Files.writeString(home.resolve("next"), content);
      Files.move(next, home.resolve("files").resolve(name), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Where the file of that name is.
  public String url(String name) {
    return "http://127.0.0.1:" + port + "/" + name;
  }

  /// The same over TLS.
  public String tlsUrl(String name) {
    return "https://127.0.0.1:" + tlsPort + "/" + name;
  }

  /// Of its TLS. PEM.
  public Path certificate() {
    return tls.certificate();
  }

  /// Stops it and deletes its directory.
  @Override
  public void close() {
    stop();
    try (Stream<Path> files = Files.walk(home)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
