package dormouse.directory.sql;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.config.SqlLinkSettings;
import dormouse.directory.Answer;
import dormouse.directory.Attempt;
import dormouse.directory.Attempts;
import dormouse.directory.Facts;
import dormouse.directory.Proof;
import dormouse.directory.Workers;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import dormouse.testkit.LoginBackend;
import dormouse.testkit.MariaDbServer;
import dormouse.testkit.PostgresServer;
import dormouse.testkit.SelfSigned;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The same questions to a real PostgreSQL, a real MariaDB and SQLite.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SqlLinkIT {
  enum Database {
    POSTGRES,
    MARIADB,
    SQLITE
  }

  private static final String BY_NAME =
      "SELECT name AS destuser, password, host, port, nologin, allow_nets, backend_pass AS pass, quota AS userdb_quota"
          + " FROM users WHERE name = :user";

  private final InstantSource clock = InstantSource.system();
  private final Workers checks = new Workers("checks", 2, Duration.ofSeconds(5), clock);
  private final EmbeddedChannel channel = new EmbeddedChannel();
  private PostgresServer postgres;
  private MariaDbServer mariaDb;

  @TempDir static Path directory = Path.of("");

  @BeforeAll
  void start() throws Exception {
    postgres = PostgresServer.start();
    mariaDb = MariaDbServer.start();
    Files.writeString(directory.resolve("sql.secret"), "sql-secret\n");
    for (Database each : Database.values()) {
      try (Connection connection = connect(each);
          Statement statement = connection.createStatement()) {
        for (String sql :
            """
            CREATE TABLE users (name VARCHAR(255) PRIMARY KEY, password VARCHAR(255), host VARCHAR(255), port INTEGER, nologin VARCHAR(1), allow_nets VARCHAR(255), backend_pass VARCHAR(255), quota INTEGER);
            INSERT INTO users VALUES ('ann', '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=', 'mx9.example.org', 1143, NULL, NULL, NULL, 7);
            INSERT INTO users VALUES ('bob', 'in clear', NULL, NULL, 'y', '10.0.0.0/8', 'other', NULL);
            INSERT INTO users VALUES ('cid', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
            INSERT INTO users VALUES ('o''brien', 'pass', NULL, NULL, NULL, NULL, NULL, NULL);
            INSERT INTO users VALUES ('j\u00f6rg', 'p\u00e4ss', NULL, NULL, NULL, NULL, NULL, NULL);
            INSERT INTO users VALUES ('bad', '{MD4}x', NULL, NULL, NULL, NULL, NULL, NULL);
            INSERT INTO users VALUES ('lost', 'pass', NULL, 99999, NULL, NULL, NULL, NULL);
            INSERT INTO users VALUES ('void', '', NULL, NULL, NULL, NULL, NULL, NULL);
            INSERT INTO users VALUES ('shut', '*', NULL, NULL, NULL, NULL, NULL, NULL);
            INSERT INTO users VALUES ('barred', '!pass', NULL, NULL, NULL, NULL, NULL, NULL);
            CREATE TABLE "tblPerdition" ("user" VARCHAR(128) NOT NULL PRIMARY KEY, "servername" VARCHAR(255) NOT NULL, "port" VARCHAR(8) DEFAULT NULL);
            INSERT INTO "tblPerdition" VALUES ('ann', 'mx8.example.org', '143');
            INSERT INTO "tblPerdition" VALUES ('bob', 'mx7.example.org', NULL)
            """
                .replace('"', each == Database.MARIADB ? '`' : '"')
                .split(";\n")) {
          statement.execute(sql);
        }
      }
    }
  }

  @AfterAll
  void stop() {
    checks.close();
    channel.close();
    postgres.close();
    mariaDb.close();
  }

  @ParameterizedTest
  @EnumSource
  void aRowSaysWhoAUserIs(Database database) throws Exception {
    try (SqlLink link = link(database, BY_NAME)) {
      assertThat(ask(link, "ann", "secret"))
          .isEqualTo(
              Facts.accept(Map.of("destuser", "ann", "host", "mx9.example.org", "port", "1143")));
      assertThat(ask(link, "ann", "Secret")).isEqualTo(Answer.reject());
      assertThat(ask(link, "bob", "in clear"))
          .isInstanceOfSatisfying(
              Answer.Accept.class,
              accept -> {
                assertThat(accept.facts().nologin()).isTrue();
                assertThat(accept.facts().allowNets()).hasSize(1);
                assertThat(accept.facts().pass()).asString().isNotEmpty();
              });
      assertThat(ask(link, "cid", "")).as("NULL is no password").isEqualTo(Answer.reject());
      assertThat(ask(link, "void", "")).as("nor is nothing").isEqualTo(Answer.reject());
      assertThat(ask(link, "shut", "*")).isEqualTo(Answer.reject());
      assertThat(ask(link, "barred", "!pass")).isEqualTo(Answer.reject());
      assertThat(ask(link, "dan", "x")).isEqualTo(new Answer.NotMine());
      assertThat(ask(link, "bad", "x"))
          .isEqualTo(new Answer.CannotTell("unknown password scheme MD4", false));
      assertThat(ask(link, "lost", "pass"))
          .isEqualTo(new Answer.CannotTell("impossible facts: port", false));
      assertThat(ask(link, "j\u00f6rg", "p\u00e4ss")).isInstanceOf(Answer.Accept.class);
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatIsStoredServesTheMechanismsThatSayNoPassword(Database database) throws Exception {
    try (SqlLink link = link(database, BY_NAME)) {
      assertThat(ask(link, Attempts.scram("bob"))).isInstanceOf(Answer.Prove.class);
      assertThat(ask(link, Attempts.scram("ann"))).as("hashed").isEqualTo(Answer.reject());
      assertThat(ask(link, Attempts.scram("dan"))).isEqualTo(new Answer.NotMine());
      assertThat(ask(link, Attempts.cramMd5("bob", "in clear"))).isInstanceOf(Answer.Accept.class);
      assertThat(ask(link, Attempts.cramMd5("bob", "wrong"))).isEqualTo(Answer.reject());
      assertThat(ask(link, Attempts.cramMd5("ann", "secret"))).isEqualTo(Answer.reject());
      assertThat(ask(link, Attempts.certificate("ann"))).isInstanceOf(Answer.Accept.class);
      assertThat(ask(link, Attempts.certificate("cid"))).as("NULL").isEqualTo(Answer.reject());
      assertThat(ask(link, Attempts.certificate("dan"))).isEqualTo(new Answer.NotMine());
    }
  }

  private Answer ask(SqlLink link, Attempt attempt) throws Exception {
    return link.ask(attempt, channel.eventLoop()).get(20, TimeUnit.SECONDS);
  }

  @ParameterizedTest
  @EnumSource
  void whoHasLoggedInBeforeIsLookedUpWithoutAPassword(Database database) throws Exception {
    try (SqlLink link = link(database, BY_NAME)) {
      assertThat(again(link, "ann"))
          .isEqualTo(
              Facts.accept(Map.of("destuser", "ann", "host", "mx9.example.org", "port", "1143")));
      assertThat(again(link, "bob"))
          .isInstanceOfSatisfying(
              Answer.Accept.class, accept -> assertThat(accept.facts().nologin()).isTrue());
      assertThat(again(link, "cid")).as("NULL is no password").isEqualTo(Answer.reject());
      assertThat(again(link, "dan")).isEqualTo(new Answer.NotMine());
      assertThat(link.resumes(Proof.Kind.TOKEN)).isFalse();
    }
    try (SqlLink link =
        link(database, "SELECT name FROM users WHERE name = :user AND password = :password")) {
      assertThat(link.resumes(Proof.Kind.PASSWORD)).isFalse();
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatAClientTypesIsAValueAndNeverPartOfTheQuery(Database database) throws Exception {
    try (SqlLink link = link(database, BY_NAME)) {
      assertThat(ask(link, "o'brien", "pass")).isInstanceOf(Answer.Accept.class);
      for (String name :
          new String[] {
            "' OR '1'='1",
            "x' OR 1=1 -- ",
            "\\' OR 1=1 #",
            "'; DROP TABLE users; --",
            "?",
            ":user",
            "%"
          }) {
        assertThat(ask(link, name, "x")).as(name).isEqualTo(new Answer.NotMine());
      }
      assertThat(ask(link, "ann", "secret")).isInstanceOf(Answer.Accept.class);
    }
    try (SqlLink link =
        link(
            database,
            "SELECT name AS destuser FROM users WHERE name = :user AND password = :password")) {
      assertThat(ask(link, "bob", "in clear")).isInstanceOf(Answer.Accept.class);
      assertThat(ask(link, "bob", "' OR '1'='1")).isEqualTo(new Answer.NotMine());
    }
  }

  @ParameterizedTest
  @EnumSource
  void aQueryThatChecksNoPasswordDecidesNothing(Database database) throws Exception {
    String quoted =
        database == Database.MARIADB
            ? "SELECT servername AS host, port FROM tblPerdition WHERE user = :user"
            : "SELECT \"servername\" AS host, \"port\" AS port FROM \"tblPerdition\" WHERE \"user\" = :user";
    try (SqlLink link = link(database, quoted)) {
      assertThat(ask(link, "ann", "whatever"))
          .isInstanceOfSatisfying(
              Answer.Learnt.class,
              learnt -> {
                assertThat(learnt.facts().host()).isEqualTo("mx8.example.org");
                assertThat(learnt.facts().port()).isEqualTo(143);
              });
      assertThat(ask(link, "bob", "whatever"))
          .isInstanceOfSatisfying(
              Answer.Learnt.class, learnt -> assertThat(learnt.facts().port()).isZero());
    }
  }

  @ParameterizedTest
  @EnumSource
  void severalRowsAreTheQuerysFault(Database database) throws Exception {
    try (SqlLink link = link(database, "SELECT password FROM users WHERE name <> :user")) {
      assertThat(ask(link, "ann", "x"))
          .isEqualTo(new Answer.CannotTell("the query finds more than one row", false));
    }
  }

  /// The drivers' words for it, each with the certificate that it trusts.
  @ParameterizedTest
  @EnumSource(names = {"POSTGRES", "MARIADB"})
  void tlsIsSpokenAndCertificatesAreChecked(Database database) throws Exception {
    Path other = SelfSigned.in(directory).certificate();
    boolean maria = database == Database.MARIADB;
    String trusting =
        url(database)
            + (maria ? "?sslMode=verify-full&serverSslCert=" : "?sslmode=verify-full&sslrootcert=");
    String overTls =
        maria
            ? "SELECT 'x' AS password FROM information_schema.session_status"
                + " WHERE variable_name = 'Ssl_cipher' AND variable_value <> '' AND :user = 'ann'"
            : "SELECT 'x' AS password FROM pg_stat_ssl"
                + " WHERE pid = pg_backend_pid() AND ssl AND :user = 'ann'";
    Path right = maria ? mariaDb.certificate() : postgres.certificate();
    try (SqlLink link = link(trusting + right, overTls)) {
      assertThat(ask(link, "ann", "x")).isInstanceOf(Answer.Accept.class);
    }
    try (SqlLink link = link(trusting + other, overTls)) {
      assertThat(ask(link, "ann", "x"))
          .isInstanceOfSatisfying(
              Answer.CannotTell.class, cannot -> assertThat(cannot.down()).isTrue());
    }
    String none = url(database) + (maria ? "?sslMode=disable" : "?sslmode=disable");
    try (SqlLink link = link(none, overTls)) {
      assertThat(ask(link, "ann", "x")).as("in the clear").isEqualTo(new Answer.NotMine());
    }
  }

  @Test
  void aDatabaseThatIsAwayIsToldAndFoundAgain() throws Exception {
    PostgresServer other = PostgresServer.start();
    SqlLinkSettings settings =
        settings(other.url(), "SELECT 'x' AS password, CAST(:user AS text) AS destuser");
    try (SqlLink link = SqlLink.of(settings, "sql", Duration.ofSeconds(5), checks, clock)) {
      assertThat(ask(link, "ann", "x")).isInstanceOf(Answer.Accept.class);
      other.close();
      Answer away = ask(link, "ann", "x");
      assertThat(away).isInstanceOf(Answer.CannotTell.class);
      assertThat(away.toString()).doesNotContain("sql-secret");
    }
  }

  @Test
  void aFrontEndServesTheUsersOfADatabase() throws IOException {
    LoginBackend backend = LoginBackend.start();
    String file =
        """
        listen:
          - { address: "127.0.0.1:0", tls: none }
        backends:
          mx: { address: "127.0.0.1:%d", tls: none }
        throttle: { enabled: false }
        directory:
          - sql:
              url: "%s"
              user: dormouse
              password-file: %s
              query: >
                SELECT password, 'mx' AS backend, backend_pass AS pass
                FROM users WHERE name = :local AND :domain = 'example.org'
        """
            .formatted(backend.port(), postgres.url(), directory.resolve("sql.secret"));
    try (FrontEnd dormouse = FrontEnd.of(file)) {
      ImapClient.connect(dormouse.plain()).login("ann@example.org", "secret").logout();
      assertThat(backend.takeLogins())
          .containsExactly(new LoginBackend.Login("ann@example.org", "", "secret"));
      try (ImapClient client = ImapClient.connect(dormouse.plain())) {
        assertThat(client.refused("LOGIN ann@example.net secret")).contains("AUTHENTICATIONFAILED");
        assertThat(client.refused("LOGIN ann@example.org Secret")).contains("AUTHENTICATIONFAILED");
      }
      assertThat(backend.takeLogins()).isEmpty();
    } finally {
      backend.close();
    }
  }

  /// By what `docs/settings.md` says of it: a pattern fits the hosts of the table, and whom it does not know is served by the backend without one.
  @ParameterizedTest
  @EnumSource(names = {"POSTGRES", "MARIADB"})
  void aFrontEndServesTheUsersOfPerditionsTable(Database database) throws Exception {
    boolean maria = database == Database.MARIADB;
    String query =
        maria
            ? "SELECT servername AS host, port FROM tblPerdition WHERE user = :user"
            : "SELECT servername AS host, port FROM \"tblPerdition\" WHERE \"user\" = :user";
    String table = maria ? "tblPerdition" : "\"tblPerdition\"";
    try (LoginBackend usual = LoginBackend.start();
        LoginBackend named = LoginBackend.start()) {
      String file =
          """
          listen: [ { address: "127.0.0.1:0", tls: none } ]
          backends:
            default: { address: "127.0.0.1:%d", tls: none }
            others: { address: "127.0.0.*", tls: none }
          throttle: { enabled: false }
          directory:
            - sql: { url: "%s", user: dormouse, password-file: %s, query: '%s' }
            - backend:
          """
              .formatted(usual.port(), url(database), directory.resolve("sql.secret"), query);
      execute(
          url(database),
          "INSERT INTO %s VALUES ('eve', '127.0.0.1', '%d'), ('fay', 'fay@127.0.0.1:%2$d', NULL)"
              .formatted(table, named.port()));
      try (FrontEnd dormouse = FrontEnd.of(file);
          ImapClient client = ImapClient.connect(dormouse.plain())) {
        ImapClient.connect(dormouse.plain()).login("eve", "secret").logout();
        assertThat(named.takeLogins()).containsExactly(new LoginBackend.Login("eve", "", "secret"));
        ImapClient.connect(dormouse.plain()).login("dan", "secret").logout();
        assertThat(usual.takeLogins()).containsExactly(new LoginBackend.Login("dan", "", "secret"));
        assertThat(client.refused("LOGIN fay secret")).contains("[UNAVAILABLE]");
      }
    }
  }

  /// By its usual collations, which take U7 and u7 for one; what is selected is the name that counts.
  @Test
  void whoIsOneUserToMariaDbIsOneToTheLimits() throws Exception {
    execute(mariaDb.url(), "INSERT INTO users (name, password) VALUES ('u7', 'pass')");
    try (DovecotServer dovecot = DovecotServer.start()) {
      String named = "SELECT name AS user, password FROM users WHERE name = :user";
      try (FrontEnd dormouse = FrontEnd.of(oneSessionEach(dovecot, named));
          ImapClient one = ImapClient.connect(dormouse.plain());
          ImapClient other = ImapClient.connect(dormouse.plain())) {
        one.login("U7", "pass").ok("SELECT INBOX");
        assertThat(other.refused("LOGIN u7 pass")).startsWith("NO [LIMIT]");
        one.logout();
        other.login("u7", "pass").logout();
      }
      String unnamed = "SELECT password FROM users WHERE name = :user";
      try (FrontEnd dormouse = FrontEnd.of(oneSessionEach(dovecot, unnamed));
          ImapClient one = ImapClient.connect(dormouse.plain());
          ImapClient other = ImapClient.connect(dormouse.plain())) {
        one.login("U7", "pass").ok("SELECT INBOX");
        other.login("u7", "pass").ok("SELECT INBOX");
      }
    }
  }

  private String oneSessionEach(DovecotServer dovecot, String query) {
    return """
    listen: [ { address: "127.0.0.1:0", tls: none } ]
    backends: { mx: { address: "127.0.0.1:%d", tls: none } }
    throttle: { enabled: false }
    limits: { per-user: 1 }
    directory: [ { sql: { url: "%s", user: dormouse, password-file: %s, query: "%s" } } ]
    """
        .formatted(dovecot.imapPort(), mariaDb.url(), directory.resolve("sql.secret"), query);
  }

  @ParameterizedTest
  @EnumSource
  void whoseRowIsWrongKeepsNobodyElseOut(Database database) throws Exception {
    String query =
        "SELECT password, CASE name WHEN 'lost' THEN port END AS port FROM users WHERE name = :user";
    keepsNobodyElseOut(url(database), query, "lost");
  }

  /// No letter of that name can be in such a column, and the database says so by an error.
  @ParameterizedTest
  @EnumSource(names = {"POSTGRES", "MARIADB"})
  void whoseNameTheDatabaseCannotReadKeepsNobodyElseOut(Database database) throws Exception {
    String url = url(database);
    if (database == Database.POSTGRES) {
      execute(url, "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
      url = url.replace("/postgres", "/latin");
    }
    execute(
        url,
        "CREATE TABLE latin (name VARCHAR(255) "
            + (database == Database.MARIADB ? "CHARACTER SET latin1" : "")
            + " PRIMARY KEY, password VARCHAR(255))");
    execute(url, "INSERT INTO latin VALUES ('ann', '{PLAIN}secret')");
    keepsNobodyElseOut(url, "SELECT password FROM latin WHERE name = :user", "\ud83d\udc2d");
  }

  private void keepsNobodyElseOut(String url, String query, String user) throws IOException {
    LoginBackend backend = LoginBackend.start();
    String file =
        """
        listen:
          - { address: "127.0.0.1:0", tls: none }
        backends:
          mx: { address: "127.0.0.1:%d", tls: none }
        throttle: { enabled: false }
        directory:
          - break-after: 2
            sql:
              url: "%s"
              query: "%s"
        """
            .formatted(backend.port(), url, query);
    if (!url.contains("sqlite")) {
      file +=
          "      user: dormouse\n      password-file: " + directory.resolve("sql.secret") + "\n";
    }
    try (FrontEnd dormouse = FrontEnd.of(file)) {
      String plain = Base64.getEncoder().encodeToString(("\0" + user + "\0pass").getBytes(UTF_8));
      for (int i = 0; i < 3; i++) {
        try (ImapClient client = ImapClient.connect(dormouse.plain())) {
          assertThat(client.refused("AUTHENTICATE PLAIN " + plain)).contains("UNAVAILABLE");
        }
      }
      ImapClient.connect(dormouse.plain()).login("ann", "secret").logout();
    } finally {
      backend.close();
    }
  }

  private static void execute(String url, String sql) throws SQLException {
    try (Connection connection =
            DriverManager.getConnection(url, PostgresServer.USER, PostgresServer.PASSWORD);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  @Test
  void whatIsWrongWithAQueryIsNoFaultOfTheDatabase() throws Exception {
    try (SqlLink link =
        link(Database.POSTGRES, "SELECT password FROM nowhere WHERE name = :user")) {
      assertThat(ask(link, "ann", "secret"))
          .isInstanceOfSatisfying(
              Answer.CannotTell.class,
              cannot -> {
                assertThat(cannot.down()).isFalse();
                assertThat(cannot.why()).contains("42P01").contains("nowhere");
              });
    }
    try (SqlLink link =
        link(
            Database.POSTGRES,
            "SELECT name FROM users WHERE name = :user AND port = CAST(:password AS INTEGER)")) {
      assertThat(ask(link, "ann", "secret"))
          .isInstanceOfSatisfying(
              Answer.CannotTell.class,
              cannot -> {
                assertThat(cannot.down()).isFalse();
                assertThat(cannot.why()).contains("22P02").doesNotContain("secret");
              });
    }
  }

  private Connection connect(Database database) throws SQLException {
    return database == Database.SQLITE
        ? DriverManager.getConnection(url(database))
        : DriverManager.getConnection(url(database), PostgresServer.USER, PostgresServer.PASSWORD);
  }

  private String url(Database database) {
    return switch (database) {
      case POSTGRES -> postgres.url();
      case MARIADB -> mariaDb.url();
      case SQLITE -> "jdbc:sqlite:" + directory.resolve("users.db");
    };
  }

  private SqlLink link(Database database, String query) throws IOException {
    return link(url(database), query);
  }

  private SqlLink link(String url, String query) throws IOException {
    return link(settings(url, query));
  }

  private SqlLink link(SqlLinkSettings settings) throws IOException {
    return SqlLink.of(settings, "sql", Duration.ofSeconds(10), checks, clock);
  }

  private SqlLinkSettings settings(String url, String query) {
    boolean sqlite = url.contains("sqlite");
    @Nullable String user = sqlite ? null : PostgresServer.USER;
    @Nullable Path secret = sqlite ? null : directory.resolve("sql.secret");
    return new SqlLinkSettings(url, user, secret, query, "PLAIN", 3);
  }

  @ParameterizedTest
  @EnumSource
  void passwordsThatSayNoSchemeHaveTheOneThatIsSet(Database database) throws Exception {
    String query =
        "SELECT SUBSTR(password, 6) AS password FROM users WHERE name = :user"; // without {SHA}
    SqlLinkSettings usual = settings(url(database), query);
    SqlLinkSettings set =
        new SqlLinkSettings(
            usual.url(),
            usual.user(),
            usual.passwordFile(),
            usual.query(),
            "SHA",
            usual.connections());
    try (SqlLink plain = link(usual);
        SqlLink sha = link(set)) {
      assertThat(ask(sha, "ann", "secret")).isInstanceOf(Answer.Accept.class);
      assertThat(ask(sha, "ann", "Secret")).isEqualTo(Answer.reject());
      assertThat(ask(plain, "ann", "secret")).isEqualTo(Answer.reject());
    }
  }

  private Answer again(SqlLink link, String user) throws Exception {
    assertThat(link.resumes(Proof.Kind.PASSWORD)).isTrue();
    return link.ask(Attempts.again(user, Proof.Kind.PASSWORD), channel.eventLoop())
        .get(20, TimeUnit.SECONDS);
  }

  private Answer ask(SqlLink link, String user, String password) throws Exception {
    try {
      return link.ask(Attempts.of(user, password), channel.eventLoop()).get(20, TimeUnit.SECONDS);
    } catch (java.util.concurrent.ExecutionException e) {
      return new Answer.CannotTell(String.valueOf(e.getCause()));
    }
  }
}
