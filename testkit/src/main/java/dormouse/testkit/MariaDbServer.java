package dormouse.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// A private MariaDB on a free port of 127.0.0.1, with the user [#USER] and the database `mail`. Needs Debian's `mariadb-server`.
/// Any thread.
public final class MariaDbServer implements AutoCloseable {
  public static final String USER = "dormouse";
  public static final String PASSWORD = "sql-secret";

  private final int port = FreePort.next();
  private final Path home;
  private final SelfSigned tls;
  private PrivateServer server;

  private MariaDbServer(Path home) throws IOException {
    this.home = home;
    tls = SelfSigned.in(home);
    PrivateServer.own(tls.key());
    PrivateServer.run(
        home,
        "mariadb-install-db",
        "--no-defaults",
        "--datadir=" + home.resolve("data"),
        "--skip-test-db",
        "--skip-name-resolve");
    PrivateServer.own(
        Files.writeString(
            home.resolve("init.sql"),
            """
            CREATE DATABASE IF NOT EXISTS mail CHARACTER SET utf8mb4;
            CREATE USER IF NOT EXISTS '%1$s'@'127.0.0.1' IDENTIFIED BY '%2$s';
            GRANT ALL ON mail.* TO '%1$s'@'127.0.0.1';
            """
                .formatted(USER, PASSWORD)));
    server = run();
  }

  private PrivateServer run() {
    return PrivateServer.start(
        home,
        line -> line.contains("ready for connections"),
        "mariadbd",
        "--no-defaults",
        "--datadir=" + home.resolve("data"),
        "--socket=" + home.resolve("socket"),
        "--pid-file=" + home.resolve("pid"),
        "--init-file=" + home.resolve("init.sql"),
        "--ssl-cert=" + tls.certificate(),
        "--ssl-key=" + tls.key(),
        "--bind-address=127.0.0.1",
        "--skip-name-resolve",
        "--port=" + port);
  }

  /// Starts one and returns when it answers.
  public static MariaDbServer start() {
    try {
      return new MariaDbServer(PrivateServer.home("mariadb"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Where its database `mail` is, for JDBC.
  public String url() {
    return "jdbc:mariadb://127.0.0.1:" + port + "/mail";
  }

  /// Of whom TLS may be had. PEM.
  public Path certificate() {
    return tls.certificate();
  }

  /// Ends the server's process and its connections; its data stay.
  public void stop() {
    server.stop();
  }

  /// Starts it again, after [#stop].
  public void startAgain() {
    server = run();
  }

  @Override
  public void close() {
    server.close();
  }
}
