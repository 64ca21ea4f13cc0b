package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.ops.Metrics;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.FreePort;
import dormouse.testkit.ImapClient;
import dormouse.testkit.Wait;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Two Dovecots with the same mail, as a group: one may go, and nobody is disconnected.
class GroupIT {
  private static final int USERS = 8;
  private static final Duration SOON = Duration.ofSeconds(20);

  @TempDir Path directory = Path.of("");

  private final int port = FreePort.next();
  private final List<ImapClient> clients = new ArrayList<>();
  private DovecotServer one;
  private DovecotServer two;
  private FrontEnd front;

  @BeforeEach
  void start() {
    one = DovecotServer.start();
    two = one.startBeside();
    front = FrontEnd.of(settings("mx1: , mx2: ", ""));
  }

  @AfterEach
  void stop() {
    clients.forEach(ImapClient::close);
    front.close();
    two.close();
    one.close();
  }

  private String settings(String members, String health) {
    String each = "tls: none, trusted: true, connect-timeout: 1s, health: { " + health + " }";
    return """
    listen: [ { address: "127.0.0.1:%d", tls: none } ]
    backends:
      mx1: { address: "127.0.0.1:%d", %s }
      mx2: { address: "127.0.0.1:%d", %s }
    groups:
      mail: { mail: shared, backends: { %s } }
    hibernate: { after: 0s, quiet-after: 0s, keep-alive: 0s, wake-timeout: 20s }
    """
        .formatted(port, one.imapPort(), each, two.imapPort(), each, members);
  }

  private ImapClient client(int user) {
    ImapClient client = ImapClient.connect(front.plain()).patience(SOON);
    clients.add(client);
    return client.login("u" + user, DovecotServer.PASSWORD);
  }

  /// Half of them in IDLE, all asleep.
  private List<ImapClient> sleepers() {
    List<ImapClient> sleepers = new ArrayList<>();
    for (int i = 0; i < USERS; i++) {
      ImapClient client = client(i);
      client.append("INBOX", "", Stage.message(1));
      client.ok("SELECT INBOX");
      if (i % 2 == 0) {
        client.startIdle();
      }
      sleepers.add(client);
    }
    front.awaitAsleep(USERS);
    return sleepers;
  }

  private double metric(String line) {
    return Stage.metric(front, line);
  }

  @Test
  void usersAreSpreadAndEachHasOneHome() {
    for (int i = 0; i < USERS; i++) {
      client(i);
      client(i);
    }
    front.awaitAsleep(2 * USERS);
    for (int i = 0; i < USERS; i++) {
      ImapClient again = client(i);
      again.ok("SELECT INBOX");
      again.startIdle();
    }
    assertThat(homes(one)).isNotEmpty().doesNotContainAnyElementsOf(homes(two));
    assertThat(homes(two)).isNotEmpty();
  }

  private static List<String> homes(DovecotServer dovecot) {
    return dovecot.log().stream()
        .filter(line -> line.contains("Login: user=<"))
        .map(line -> line.replaceAll(".*user=<([^>]+)>.*", "$1"))
        .distinct()
        .toList();
  }

  @Test
  void sleepersOfADeadBackendWakeOnTheOtherAndNobodyIsDisconnected() {
    List<ImapClient> sleepers = sleepers();
    assertThat(homes(one)).isNotEmpty();
    assertThat(homes(two)).isNotEmpty();
    for (int round = 0; round < 2; round++) {
      DovecotServer dead = round == 0 ? one : two;
      DovecotServer alive = round == 0 ? two : one;
      front.awaitAsleep(USERS);
      dead.kill();
      for (int i = 0; i < USERS; i++) {
        alive.deliver("u" + i, Stage.message(2 + round));
      }
      for (int i = 0; i < USERS; i++) {
        ImapClient client = sleepers.get(i);
        String told = "* " + (2 + round) + " EXISTS";
        if (i % 2 == 0) {
          client.expect(told); // by the watch, at the other backend
          client.done();
        } else {
          assertThat(client.ok("NOOP")).contains(told);
        }
        assertThat(client.ok("UID FETCH 1:* (UID)")).hasSize(2 + round);
        if (i % 2 == 0) {
          client.startIdle();
        }
      }
      dead.restart();
    }
    assertThat(metric("dormouse_failovers_total{backend=\"mx1\"}")).isPositive();
    assertThat(front.metrics().scrape()).doesNotContain("dormouse_closes_total");
  }

  @Test
  void aLoginGoesToTheOtherWhenItsHomeIsDeadOrSilent() {
    one.kill();
    for (int i = 0; i < USERS; i++) {
      client(i).logout();
    }
    one.restart();
    one.freeze();
    try {
      for (int i = 0; i < USERS; i++) {
        client(i).logout();
      }
    } finally {
      one.thaw();
    }
    assertThat(homes(one)).isEmpty();
    assertThat(metric("dormouse_backend_up{backend=\"mx1\"}")).isZero();
    assertThat(metric("dormouse_backend_up{backend=\"mx2\"}")).isOne();
  }

  @Test
  void aWrongPasswordIsTriedAtOneBackendOnly() {
    for (int i = 0; i < USERS; i++) {
      ImapClient client = ImapClient.connect(front.plain());
      clients.add(client);
      assertThat(client.refused("LOGIN u" + i + " wrong")).startsWith("NO [AUTHENTICATIONFAILED]");
    }
    assertThat(failedLogins(one) + failedLogins(two)).isEqualTo(USERS);
    assertThat(front.metrics().scrape()).doesNotContain("dormouse_failovers_total");
  }

  private static long failedLogins(DovecotServer dovecot) {
    return dovecot.log().stream().filter(line -> line.contains("Password mismatch")).count();
  }

  @Test
  void whoSleptOnABackendThatIsTakenOutGoesOnAtTheOther() {
    List<ImapClient> sleepers = sleepers();
    Wait.until("the watches of both", SOON, () -> one.connections().size() > 0);
    front.reload(settings("mx1: { weight: 0 }, mx2: ", ""));
    Wait.until("nobody is left at the first", SOON, () -> one.connections().isEmpty());
    int loginsBefore = homes(one).size();
    for (int i = 0; i < USERS; i++) {
      two.deliver("u" + i, Stage.message(2));
      if (i % 2 == 0) {
        sleepers.get(i).expect("* 2 EXISTS");
        sleepers.get(i).done();
      }
      assertThat(sleepers.get(i).ok("UID FETCH 1:* (UID)")).isNotEmpty();
    }
    assertThat(one.connections()).isEmpty();
    assertThat(homes(one)).hasSize(loginsBefore);
    assertThat(front.metrics().scrape()).doesNotContain("dormouse_closes_total");
  }

  @Test
  void checksFindWhoIsDownAndWhoIsBack() throws Exception {
    Path secret = Files.writeString(directory.resolve("probe.secret"), DovecotServer.PASSWORD);
    for (String check : List.of("tcp", "greeting", "login")) {
      String probe =
          check.equals("login") ? ", user: u2999, password-file: \"" + secret + "\"" : "";
      front.reload(
          settings(
              "mx1: , mx2: ",
              "check: " + check + ", interval: 100ms, down-after: 2, up-after: 2" + probe));
      one.kill();
      up("mx1", 0);
      one.restart();
      up("mx1", 1);
      assertThat(metric("dormouse_backend_up{backend=\"mx2\"}")).as(check).isOne();
    }
    assertThat(homes(one)).containsExactly("u2999");
    two.lock("u2999");
    up("mx2", 0);
    for (int i = 0; i < USERS; i++) {
      client(i).logout();
    }
    assertThat(homes(two)).containsExactly("u2999");
  }

  private void up(String backend, int wanted) {
    String line =
        String.format(Locale.ROOT, "dormouse_backend_up{backend=\"%s\"} %d.0", backend, wanted);
    front.await(() -> front.metrics().scrape().contains(line), line);
  }

  @Test
  void metricsOfABackendThatIsNoMoreAreGone() {
    assertThat(front.metrics().scrape()).contains("dormouse_backend_up{backend=\"mx2\"}");
    front.reload(
        """
        listen: [ { address: "127.0.0.1:%d", tls: none } ]
        backends: { mx1: { address: "127.0.0.1:%d", tls: none } }
        """
            .formatted(port, one.imapPort()));
    assertThat(front.metrics().scrape()).doesNotContain("dormouse_backend_up{backend=\"mx2\"}");
    assertThat(front.sessions(Metrics.State.ATTACHED)).isZero();
  }
}
