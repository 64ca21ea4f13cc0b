package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.testkit.AuthDaemon;
import dormouse.testkit.AuthDaemon.Answer;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import dormouse.testkit.Wait;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Connections that are kept and lent again, as Dovecot's log counts its logins.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PoolIT {
  private static final int ROUNDS = 20;
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final String WEB_PASSWORD = "known-to-the-directory";

  private final DovecotServer dovecot = DovecotServer.start();
  private final AuthDaemon daemon =
      AuthDaemon.start(request ->
          WEB_PASSWORD.equals(request.header("Auth-Pass"))
              ? accepting("Auth-Pass: " + DovecotServer.PASSWORD)
              : Answer.of("Auth-Status: Invalid login or password"));
  private final AuthDaemon router = AuthDaemon.start(_ -> Answer.accept(dovecot.imapPort()));
  private final AuthDaemon echo =
      AuthDaemon.start(request -> accepting("Auth-Pass: " + request.header("Auth-Pass")));
  private volatile String given = DovecotServer.PASSWORD;
  private final AuthDaemon changing = AuthDaemon.start(_ -> accepting("Auth-Pass: " + given));
  private int users;

  @BeforeAll
  void fill() {
    dovecot.addUser("web", DovecotServer.PASSWORD);
    dovecot.addUser("other", DovecotServer.PASSWORD);
    dovecot.deliver("web", Stage.message(1));
  }

  @AfterAll
  void stop() {
    changing.close();
    echo.close();
    router.close();
    daemon.close();
    dovecot.close();
  }

  private Answer accepting(String more) {
    return Answer.of(
        "Auth-Status: OK", "Auth-Server: 127.0.0.1", "Auth-Port: " + dovecot.imapPort(), more);
  }

  @Test
  void aBurstOfLoginsThatTheDirectoryDecidesIsOneLogin() {
    try (FrontEnd front = behind(daemon, 2)) {
      assertThat(logins("web", () -> burst(front, WEB_PASSWORD))).isEqualTo(1);
      assertThat(Stage.metric(front, "dormouse_pool_total{result=\"hit\"}")).isEqualTo(ROUNDS - 1);
    }
  }

  @Test
  void loginsThatAskForNothingNeedNoConnection() {
    try (FrontEnd front = behind(daemon, 2)) {
      assertThat(logins("web", () -> visits(front))).isEqualTo(1);
      assertThat(Stage.metric(front, "dormouse_local_answers_total{command=\"login\"}"))
          .isEqualTo(ROUNDS - 1);
      assertThat(Stage.metric(front, "dormouse_pool_total{result=\"hit\"}")).isZero();
    }
  }

  @Test
  void whoBeginsAsleepIsOneOfThoseWhoMayBeAwake() {
    try (FrontEnd front =
        FrontEnd.of(
            """
            listen: [ { address: "127.0.0.1:0", tls: none } ]
            backends: { mx: { address: "127.0.0.1:%d", tls: none } }
            directory: [ http: { url: "http://127.0.0.1:%d/auth" } ]
            limits: { per-user: 2 }
            """
                .formatted(dovecot.imapPort(), daemon.port()))) {
      ImapClient.connect(front.plain()).login("web", WEB_PASSWORD).logout();
      try (ImapClient one = ImapClient.connect(front.plain()).login("web", WEB_PASSWORD);
          ImapClient two = ImapClient.connect(front.plain()).login("web", WEB_PASSWORD);
          ImapClient three = ImapClient.connect(front.plain())) {
        one.ok("SELECT INBOX");
        two.ok("SELECT INBOX");
        assertThat(three.refused("LOGIN web " + WEB_PASSWORD)).contains("[LIMIT]");
      }
    }
  }

  private static void visits(FrontEnd front) {
    for (int i = 0; i < ROUNDS; i++) {
      try (ImapClient client = ImapClient.connect(front.plain()).login("web", WEB_PASSWORD)) {
        client.ok("NOOP");
        client.logout();
      }
    }
  }

  @Test
  void withoutAPoolEachLoginIsALogin() {
    try (FrontEnd front = behind(daemon, 0)) {
      assertThat(logins("web", () -> burst(front, WEB_PASSWORD))).isEqualTo(ROUNDS);
    }
  }

  @Test
  void noMoreAreKeptThanMay() {
    try (FrontEnd front = behind(daemon, "max: 1")) {
      burst(front, WEB_PASSWORD);
      try (ImapClient other = ImapClient.connect(front.plain()).login("other", WEB_PASSWORD)) {
        other.ok("SELECT INBOX");
        other.logout();
      }
      front.await(() -> dropped(front, "full") == 1, "one is let go");
      awaitKept(front, 1);
    }
  }

  @Test
  void nothingIsKeptForNoTime() {
    try (FrontEnd front = behind(daemon, "keep-after-logout: 0s")) {
      assertThat(logins("web", () -> burst(front, WEB_PASSWORD))).isEqualTo(ROUNDS);
      assertThat(kept(front)).isZero();
    }
  }

  @Test
  void aDirectoryThatOnlyRoutesLeavesEachLoginToTheBackend() {
    try (FrontEnd front = behind(router, 2)) {
      assertThat(logins("web", () -> burst(front, DovecotServer.PASSWORD))).isEqualTo(ROUNDS);
      try (ImapClient client = ImapClient.connect(front.plain())) {
        assertThat(client.refused("LOGIN web wrong")).contains("AUTHENTICATIONFAILED");
      }
    }
  }

  @Test
  void aPasswordThatTheBackendHasJustTakenIsShownToItOnceWhereThatIsTrusted() {
    try (FrontEnd front = trusting("5m")) {
      assertThat(logins("web", () -> burst(front, DovecotServer.PASSWORD))).isEqualTo(1);
      assertThat(Stage.metric(front, "dormouse_pool_total{result=\"hit\"}")).isEqualTo(ROUNDS - 1);
      try (ImapClient client = ImapClient.connect(front.plain())) {
        assertThat(client.refused("LOGIN web wrong")).contains("AUTHENTICATIONFAILED");
      }
      Wait.until("nothing is kept after a refusal", PATIENCE, () -> kept(front) == 0);
      assertThat(logins("web", () -> burst(front, DovecotServer.PASSWORD))).isEqualTo(1);
    }
  }

  @Test
  void aPasswordThatIsTrustedForATimeIsShownAgainBehindIt() {
    try (FrontEnd front = trusting("10ms")) {
      assertThat(logins("web", () -> burst(front, DovecotServer.PASSWORD))).isGreaterThan(1);
    }
  }

  private FrontEnd trusting(String time) {
    return FrontEnd.of(
        """
        listen: [ { address: "127.0.0.1:0", tls: none } ]
        backends:
          mx: { address: "127.0.0.1:%d", tls: none, trusted: true, pool: { trust-password: %s } }
        throttle: { enabled: false }
        """
            .formatted(dovecot.imapPort(), time));
  }

  @Test
  void aWrongPasswordIsRefusedWhateverIsKept() {
    try (FrontEnd front = behind(daemon, 2)) {
      burst(front, WEB_PASSWORD);
      try (ImapClient client = ImapClient.connect(front.plain())) {
        client.refused("LOGIN web wrong");
      }
      assertThat(kept(front)).isEqualTo(1);
    }
  }

  /// It lets everybody in with an `Auth-Pass` that the client knows.
  @Test
  void aDirectoryThatHandsPasswordsThroughLeavesAWrongOneToTheBackend() {
    try (FrontEnd front = behind(echo, 2)) {
      assertThat(logins("web", () -> burst(front, DovecotServer.PASSWORD))).isEqualTo(1);
      assertThat(kept(front)).isEqualTo(1);
      try (ImapClient client = ImapClient.connect(front.plain())) {
        assertThat(client.refused("LOGIN web wrong")).contains("AUTHENTICATIONFAILED");
      }
    }
  }

  @Test
  void aPasswordThatTheDirectoryHasChangedIsSeenByTheBackend() {
    try (FrontEnd front = behind(changing, 2)) {
      burst(front, WEB_PASSWORD);
      assertThat(kept(front)).isEqualTo(1);
      given = "changed";
      try (ImapClient client = ImapClient.connect(front.plain())) {
        assertThat(client.refused("LOGIN web " + WEB_PASSWORD)).contains("AUTHENTICATIONFAILED");
      }
    }
  }

  @Test
  void oneUsersConnectionIsNoOtherUsers() {
    try (FrontEnd front = behind(daemon, 2)) {
      burst(front, WEB_PASSWORD);
      try (ImapClient other = ImapClient.connect(front.plain()).login("other", WEB_PASSWORD)) {
        assertThat(other.ok("STATUS INBOX (MESSAGES)")).contains("* STATUS INBOX (MESSAGES 0)");
        other.logout();
      }
      assertThat(kept(front)).isEqualTo(2);
    }
  }

  @Test
  void wakesTakeWhatSleepLeft() {
    String user = "u" + users++;
    try (FrontEnd front = FrontEnd.keeping(dovecot.imapPort(), sleepsAt -> sleepsAt)) {
      long logins =
          logins(
              user,
              () -> {
                try (ImapClient client =
                    ImapClient.connect(front.plain()).login(user, DovecotServer.PASSWORD)) {
                  for (int i = 0; i < ROUNDS; i++) {
                    front.awaitAsleep(1);
                    client.ok("LIST \"\" *");
                  }
                }
              });
      assertThat(logins).isEqualTo(1);
    }
  }

  /// The first sleep's connection watches; the next wakes and sleeps take turns with one more.
  @Test
  void aClientThatSleepsAndWakesInItsMailboxNeedsTwoConnections() {
    String user = "u" + users++;
    try (FrontEnd front = FrontEnd.keeping(dovecot.imapPort(), sleepsAt -> sleepsAt)) {
      long logins =
          logins(
              user,
              () -> {
                try (ImapClient client =
                    ImapClient.connect(front.plain()).login(user, DovecotServer.PASSWORD)) {
                  client.ok("SELECT INBOX");
                  for (int i = 1; i <= ROUNDS; i++) {
                    front.awaitAsleep(1);
                    client.append("INBOX", "", Stage.message(i));
                    client.ok("NOOP");
                    assertThat(client.ok("UID SEARCH ALL").getFirst()).endsWith(" " + i);
                  }
                }
              });
      assertThat(logins).isEqualTo(2);
    }
  }

  @Test
  void aConnectionThatDiedMeanwhileIsReplacedUnseen() {
    String user = "u" + users++;
    try (FrontEnd front = FrontEnd.keeping(dovecot.imapPort(), sleepsAt -> sleepsAt);
        ImapClient client = ImapClient.connect(front.plain()).login(user, DovecotServer.PASSWORD)) {
      front.awaitAsleep(1);
      dovecot.restart();
      assertThat(client.ok("STATUS INBOX (MESSAGES)")).contains("* STATUS INBOX (MESSAGES 0)");
      client.logout();
    }
  }

  @Test
  void whatASessionGivesUpToSleepIsKeptForItsTime() {
    String user = "u" + users++;
    try (FrontEnd front = sleeping("keep: 5m, keep-after-logout: 1s");
        ImapClient client = ImapClient.connect(front.plain()).login(user, DovecotServer.PASSWORD)) {
      long logins =
          logins(
              user,
              () -> {
                for (int i = 0; i < 3; i++) {
                  awaitKept(front, 1);
                  front.pass(Duration.ofMinutes(4));
                  client.ok("LIST \"\" *");
                }
              });
      assertThat(logins).isZero();
      assertThat(dropped(front, "expired")).isZero();

      awaitKept(front, 1);
      assertThat(dovecot.imapConnections(user)).isOne();
      front.pass(Duration.ofSeconds(301));
      assertThat(dropped(front, "expired")).isOne();
      awaitKept(front, 0); // once Dovecot has said its BYE
      dovecot.awaitImapConnections(user, 0, PATIENCE);
    }
  }

  @Test
  void whatAClientLeavesIsKeptForItsTime() {
    try (FrontEnd front = behind(daemon, "keep: 1s, keep-after-logout: 5m")) {
      long logins =
          logins(
              "web",
              () -> {
                burst(front, WEB_PASSWORD);
                awaitKept(front, 1);
                front.pass(Duration.ofMinutes(3));
                burst(front, WEB_PASSWORD);
                awaitKept(front, 1);
              });
      assertThat(logins).isOne();
      assertThat(dropped(front, "expired")).isZero();
      front.pass(Duration.ofSeconds(301));
      assertThat(dropped(front, "expired")).isOne();
      awaitKept(front, 0); // once Dovecot has said its BYE
      assertThat(logins("web", () -> burst(front, WEB_PASSWORD))).isOne();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void aUserHasSoManyKept(int perUser) {
    String user = "u" + users++;
    List<ImapClient> clients = new ArrayList<>();
    try (FrontEnd front = sleeping("per-user: " + perUser)) {
      for (int i = 1; i <= 4; i++) {
        clients.add(ImapClient.connect(front.plain()).login(user, DovecotServer.PASSWORD));
        front.awaitAsleep(i);
      }
      awaitKept(front, perUser);
      assertThat(dropped(front, "user-full")).isEqualTo(4 - perUser);
      dovecot.awaitImapConnections(user, perUser, PATIENCE);
    } finally {
      clients.forEach(ImapClient::close);
    }
  }

  private FrontEnd sleeping(String pool) {
    return FrontEnd.of(
        """
        listen: [ { address: "127.0.0.1:0", tls: none } ]
        backends:
          mx: { address: "127.0.0.1:%d", tls: none, pool: { %s }, health: { check: none } }
        hibernate: { after: 0s, quiet-after: 0s, keep-alive: 0s }
        """
            .formatted(dovecot.imapPort(), pool));
  }

  private static void awaitKept(FrontEnd front, int count) {
    front.await(() -> kept(front) == count, count + " are kept");
  }

  private static double dropped(FrontEnd front, String reason) {
    return Stage.metric(front, "dormouse_pool_dropped_total{reason=\"" + reason + "\"}");
  }

  private FrontEnd behind(AuthDaemon who, int perUser) {
    return behind(who, "per-user: " + perUser);
  }

  private FrontEnd behind(AuthDaemon who, String pool) {
    return FrontEnd.of(
        """
        listen: [ { address: "127.0.0.1:0", tls: none } ]
        backends:
          mx: { address: "127.0.0.1:%d", tls: none, trusted: true, pool: { %s } }
        directory: [ http: { url: "http://127.0.0.1:%d/auth" } ]
        throttle: { enabled: false }
        """
            .formatted(dovecot.imapPort(), pool, who.port()));
  }

  private static void burst(FrontEnd front, String password) {
    for (int i = 0; i < ROUNDS; i++) {
      try (ImapClient client = ImapClient.connect(front.plain()).login("web", password)) {
        client.ok("SELECT INBOX");
        assertThat(client.ok("FETCH 1 (UID)")).contains("* 1 FETCH (UID 1)");
        client.logout();
      }
    }
  }

  private static double kept(FrontEnd front) {
    return Stage.metric(front, "dormouse_backend_connections{backend=\"mx\",purpose=\"pool\"}");
  }

  /// How often a user logs in at Dovecot while something runs.
  private long logins(String user, Runnable what) {
    awaitLoginsAreLogged(); // those of the tests before
    int mark = dovecot.logSize();
    what.run();
    awaitLoginsAreLogged();
    return dovecot.log(mark).stream().filter(line -> isLogin(line, user)).count();
  }

  /// Dovecot logs a login a moment after its OK, one behind the other.
  private void awaitLoginsAreLogged() {
    String last = "u" + users++;
    dovecot.client(last).close();
    dovecot.awaitLog(0, line -> isLogin(line, last), Duration.ofSeconds(10));
  }

  private static boolean isLogin(String line, String user) {
    return line.contains("Login: user=<" + user + ">");
  }
}
