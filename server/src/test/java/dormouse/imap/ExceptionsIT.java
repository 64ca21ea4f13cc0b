package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.config.HibernateSettings;
import dormouse.ops.Metrics;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.Endpoint;
import dormouse.testkit.ImapClient;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// What becomes of sleeping clients whose mailbox, account or backend goes away (HIBERNATION §3.8). The scenarios of
/// HIBERNATION §10 are named by their numbers.
class ExceptionsIT {
  private static final String RELOGIN = "* BYE IMAP session state is inconsistent, please relogin.";

  private static DovecotServer dovecot;

  @BeforeAll
  static void startDovecot() {
    dovecot = DovecotServer.start();
  }

  @AfterAll
  static void stopDovecot() {
    dovecot.close();
  }

  // T14
  @Test
  void anotherUidValidityEndsTheSession() {
    try (Stage stage = withBox()) {
      ImapClient client = stage.sleeper("SELECT Box");
      dovecot.doveadm("mailbox", "update", "-u", stage.user(), "--uid-validity", "42", "Box");
      assertThat(client.expectClosed()).containsExactly("* BYE Mailbox UIDVALIDITY changed");
      assertThat(closes(stage, "mailbox-changed")).isEqualTo(1);
    }
  }

  // T14
  @Test
  void aMailboxMadeAnewUnderItsNameEndsTheSession() {
    try (Stage stage = withBox()) {
      ImapClient client = stage.sleeper("SELECT Box");
      ImapClient otherDevice = stage.client();
      otherDevice.ok("DELETE Box");
      otherDevice.ok("CREATE Box");
      otherDevice.append("Box", "", Stage.message(1));
      assertThat(client.expectClosed()).last().asString().startsWith("* BYE ");
      assertThat(closes(stage, "mailbox-changed")).isEqualTo(1);
    }
  }

  // T15
  @Test
  void aDeletedMailboxEndsTheSession() {
    try (Stage stage = withBox()) {
      ImapClient client = stage.sleeper("SELECT Box");
      stage.other().ok("DELETE Box");
      assertThat(client.expectClosed()).containsExactly(RELOGIN);
      assertThat(closes(stage, "mailbox-changed")).isEqualTo(1);
    }
  }

  // T15
  @Test
  void aDeletedMailboxEndsASessionThatAsksForMore() {
    try (Stage stage = withBox()) {
      ImapClient client = stage.sleeper("SELECT Box");
      client.done();
      stage.other().ok("DELETE Box");
      client.send("x UID FETCH 1:* (FLAGS)\r\n");
      assertThat(client.expectClosed()).containsExactly(RELOGIN);
    }
  }

  // T16
  @Test
  void aRenamedMailboxEndsTheSession() {
    Duration often = Duration.ofSeconds(1); // in IDLE Dovecot says nothing of it: a sweep finds out
    try (Stage stage = withBox(FrontEnd.sweeping(often, often, Duration.ofSeconds(30)))) {
      ImapClient client = stage.sleeper("SELECT Box");
      stage.other().ok("RENAME Box Else");
      assertThat(client.expectClosed()).containsExactly(RELOGIN);
      assertThat(closes(stage, "mailbox-changed")).isEqualTo(1);
    }
  }

  private static Stage withBox() {
    return withBox(hibernate -> hibernate);
  }

  private static Stage withBox(UnaryOperator<HibernateSettings> change) {
    Stage stage = Stage.before(dovecot, change);
    stage.other().ok("CREATE Box");
    return stage.fill("Box", 3);
  }

  private static double closes(Stage stage, String reason) {
    return stage.metric("dormouse_closes_total{reason=\"" + reason + "\"}");
  }

  // T17
  @Test
  void aBackendThatGoesAndComesBackIsNotNoticedInSleep() {
    try (Stage stage = Stage.before(dovecot).fill(2)) {
      ImapClient client = stage.sleeper();
      stage.awaitConnections(1);
      dovecot.stop();
      stage.front().await(() -> backendDown(stage) >= 2, "looks that failed");
      assertThat(stage.front().sessions(Metrics.State.HIBERNATED)).isEqualTo(1);
      dovecot.restart();

      stage.other().append("INBOX", "", Stage.message(3));

      client.expect("* 3 EXISTS").expectMatch("\\* \\d+ RECENT");
      assertThat(client.done()).hasSize(1);
      stage.assertNobodyWoke();
    }
  }

  // T17
  @Test
  void aBackendKilledAndStartedAgainIsNotNoticedInSleep() {
    try (Stage stage = Stage.before(dovecot).fill(2)) {
      ImapClient client = stage.sleeper();
      ImapClient unselected = stage.client();
      stage.awaitAsleep(2);
      dovecot.kill();
      dovecot.restart();
      stage.other().append("INBOX", "", Stage.message(3));
      client.expect("* 3 EXISTS");
      assertThat(unselected.ok("STATUS INBOX (MESSAGES)"))
          .containsExactly("* STATUS INBOX (MESSAGES 3)");
    }
  }

  private static double backendDown(Stage stage) {
    return stage.metric("dormouse_syncs_total{result=\"backend-down\"}");
  }

  // T17
  @Test
  void doneIsAnsweredWhileTheBackendIsDown() {
    try (Stage stage = Stage.before(dovecot, FrontEnd.wakeWithin(Duration.ofSeconds(1))).fill(1)) {
      ImapClient client = stage.sleeper();
      stage.awaitConnections(1);
      dovecot.stop();
      stage.front().await(() -> backendDown(stage) >= 1, "a look that failed");
      assertThat(client.done()).hasSize(1);
      assertThat(client.startIdle()).isEmpty();
      dovecot.restart();
      stage.other().append("INBOX", "", Stage.message(2));
      client.expect("* 2 EXISTS");
    } finally {
      dovecot.restart();
    }
  }

  // T18
  @Test
  void aCommandIsHeldUntilTheBackendIsBack() {
    try (Stage stage = Stage.before(dovecot).fill(2)) {
      ImapClient client = stage.sleeper();
      client.done();
      dovecot.stop();
      client.send("x UID FETCH 1:* (UID)\r\n");
      stage.front().await(() -> stage.front().sessions(Metrics.State.WAKING) == 1, "waking");
      dovecot.restart();
      assertThat(client.readUntilTagged("x"))
          .startsWith("* 1 FETCH (UID 1)", "* 2 FETCH (UID 2)")
          .hasSize(3);
    } finally {
      dovecot.restart();
    }
  }

  // T18
  @Test
  void aCommandIsNotHeldForEver() {
    try (Stage stage = Stage.before(dovecot, FrontEnd.wakeWithin(Duration.ofSeconds(2))).fill(2)) {
      ImapClient client = stage.sleeper();
      client.done();
      dovecot.stop();
      client.send("x UID FETCH 1:* (UID)\r\n");
      assertThat(client.expectClosed())
          .containsExactly("* BYE [UNAVAILABLE] Temporary problem, please try again later");
      assertThat(closes(stage, "backend-unavailable")).isEqualTo(1);
    } finally {
      dovecot.restart();
    }
  }

  // T18
  @Test
  void aCommandIsNotHeldForEverByABackendThatStalls() {
    try (Stage stage = Stage.before(dovecot, FrontEnd.wakeWithin(Duration.ofSeconds(2))).fill(2)) {
      ImapClient client = stage.sleeper();
      client.done();
      dovecot.freeze();
      client.send("x UID FETCH 1:* (UID)\r\n");
      assertThat(client.expectClosed())
          .containsExactly("* BYE [UNAVAILABLE] Temporary problem, please try again later");
    } finally {
      dovecot.thaw();
    }
  }

  // T19
  @Test
  void aLockedUserIsNotWoken() {
    try (Stage stage = Stage.before(dovecot).fill(2)) {
      ImapClient client = stage.sleeper();
      client.done();
      dovecot.lock(stage.user());
      awaitRefused(stage);
      client.send("x UID FETCH 1:* (UID)\r\n");
      assertThat(client.expectClosed())
          .containsExactly("* BYE [AUTHORIZATIONFAILED] Session ended");
      assertThat(closes(stage, "login-refused-at-wake")).isEqualTo(1);
    }
  }

  // T19
  @Test
  void anotherPasswordEndsTheSessionAtItsNextWake() {
    try (Stage stage = Stage.before(dovecot).fill(2)) {
      ImapClient client = stage.sleeper();
      dovecot.addUser(stage.user(), "another");
      awaitRefused(stage);
      assertThat(client.done()).hasSize(1);
      client.send("x UID FETCH 1:* (UID)\r\n");
      assertThat(client.expectClosed())
          .containsExactly("* BYE [AUTHORIZATIONFAILED] Session ended");
    }
  }

  /// Dovecot looks at its file of users no more than once a second.
  private static void awaitRefused(Stage stage) {
    Stage.await(
        "the login is refused",
        () -> {
          try (ImapClient client = ImapClient.connect(Endpoint.plain(dovecot.imapPort()))) {
            String login = "LOGIN " + stage.user() + " " + DovecotServer.PASSWORD;
            return ImapClient.status(client.command(login).getLast()).equals("NO");
          }
        });
  }

  /// Of what the one that was woken may know more than the backend; of what the other knows it does not matter.
  @Test
  void whoSleepsBesideOneThatWasWokenHearsWhatChangedWhileTheBackendWasAway() {
    try (DovecotServer beside = dovecot.startBeside();
        Stage stage = Stage.before(dovecot, Stage::awakeOutsideIdle).fill(3)) {
      ImapClient woken = stage.sleeper();
      woken.done();
      woken.ok("UID FETCH 1 (FLAGS)");
      ImapClient asleep = stage.sleeper();
      dovecot.stop();
      stage.awaitAsleep(2);
      try (ImapClient another = beside.client(stage.user())) {
        another.ok("SELECT INBOX");
        another.ok("STORE 2 +FLAGS (\\Flagged)");
      }
      dovecot.restart();

      asleep.readUntil("* 2 FETCH (FLAGS (\\Flagged))"::equals, ImapClient.PATIENCE);
      double looks = looks(stage);
      asleep.expectSilence(Duration.ofSeconds(3));
      assertThat(looks(stage)).isLessThanOrEqualTo(looks + 2); // one at once, one a second later
      woken.startIdle();
      for (String flags :
          List.of("1 FETCH (FLAGS (", "2 FETCH (FLAGS (\\Flagged", "3 FETCH (FLAGS (")) {
        woken.readUntil(line -> line.startsWith("* " + flags), ImapClient.PATIENCE);
      }
      asleep.expectSilence(Duration.ofSeconds(1));
    } finally {
      dovecot.restart();
    }
  }

  private static double looks(Stage stage) {
    return stage.metric("dormouse_syncs_total{result=\"done\"}");
  }

  @Test
  void anAttachedClientHearsThatItsBackendIsGone() {
    try (Stage stage = Stage.before(dovecot, Stage::awakeOutsideIdle).fill(2)) {
      ImapClient client = stage.client();
      client.ok("SELECT INBOX");
      dovecot.kill();
      assertThat(client.expectClosed())
          .containsExactly("* BYE Connection to the mail server was lost");
      assertThat(closes(stage, "backend-gone")).isEqualTo(1);
    } finally {
      dovecot.restart();
    }
  }
}
