package dormouse;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.testkit.ImapClient;
import dormouse.testkit.LoginBackend;
import dormouse.testkit.PostgresServer;
import dormouse.testkit.SlapdServer;
import dormouse.testkit.Wait;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Secrets in files that are replaced: a reload with the same settings reads them.
class RotatedSecretsIT {
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final String LEAVE =
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'";

  private static final String SEARCH = " SRCH base=";

  private static final String ANN =
      """
      dn: uid=ann,dc=example,dc=org
      objectClass: inetOrgPerson
      uid: ann
      cn: Ann
      sn: A
      userPassword: secret
      """;

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
      Set<Thread> others = housekeepers();
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
        Wait.until(
            "the pool before is closed",
            SOON,
            () -> {
              Set<Thread> ours = housekeepers();
              ours.removeAll(others); // which may be closing still
              return ours.size() == 1;
            });
      }
    }
  }

  /// Else its connections would be made again with the password before, which locks the account.
  @Test
  void aDirectorysPassword() throws Exception {
    Path secret = Files.writeString(directory.resolve("ldap.secret"), SlapdServer.PASSWORD + "\n");
    try (SlapdServer slapd = SlapdServer.start(ANN);
        LoginBackend backend = LoginBackend.start()) {
      String file =
          """
          listen: [ { address: "127.0.0.1:0", tls: none } ]
          backends: { mx: { address: "127.0.0.1:%d", tls: none, health: { check: none } } }
          throttle: { enabled: false }
          directory:
            - ldap:
                urls: [ "%s" ]
                bind-dn: "%s"
                password-file: %s
                base: %s
          """
              .formatted(
                  backend.port(), slapd.url(), SlapdServer.SEARCHER, secret, SlapdServer.BASE);
      try (FrontEnd dormouse = FrontEnd.of(file)) {
        long before = lines(slapd, SEARCH);
        ImapClient.connect(dormouse.plain()).login("ann", "secret").logout();
        Wait.until("it is asked", SOON, () -> lines(slapd, SEARCH) == before + 1);
        long accepted = lines(slapd, " ACCEPT ");
        ImapClient.connect(dormouse.plain()).login("ann", "secret").logout();
        Wait.until("it is asked again", SOON, () -> lines(slapd, SEARCH) == before + 2);
        assertThat(lines(slapd, " ACCEPT ")).as("on the same connection").isEqualTo(accepted);

        Files.writeString(secret, "rotated\n");
        dormouse.reload(file);
        Wait.until(
            "the connections before are closed",
            SOON,
            () -> lines(slapd, " closed") == lines(slapd, " ACCEPT "));
      }
    }
  }

  private static long lines(SlapdServer slapd, String with) {
    return slapd.log().stream().filter(line -> line.contains(with)).count();
  }

  /// However often the settings are read again meanwhile.
  @Test
  void whoWaitsForTheDirectoryBeforeHearsItsAnswer() throws Exception {
    Path secret =
        Files.writeString(directory.resolve("sql.secret"), PostgresServer.PASSWORD + "\n");
    try (PostgresServer postgres = PostgresServer.start();
        LoginBackend backend = LoginBackend.start();
        Connection gate =
            DriverManager.getConnection(
                postgres.url(), PostgresServer.USER, PostgresServer.PASSWORD);
        Statement statement = gate.createStatement()) {
      String file =
          """
          listen: [ { address: "127.0.0.1:0", tls: none } ]
          backends: { mx: { address: "127.0.0.1:%d", tls: none, health: { check: none } } }
          throttle: { enabled: false }
          directory:
            - timeout: 60s
              cache-entries: 11
              sql:
                url: "%s"
                user: %s
                password-file: %s
                query: "SELECT 'secret' AS password FROM pg_advisory_xact_lock(7) WHERE :user <> ''"
                connections: 1
          """
              .formatted(backend.port(), postgres.url(), PostgresServer.USER, secret);
      statement.execute("SELECT pg_advisory_lock(7)");
      try (FrontEnd dormouse = FrontEnd.of(file);
          ImapClient asking = ImapClient.connect(dormouse.plain());
          ImapClient queued = ImapClient.connect(dormouse.plain())) {
        String first = asking.start("LOGIN ann secret");
        Wait.until("the database is asked", SOON, () -> waiting(statement) == 1);
        String second = queued.start("LOGIN bob secret");
        ImapClient.connect(dormouse.plain()).logout();

        dormouse.reload(file.replace("cache-entries: 11", "cache-entries: 12"));
        dormouse.reload(file.replace("cache-entries: 11", "cache-entries: 13"));
        statement.execute("SELECT pg_advisory_unlock(7)");
        assertThat(asking.readUntilTagged(first).getLast()).contains("OK");
        assertThat(queued.readUntilTagged(second).getLast()).contains("OK");
      }
    }
  }

  private static int waiting(Statement statement) {
    try (ResultSet found =
        statement.executeQuery(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")) {
      found.next();
      return found.getInt(1);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /// One of each pool.
  private static Set<Thread> housekeepers() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().endsWith("housekeeper"))
        .collect(Collectors.toCollection(HashSet::new));
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
