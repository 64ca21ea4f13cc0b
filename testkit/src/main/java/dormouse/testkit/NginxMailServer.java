package dormouse.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// A private nginx that proxies IMAP: a real one, in a directory of its own, on free ports of 127.0.0.1. Needs Debian's
/// `nginx` and `libnginx-mod-mail`. Any thread.
public final class NginxMailServer implements AutoCloseable {
  private static final Path PROGRAM = Path.of("/usr/sbin/nginx");
  private static final Path MODULE = Path.of("/usr/lib/nginx/modules/ngx_mail_module.so");
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final Path home;
  private final int port;
  private final int proxyPort;
  private final int tlsPort;
  private final SelfSigned tls;
  private final ServerLog log = new ServerLog();
  private final Process master;

  private NginxMailServer(Path home, int workers, String mail) throws IOException {
    this.home = home;
    this.port = FreePort.next();
    this.proxyPort = FreePort.next();
    this.tlsPort = FreePort.next();
    this.tls = SelfSigned.in(home);
    Path config =
        Files.writeString(
            home.resolve("nginx.conf"),
            mail.stripLeading().startsWith("mail {")
                ? main(workers) + located(mail)
                : main(workers) + servers(mail));
    ProcessBuilder builder =
        new ProcessBuilder(
            PROGRAM.toString(), "-p", home.toString(), "-c", config.toString(), "-e", "stderr");
    builder.redirectOutput(ProcessBuilder.Redirect.DISCARD);
    master = builder.start();
    master.getOutputStream().close();
    log.follow(master.getErrorStream());
    log.await(0, line -> line.contains("start worker process "), PATIENCE);
  }

  /// Whether this machine has nginx and its mail module.
  public static boolean installed() {
    return Files.isExecutable(PROGRAM) && Files.exists(MODULE);
  }

  /// Starts one and returns when it listens.
  ///
  /// @param workers worker processes
  /// @param mail directives of the `mail` block, that hold for all listeners, such as `auth_http …;`
  public static NginxMailServer start(int workers, String... mail) {
    try {
      Path home = Files.createTempDirectory("nginx");
      return new NginxMailServer(home, workers, String.join("\n  ", mail));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Starts one of a whole `mail` block as operators have them: what it has at the ports 143 and 993 and in `/etc/ssl/mail.…` is at [#port],
  /// [#tlsPort] and in files of its own.
  public static NginxMailServer ofBlock(String block) {
    return start(1, block);
  }

  private String located(String block) {
    return block
        .replace("listen 143;", "listen 127.0.0.1:" + port + ";")
        .replace("listen 993 ssl;", "listen 127.0.0.1:" + tlsPort + " ssl;")
        .replace("/etc/ssl/mail.pem", tls.certificate().toString())
        .replace("/etc/ssl/mail.key", tls.key().toString());
  }

  private String main(int workers) {
    String user = System.getProperty("user.name", "").equals("root") ? "user root;" : "";
    return """
    load_module %s;
    %s
    daemon off;
    worker_processes %d;
    pid %s/nginx.pid;
    error_log stderr notice;
    events { worker_connections 16384; }
    """
        .formatted(MODULE, user, workers, home);
  }

  private String servers(String mail) {
    return """
    mail {
      server_name mail.example.org;
      %s
      server { listen 127.0.0.1:%d; protocol imap; }
      server { listen 127.0.0.1:%d proxy_protocol; protocol imap; set_real_ip_from 127.0.0.0/8; }
      server {
        listen 127.0.0.1:%d ssl;
        protocol imap;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_certificate %s;
        ssl_certificate_key %s;
      }
    }
    """
        .formatted(mail, port, proxyPort, tlsPort, tls.certificate(), tls.key());
  }

  /// IMAP in the clear.
  public int port() {
    return port;
  }

  /// IMAP in the clear behind a PROXY header, believed from this machine.
  public int proxyPort() {
    return proxyPort;
  }

  /// IMAP in TLS.
  public int tlsPort() {
    return tlsPort;
  }

  /// The certificate of [#tlsPort], and its key.
  public SelfSigned certificate() {
    return tls;
  }

  /// The ids of all its processes, for who measures them.
  public List<Long> pids() {
    return Stream.concat(Stream.of(master.toHandle()), master.descendants())
        .map(ProcessHandle::pid)
        .toList();
  }

  /// What it has logged.
  public List<String> log() {
    return log.lines();
  }

  /// Stops it and deletes its directory, once.
  @Override
  public synchronized void close() {
    if (!Files.exists(home)) {
      return;
    }
    List<ProcessHandle> workers = master.descendants().toList();
    master.destroy();
    try {
      if (!master.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        workers.forEach(ProcessHandle::destroyForcibly);
        master.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    try (Stream<Path> files = Files.walk(home)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
