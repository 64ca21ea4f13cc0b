package dormouse;

import dormouse.testkit.ImapClient;
import dormouse.testkit.LoginBackend;
import dormouse.testkit.PostgresServer;
import dormouse.testkit.Wait;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Secrets in files that are replaced: a reload with the same settings reads them.
class RotatedSecretsIT {
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final String LEAVE =
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'";

  @TempDir Path directory = Path.of("");

  @Test
  void aDatabasesPassword() throws Exception {
    Path secret =
        Files.writeString(directory.resolve("sql.secret"), PostgresServer.PASSWORD + "\n");
    try (PostgresServer postgres = PostgresServer.start();
        LoginBackend backend = LoginBackend.start()) {
      String file =
          """
          listen: [ { address: "127.0.0.1:0", tls: none } ]
          backends: { mx: { address: "127.0.0.1:%d", tls: none, health: { check: none } } }
          throttle: { enabled: false }
          directory:
            - sql:
                url: "%s"
                user: %s
                password-file: %s
                query: "SELECT 'secret' AS password WHERE :user = 'ann'"
          """
              .formatted(backend.port(), postgres.url(), PostgresServer.USER, secret);
      long others = pools();
      try (FrontEnd dormouse = FrontEnd.of(file)) {
        ImapClient.connect(dormouse.plain()).login("ann", "secret").logout();

        execute(
            postgres,
            PostgresServer.PASSWORD,
            "ALTER ROLE " + PostgresServer.USER + " PASSWORD 'rotated'");
        Files.writeString(secret, "rotated\n");
        dormouse.reload(file);
        execute(postgres, "rotated", LEAVE);
        ImapClient.connect(dormouse.plain()).login("ann", "secret").logout();

        dormouse.reload(file);
        Wait.until("the pool before is closed", SOON, () -> pools() == others + 1);
      }
    }
  }

  private static long pools() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().endsWith("housekeeper"))
        .count();
  }

  private static void execute(PostgresServer postgres, String password, String sql)
      throws SQLException {
    try (Connection connection =
            DriverManager.getConnection(postgres.url(), PostgresServer.USER, password);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  @Test
  void aProbesPassword() throws Exception {
    Path secret = Files.writeString(directory.resolve("probe.secret"), "before\n");
    try (LoginBackend backend = LoginBackend.start()) {
      String file =
          """
          listen: [ { address: "127.0.0.1:0", tls: none } ]
          backends:
            mx:
              address: "127.0.0.1:%d"
              tls: none
              health: { check: login, user: probe, password-file: %s, interval: 100ms, timeout: 2s }
          """
              .formatted(backend.port(), secret);
      try (FrontEnd dormouse = FrontEnd.of(file)) {
        probes(backend, "before");
        dormouse.reload(file);
        Files.writeString(secret, "after\n");
        dormouse.reload(file);
        probes(backend, "after");
      }
    }
  }

  private static void probes(LoginBackend backend, String password) {
    LoginBackend.Login probe = new LoginBackend.Login("probe", "", password);
    Wait.until("it probes by " + password, SOON, () -> backend.takeLogins().contains(probe));
  }
}
