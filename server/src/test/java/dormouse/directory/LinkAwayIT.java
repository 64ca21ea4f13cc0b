package dormouse.directory;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import dormouse.FrontEnd;
import dormouse.testkit.AuthDaemon;
import dormouse.testkit.LoginBackend;
import dormouse.testkit.MariaDbServer;
import dormouse.testkit.NginxFileServer;
import dormouse.testkit.PostgresServer;
import dormouse.testkit.SlapdServer;
import dormouse.testkit.Wait;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/// Whom a link asks is away, and comes back: a real PostgreSQL, MariaDB, OpenLDAP and nginx. Nobody waits for it meanwhile, and it is found
/// again by itself.
class LinkAwayIT {
  private static final Logger LOGGER = (Logger) LoggerFactory.getLogger(Directory.class);
  private static final Duration TIMEOUT = Duration.ofSeconds(3);
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final String BOB =
      """
      dn: uid=bob,dc=example,dc=org
      objectClass: inetOrgPerson
      uid: bob
      cn: Bob
      sn: B
      userPassword: secret
      """;

  private final LoginBackend backend = LoginBackend.start();
  private final List<String> said = new CopyOnWriteArrayList<>();
  private final AppenderBase<ILoggingEvent> appender =
      new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
          said.add(event.getFormattedMessage());
        }
      };

  @TempDir Path directory = Path.of("");

  @BeforeEach
  void listen() {
    appender.start();
    LOGGER.addAppender(appender);
  }

  @AfterEach
  void stop() {
    LOGGER.detachAppender(appender);
    backend.close();
  }

  @Test
  void aDatabase() throws IOException {
    try (PostgresServer postgres = PostgresServer.start()) {
      goesAndComesBack("1-sql", sql(postgres.url()), postgres::stop, postgres::startAgain);
    }
  }

  @Test
  void anotherDatabase() throws IOException {
    try (MariaDbServer mariaDb = MariaDbServer.start()) {
      goesAndComesBack("1-sql", sql(mariaDb.url()), mariaDb::stop, mariaDb::startAgain);
    }
  }

  private String sql(String url) throws IOException {
    Path secret =
        Files.writeString(directory.resolve("sql.secret"), PostgresServer.PASSWORD + "\n");
    return """
    sql:
          url: "%s"
          user: %s
          password-file: %s
          query: "SELECT 'secret' AS password, 'mx' AS backend FROM (SELECT 1) AS one WHERE :user = 'bob'"
    """
        .formatted(url, PostgresServer.USER, secret);
  }

  @Test
  void anLdapServer() throws IOException {
    try (SlapdServer slapd = SlapdServer.start(BOB)) {
      goesAndComesBack("1-ldap", ldap(slapd), slapd::stop, slapd::startAgain);
    }
  }

  /// It takes connections; whoever comes is let in by the second, in time.
  @Test
  void theFirstOfTwoLdapServersIsFrozen() {
    SlapdServer first = SlapdServer.start(BOB);
    try (first;
        SlapdServer second = SlapdServer.start(BOB);
        FrontEnd dormouse =
            before(ldap(first, second), /* breakAfter= */ 1, Duration.ofSeconds(8))) {
      assertThat(letsIn(dormouse)).isTrue();
      first.freeze();
      try {
        for (int i = 0; i < 4; i++) {
          assertThat(letsIn(dormouse)).isTrue();
        }
        assertThat(dormouse.refusal("bob", "wrong")).startsWith("NO [AUTHENTICATIONFAILED]");
      } finally {
        first.thaw();
      }
      assertThat(answers(dormouse, "1-ldap", "failed")).isZero();
    }
  }

  private static String ldap(SlapdServer... servers) {
    String urls =
        Stream.of(servers)
            .map(server -> "\"" + server.url() + "\"")
            .collect(Collectors.joining(", "));
    return "ldap: { urls: [ " + urls + " ], base: \"dc=example,dc=org\" }\n";
  }

  @Test
  void anHttpServer() throws IOException {
    String answer =
        """
        location = /auth {
          add_header Auth-Status OK;
          add_header Auth-Server 127.0.0.1;
          add_header Auth-Port %d;
          return 204;
        }
        """
            .formatted(backend.port());
    try (NginxFileServer nginx = NginxFileServer.start(answer)) {
      for (int keepAlive : List.of(0, 4)) {
        goesAndComesBack("1-http", http(nginx, keepAlive), nginx::stop, nginx::restart);
      }
    }
  }

  private static String http(NginxFileServer nginx, int keepAlive) {
    return "http: { url: \"" + nginx.url("auth") + "\", keep-alive: " + keepAlive + " }\n";
  }

  private void goesAndComesBack(String name, String link, Runnable leave, Runnable comeBack)
      throws IOException {
    try (FrontEnd dormouse = before(link, /* breakAfter= */ 2)) {
      said.clear();
      assertThat(letsIn(dormouse)).isTrue();

      leave.run();
      isUnavailable(dormouse);
      assertThat(said).noneMatch(line -> line.startsWith("directory-down"));
      isUnavailable(dormouse);
      assertThat(said).anyMatch(line -> line.startsWith("directory-down link=" + name + " why="));

      long sinceNanos = System.nanoTime();
      isUnavailable(dormouse);
      isUnavailable(dormouse);
      assertThat(Duration.ofNanos(System.nanoTime() - sinceNanos)).isLessThan(TIMEOUT);
      assertThat(answers(dormouse, name, "failed")).isEqualTo(2);
      assertThat(answers(dormouse, name, "skipped")).isEqualTo(2);

      comeBack.run();
      Wait.until("it is asked again", PATIENCE, () -> letsIn(dormouse));
      assertThat(letsIn(dormouse)).isTrue();
      assertThat(answers(dormouse, name, "failed")).as("while it was away").isEqualTo(2);
      assertThat(said).contains("directory-up link=" + name);
      assertThat(said.toString()).doesNotContain("secret");
    }
  }

  /// nginx is there and says so: no login waits, and none has to, when the daemon is back.
  @Test
  void anAuthDaemonBehindAnHttpServer() throws IOException {
    try (AuthDaemon daemon = AuthDaemon.start(_ -> AuthDaemon.Answer.accept(backend.port()));
        NginxFileServer nginx =
            NginxFileServer.start(
                "location = /auth { proxy_pass http://127.0.0.1:" + daemon.port() + "; }");
        FrontEnd dormouse = before(http(nginx, 4), /* breakAfter= */ 2)) {
      assertThat(letsIn(dormouse)).isTrue();

      daemon.refuse();
      long sinceNanos = System.nanoTime();
      for (int i = 0; i < 4; i++) {
        isUnavailable(dormouse);
      }
      assertThat(Duration.ofNanos(System.nanoTime() - sinceNanos)).isLessThan(TIMEOUT);
      assertThat(answers(dormouse, "1-http", "failed")).isEqualTo(4);

      daemon.listen();
      assertThat(letsIn(dormouse)).isTrue();
      assertThat(answers(dormouse, "1-http", "skipped")).isZero();
    }
  }

  /// It has answered for them, or said that it does not know them: what they have shown then says the same now.
  @Test
  void whoIsKnownNeedsNoDatabase() throws IOException {
    String kept = "cache: 1h\n    cache-refusals: 1h\n    cache-entries: 2\n    ";
    try (PostgresServer postgres = PostgresServer.start();
        FrontEnd dormouse = before(kept + sql(postgres.url()), /* breakAfter= */ 1)) {
      assertThat(letsIn(dormouse)).isTrue();
      assertThat(dormouse.refusal("eve", "x")).startsWith("NO [AUTHENTICATIONFAILED]");

      postgres.stop();
      assertThat(dormouse.refusal("bob", "wrong")).startsWith("NO [UNAVAILABLE]");
      assertThat(dormouse.refusal("dan", "secret")).startsWith("NO [UNAVAILABLE]");
      assertThat(letsIn(dormouse)).isTrue();
      assertThat(dormouse.refusal("eve", "x")).startsWith("NO [AUTHENTICATIONFAILED]");
      assertThat(answers(dormouse, "1-sql", "cached")).isEqualTo(2);

      postgres.startAgain();
      Wait.until(
          "it is asked again",
          PATIENCE,
          () -> dormouse.refusal("bob", "wrong").startsWith("NO [AUTHENTICATIONFAILED]"));
      assertThat(dormouse.refusal("eve", "x")).startsWith("NO [AUTHENTICATIONFAILED]");
      postgres.stop();
      isUnavailable(dormouse); // bob's acceptance has made room
      assertThat(dormouse.refusal("bob", "wrong")).startsWith("NO [AUTHENTICATIONFAILED]");
    }
  }

  @Test
  void theNextLinkIsAskedWhileADatabaseIsAway() throws IOException {
    Path users =
        Files.writeString(directory.resolve("users"), "bob:{PLAIN}other::::::backend=mx\n");
    try (PostgresServer postgres = PostgresServer.start();
        FrontEnd dormouse =
            before(
                "unavailable: next\n    "
                    + sql(postgres.url())
                    + "  - file: { path: "
                    + users
                    + " }\n",
                /* breakAfter= */ 1)) {
      assertThat(letsIn(dormouse)).isTrue();
      assertThat(dormouse.refusal("bob", "other")).startsWith("NO [AUTHENTICATIONFAILED]");
      assertThat(dormouse.refusal("eve", "x")).startsWith("NO [AUTHENTICATIONFAILED]");

      postgres.stop();
      assertThat(dormouse.accepts("bob", "other")).isTrue();
      assertThat(dormouse.refusal("bob", "secret")).startsWith("NO [AUTHENTICATIONFAILED]");
      assertThat(dormouse.refusal("eve", "x"))
          .as("who may be known")
          .startsWith("NO [UNAVAILABLE]");

      postgres.startAgain();
      Wait.until("it is asked again", PATIENCE, () -> letsIn(dormouse));
      assertThat(dormouse.accepts("bob", "other")).isFalse();
    }
  }

  private FrontEnd before(String link, int breakAfter) {
    return before(link, breakAfter, TIMEOUT);
  }

  private FrontEnd before(String link, int breakAfter, Duration timeout) {
    return FrontEnd.of(
        """
        listen: [ { address: "127.0.0.1:0", tls: none } ]
        backends: { mx: { address: "127.0.0.1:%d", tls: none } }
        throttle: { enabled: false }
        directory:
          - timeout: %ds
            break-after: %d
            break-for: 5s
            %s
        """
            .formatted(backend.port(), timeout.toSeconds(), breakAfter, link));
  }

  private static void isUnavailable(FrontEnd dormouse) {
    assertThat(dormouse.refusal("bob", "secret")).startsWith("NO [UNAVAILABLE]");
  }

  private static boolean letsIn(FrontEnd dormouse) {
    return dormouse.accepts("bob", "secret");
  }

  private static double answers(FrontEnd dormouse, String link, String result) {
    return dormouse.metric(
        "dormouse_directory_answers_total{link=\"" + link + "\",result=\"" + result + "\"}");
  }
}
