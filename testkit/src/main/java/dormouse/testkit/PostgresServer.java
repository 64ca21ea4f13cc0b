package dormouse.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.stream.Stream;

/// A private PostgreSQL on a free port of 127.0.0.1, with the superuser [#USER]. Needs Debian's `postgresql`. Any thread.
public final class PostgresServer implements AutoCloseable {
  public static final String USER = "dormouse";
  public static final String PASSWORD = "sql-secret";

  private static final Path VERSIONS = Path.of("/usr/lib/postgresql");
  private static final String LEAVE = "INT"; // by SIGTERM it waits for its clients to leave

  private final int port = FreePort.next();
  private final Path home;
  private final Path programs;
  private final SelfSigned tls;
  private PrivateServer server;

  private PostgresServer(Path home, Path programs) throws IOException {
    this.home = home;
    this.programs = programs;
    tls = SelfSigned.in(home);
    Files.setPosixFilePermissions(
        PrivateServer.own(tls.key()), PosixFilePermissions.fromString("rw-------"));
    Path password = PrivateServer.own(Files.writeString(home.resolve("password"), PASSWORD));
    PrivateServer.run(
        home,
        programs.resolve("initdb").toString(),
        "--pgdata=data",
        "--username=" + USER,
        "--pwfile=" + password,
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync");
    server = run();
  }

  private PrivateServer run() {
    return PrivateServer.start(
        home,
        line -> line.contains("database system is ready to accept connections"),
        programs.resolve("postgres").toString(),
        "-D",
        "data",
        "-h",
        "127.0.0.1",
        "-p",
        Integer.toString(port),
        "-k",
        home.toString(),
        "-c",
        "fsync=off",
        "-c",
        "ssl=on",
        "-c",
        "ssl_cert_file=" + tls.certificate(),
        "-c",
        "ssl_key_file=" + tls.key());
  }

  /// Starts one and returns when it answers.
  public static PostgresServer start() {
    try (Stream<Path> versions = Files.list(VERSIONS)) {
      Path newest = versions.max(Comparator.naturalOrder()).orElseThrow();
      return new PostgresServer(PrivateServer.home("postgres"), newest.resolve("bin"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Where its only database is, for JDBC.
  public String url() {
    return "jdbc:postgresql://127.0.0.1:" + port + "/postgres";
  }

  /// Of whom TLS may be had, which the driver asks for by itself. PEM.
  public Path certificate() {
    return tls.certificate();
  }

  /// Ends the server's process and its connections; its data stay.
  public void stop() {
    server.stop(LEAVE);
  }

  /// Starts it again, after [#stop].
  public void startAgain() {
    server = run();
  }

  @Override
  public void close() {
    server.close(LEAVE);
  }
}
