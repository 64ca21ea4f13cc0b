package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.ops.Metrics.State;
import dormouse.testkit.AuthDaemon;
import dormouse.testkit.AuthDaemon.Answer;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.Endpoint;
import dormouse.testkit.ImapClient;
import dormouse.testkit.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// The directory changes its mind about users who sleep, before two Dovecots that a master user enters: nothing is kept of any password.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AskAgainIT {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  @TempDir Path directory = Path.of("");
  private DovecotServer first;
  private DovecotServer second;
  private PostgresServer database;
  private int probes;

  @BeforeAll
  void start() {
    first = DovecotServer.start();
    second = DovecotServer.start();
    database = PostgresServer.start();
    run("CREATE TABLE users (name text, password text, backend text, nologin text, reason text)");
  }

  @BeforeEach
  void writeSecrets() throws IOException {
    Files.writeString(directory.resolve("master.secret"), DovecotServer.MASTER_PASSWORD + "\n");
    Files.writeString(directory.resolve("database.secret"), PostgresServer.PASSWORD + "\n");
  }

  @AfterAll
  void stop() {
    database.close();
    first.close();
    second.close();
  }

  @Test
  void aUserOfAFileWhoIsDisabledAsleepIsSentAwayAtWake() throws IOException {
    Path users = Files.writeString(directory.resolve("disabled"), line("u1", "mx1", ""));
    try (FrontEnd front = front(file(users), "0s");
        ImapClient client = asleep(front, "u1")) {
      change(front, users, line("u1", "mx1", " nologin reason=Closed"));
      client.start("LIST \"\" *");
      client.expect("* BYE [AUTHORIZATIONFAILED] Closed");
      client.expectClosed();
      assertThat(front.metric("dormouse_closes_total{reason=\"directory-refused-at-wake\"}"))
          .isEqualTo(1);
    }
  }

  @Test
  void aUserOfAFileWhoIsGoneIsSentAwayThoughTheMasterUserCouldComeIn() throws IOException {
    Path users = Files.writeString(directory.resolve("gone"), line("u2", "mx1", ""));
    try (FrontEnd front = front(file(users) + "\n  - backend:", "0s");
        ImapClient client = asleep(front, "u2")) {
      change(front, users, line("u3", "mx1", ""));
      client.start("LIST \"\" *");
      client.expect("* BYE [AUTHORIZATIONFAILED] Session ended");
      client.expectClosed();
    }
  }

  @Test
  void aUserWhoIsMovedAsleepWakesWhereTheDirectorySays() throws IOException {
    Path users = Files.writeString(directory.resolve("moved"), line("u4", "mx1", ""));
    try (FrontEnd front = front(file(users), "0s");
        ImapClient client = asleep(front, "u4");
        ImapClient other = asleep(front, "u4")) {
      front.awaitAsleep(2);
      first.awaitImapConnections("u4", 0, PATIENCE);
      second.deliver("u4", Stage.message(1));
      change(front, users, line("u4", "mx2", ""));
      assertThat(client.ok("SELECT INBOX")).contains("* 1 EXISTS");
      assertThat(other.ok("STATUS INBOX (MESSAGES)")).contains("* STATUS INBOX (MESSAGES 1)");
      assertThat(first.imapConnections("u4")).isZero();

      client.ok("UNSELECT");
      front.awaitAsleep(2);
      change(front, users, line("u4", "mx1", ""));
      assertThat(other.ok("STATUS INBOX (MESSAGES)")).contains("* STATUS INBOX (MESSAGES 0)");
      assertThat(front.metric("dormouse_asked_again_total{result=\"moved\"}")).isEqualTo(2);
      other.logout();
      client.logout();
      front.await(() -> front.sessions(State.HIBERNATED) == 0, "nobody is left");
      try (ImapClient again = ImapClient.connect(front.plain()).login("u4", "secret")) {
        assertThat(again.ok("SELECT INBOX")).contains("* 0 EXISTS");
      }
    }
  }

  // in a mailbox that is another one there, the client must not go on

  @Test
  void aMovedMailboxThatIsAnotherOneIsToldHonestly() throws IOException {
    Path users = Files.writeString(directory.resolve("other"), line("u5", "mx1", ""));
    first.deliver("u5", Stage.message(1));
    first.deliver("u5", Stage.message(2));
    second.deliver("u5", Stage.message(3));
    try (FrontEnd front = front(file(users), "0s");
        ImapClient client = ImapClient.connect(front.plain()).login("u5", "secret")) {
      client.ok("SELECT INBOX");
      front.awaitAsleep(1);
      change(front, users, line("u5", "mx2", ""));
      client.start("UID FETCH 1:* (FLAGS)");
      assertThat(client.readLine()).startsWith("* BYE ");
      client.expectClosed();
    }
  }

  @Test
  void whoMayNotComeFromWhereItIsTakesNobodyAlong() throws IOException {
    Path users = Files.writeString(directory.resolve("nets"), line("u14", "mx1", ""));
    try (FrontEnd front = front(file(users), "0s");
        ImapClient outside = idling(front, "127.0.0.1", 1);
        ImapClient inside = idling(front, "127.0.0.2", 2)) {
      change(front, users, line("u14", "mx1", " allow_nets=127.0.0.2"));
      first.restart(); // and the watch logs in again
      outside.expect("* BYE [AUTHORIZATIONFAILED] Session ended");
      outside.expectClosed();
      first.deliver("u14", Stage.message(1));
      inside.expect("* 1 EXISTS");
    }
  }

  @Test
  void anHttpDaemonIsAskedAgainIfItKnowsHow() {
    try (AuthDaemon daemon =
        AuthDaemon.start(request ->
            "resume".equals(request.header("Auth-Method"))
                ? Answer.of("Auth-Status: Closed")
                : Answer.of(
                    "Auth-Status: OK",
                    "Auth-Server: 127.0.0.1",
                    "Auth-Port: " + first.imapPort(),
                    "Auth-Pass: " + DovecotServer.PASSWORD))) {
      String link = "http: { url: \"http://127.0.0.1:" + daemon.port() + "/auth\", resume: ";
      try (FrontEnd front = front(link + "false }", "0s");
          ImapClient client = asleep(front, "u15")) {
        client.ok("LIST \"\" *");
      }
      try (FrontEnd front = front(link + "true }", "0s");
          ImapClient client = asleep(front, "u15")) {
        client.start("LIST \"\" *");
        client.expect("* BYE [AUTHORIZATIONFAILED] Closed");
        client.expectClosed();
      }
    }
  }

  private static ImapClient idling(FrontEnd front, String from, int asleep) {
    Endpoint to = front.plain();
    ImapClient client = ImapClient.connect(to, from, to.host()).patience(PATIENCE);
    client.login("u14", "secret").ok("SELECT INBOX");
    client.startIdle();
    front.awaitAsleep(asleep);
    return client;
  }

  @Test
  void aUserOfADatabaseIsTreatedAsTheDatabaseSaysNow() throws Exception {
    run("INSERT INTO users VALUES ('u6', '{PLAIN}secret', 'mx1', NULL, NULL)");
    second.deliver("u6", Stage.message(1));
    try (FrontEnd front = front(sql(), "0s");
        ImapClient client = asleep(front, "u6")) {
      run("UPDATE users SET backend = 'mx2' WHERE name = 'u6'");
      assertThat(client.ok("STATUS INBOX (MESSAGES)")).contains("* STATUS INBOX (MESSAGES 1)");
      front.awaitAsleep(1);

      run("UPDATE users SET nologin = 'yes', reason = 'Gone fishing' WHERE name = 'u6'");
      client.start("LIST \"\" *");
      client.expect("* BYE [AUTHORIZATIONFAILED] Gone fishing");
      client.expectClosed();
    }
  }

  @Test
  void aDatabaseThatIsAwayIsWaitedForAndFoundAgain() throws Exception {
    run("INSERT INTO users VALUES ('u7', '{PLAIN}secret', 'mx1', NULL, NULL)");
    try (FrontEnd front = front(sql(), "0s");
        ImapClient client = asleep(front, "u7")) {
      run("ALTER TABLE users RENAME TO away");
      client.start("LIST \"\" INBOX");
      front.await(
          () -> front.metric("dormouse_asked_again_total{result=\"failed\"}") >= 2, "it is tried");
      run("ALTER TABLE away RENAME TO users");
      client.readUntil(line -> line.contains(" OK "), Duration.ofSeconds(20));
      client.logout();
    }
  }

  // a chain that answers at once, in the midst of waking

  @Test
  void whomAReloadedChainLeavesOutIsSentAwayAtWake() {
    String before = settings(mapOf("^.*$"), "0s");
    String after = settings(mapOf("^x$"), "0s");
    try (FrontEnd front = FrontEnd.of(before);
        ImapClient client = login(front, "u9")) {
      front.awaitAsleep(1);
      front.reload(after);
      client.start("LIST \"\" *");
      client.expect("* BYE [AUTHORIZATIONFAILED] Session ended");
      client.expectClosed();
    }
  }

  // what is known is not asked again

  @Test
  void mostWakesAskNobody() throws Exception {
    run("INSERT INTO users VALUES ('u8', '{PLAIN}secret', 'mx1', NULL, NULL)");
    try (FrontEnd front = front(sql(), "1h");
        ImapClient client = asleep(front, "u8")) {
      run("UPDATE users SET nologin = 'yes' WHERE name = 'u8'");
      client.ok("LIST \"\" INBOX");
      front.awaitAsleep(1);
      client.ok("LIST \"\" INBOX");
      assertThat(front.metric("dormouse_asked_again_total")).isZero();
      client.logout();
    }
  }

  @Test
  void aTableMaySayHowSoonAUserIsAskedAboutAgain() throws IOException {
    String soon = " proxy_refresh=1msecs";
    Path users =
        Files.writeString(
            directory.resolve("refresh"), line("u15", "mx1", soon) + line("u16", "mx1", ""));
    try (FrontEnd front = front(file(users), "1h");
        ImapClient soonAsked = asleep(front, "u15");
        ImapClient other = ImapClient.connect(front.plain()).login("u16", "secret")) {
      front.awaitAsleep(2);
      String closed = " nologin reason=Closed";
      change(front, users, line("u15", "mx1", soon + closed) + line("u16", "mx1", closed));
      soonAsked.start("LIST \"\" *");
      soonAsked.expect("* BYE [AUTHORIZATIONFAILED] Closed");
      other.ok("LIST \"\" *");
      other.logout();
    }
  }

  private FrontEnd front(String link, String askAgainEvery) {
    return FrontEnd.of(settings(link, askAgainEvery));
  }

  private String settings(String links, String askAgainEvery) {
    return """
    listen: [ { address: "127.0.0.1:0", tls: none } ]
    backends:
      mx1: { address: "127.0.0.1:%d", tls: none, trusted: true, pool: { per-user: 0 }, login-as: { user: %s, password-file: %s } }
      mx2: { address: "127.0.0.1:%d", tls: none, trusted: true, pool: { per-user: 0 }, login-as: { user: %s, password-file: %s } }
    directory:
      - %s
    throttle: { enabled: false }
    hibernate: { after: 0s, quiet-after: 0s, keep-alive: 0s, keep-password: false, wake-timeout: 20s, ask-again-every: %s }
    """
        .formatted(
            first.imapPort(),
            DovecotServer.MASTER,
            directory.resolve("master.secret"),
            second.imapPort(),
            DovecotServer.MASTER,
            directory.resolve("master.secret"),
            links,
            askAgainEvery);
  }

  /// Whoever is in the map has its backend there, which decides.
  private String mapOf(String users) {
    return "map: { lines: [ \"%s: 127.0.0.1:%d\" ], form: patterns, unknown: reject }\n  - backend:"
        .formatted(users, first.imapPort());
  }

  private static String file(Path users) {
    return "file: { path: %s }".formatted(users);
  }

  private String sql() {
    return """
    sql: { url: "%s", user: %s, password-file: %s, query: "SELECT password, backend, nologin, reason, '%s' AS pass FROM users WHERE name = :user" }\
    """
        .formatted(
            database.url(),
            PostgresServer.USER,
            directory.resolve("database.secret"),
            DovecotServer.PASSWORD);
  }

  private static String line(String user, String backend, String more) {
    return user
        + ":{PLAIN}secret::::::backend="
        + backend
        + " pass="
        + DovecotServer.PASSWORD
        + more
        + "\n";
  }

  /// The file is another from now on; Dormouse has seen it.
  private void change(FrontEnd front, Path users, String lines) throws IOException {
    String probe = "probe" + ++probes;
    FileTime before = Files.getLastModifiedTime(users);
    Files.writeString(users, lines + line(probe, "mx1", " destuser=u99"));
    Files.setLastModifiedTime(users, FileTime.from(before.toInstant().plusSeconds(7)));
    front.await(() -> accepts(front, probe), "the changed file is used");
  }

  private static boolean accepts(FrontEnd front, String user) {
    try (ImapClient client = ImapClient.connect(front.plain())) {
      boolean accepted = client.command("LOGIN " + user + " secret").getLast().contains(" OK ");
      if (accepted) {
        client.logout();
      }
      return accepted;
    }
  }

  private static ImapClient login(FrontEnd front, String user) {
    return ImapClient.connect(front.plain()).login(user, DovecotServer.PASSWORD);
  }

  private static ImapClient asleep(FrontEnd front, String user) {
    ImapClient client = ImapClient.connect(front.plain()).login(user, "secret");
    front.await(() -> front.sessions(State.HIBERNATED) >= 1, "asleep");
    return client;
  }

  private void run(String statement) {
    try (Connection connection =
            DriverManager.getConnection(
                database.url(), PostgresServer.USER, PostgresServer.PASSWORD);
        Statement sql = connection.createStatement()) {
      sql.execute(statement);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
