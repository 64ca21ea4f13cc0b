package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.ops.Metrics;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import dormouse.testkit.Wait;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Two Dovecots with the same mail, as a group: one may go, and nobody is disconnected.
class GroupIT {
  private static final int USERS = 8;
  private static final Duration SOON = Duration.ofSeconds(20);

  @TempDir Path directory = Path.of("");

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
    listen: [ { address: "127.0.0.1:0", tls: none } ]
    backends:
      mx1: { address: "127.0.0.1:%d", %s }
      mx2: { address: "127.0.0.1:%d", %s }
    groups:
      mail: { mail: shared, backends: { %s } }
    hibernate: { after: 0s, quiet-after: 0s, keep-alive: 0s, wake-timeout: 20s }
    """
        .formatted(one.imapPort(), each, two.imapPort(), each, members);
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
      assertThat(metric("dormouse_backend_up{backend=\"mx1\"}")).isZero();
      assertThat(metric("dormouse_backend_up{backend=\"mx2\"}")).isOne();
    } finally {
      one.thaw();
    }
    assertThat(homes(one)).isEmpty();
  }

  @Test
  void whereMailIsSplitWhoIsAtADeadBackendWaitsForIt() {
    front.reload(settings("mx1: , mx2: ", "").replace("mail: shared", "mail: split"));
    List<ImapClient> sleepers = sleepers();
    Wait.until("all logins", SOON, () -> homes(one).size() + homes(two).size() == USERS);
    List<String> lost = homes(one);
    assertThat(lost).isNotEmpty().hasSizeLessThan(USERS);

    one.kill();
    for (int i = 0; i < USERS; i++) {
      try (ImapClient client = ImapClient.connect(front.plain()).patience(SOON)) {
        String answer = client.command("LOGIN u" + i + " " + DovecotServer.PASSWORD).getLast();
        assertThat(answer).contains(lost.contains("u" + i) ? " NO [UNAVAILABLE] " : " OK ");
      }
    }
    for (int i = 0; i < USERS; i++) {
      sleepers.get(i).send((i % 2 == 0 ? "DONE\r\n" : "") + "w UID FETCH 1:* (UID)\r\n");
    }
    for (int i = 0; i < USERS; i++) {
      if (!lost.contains("u" + i)) {
        awaitFetched(sleepers.get(i));
      }
    }
    one.restart();
    for (String user : lost) {
      awaitFetched(sleepers.get(Integer.parseInt(user.substring(1))));
    }
    assertThat(new HashSet<>(homes(one))).containsExactlyInAnyOrderElementsOf(lost);
    assertThat(homes(two)).doesNotContainAnyElementsOf(lost);
    assertThat(front.metrics().scrape()).doesNotContain("dormouse_failovers_total");
  }

  private static void awaitFetched(ImapClient client) {
    List<String> heard = client.readUntilTagged("w");
    assertThat(heard.getLast()).startsWith("w OK ");
    assertThat(heard).filteredOn(line -> line.contains(" FETCH ")).hasSize(1);
  }

  @Test
  void whoIsSpareServesOnlyWhileNoMemberCan() {
    try (DovecotServer spare = one.startBeside()) {
      String health = "check: tcp, interval: 100ms, down-after: 1, up-after: 1";
      front.reload(
          settings("mx1: , mx2: , mx3: { weight: 0 }", health)
              .replace("trusted: true", "pool: { per-user: 0 }")
              .replaceFirst("hibernate: .*\n", "hibernate: { enabled: false }\n")
              .replace(
                  "groups:",
                  "  mx3: { address: \"127.0.0.1:%d\", tls: none, pool: { per-user: 0 } }\ngroups:"
                      .formatted(spare.imapPort())));
      int user =
          IntStream.range(0, 100)
              .filter(i -> serves(i, one, two, spare) == one)
              .findFirst()
              .orElseThrow();
      one.kill();
      up("mx1", 0);
      assertThat(serves(user, two, spare)).as("the next member").isSameAs(two);
      two.kill();
      up("mx2", 0);
      assertThat(serves(user, spare)).isSameAs(spare);
      two.restart();
      up("mx2", 1);
      assertThat(serves(user, two, spare)).as("a member that is back").isSameAs(two);
      one.restart();
      up("mx1", 1);
      assertThat(serves(user, one, two, spare)).as("its home").isSameAs(one);
    }
  }

  /// Which of those that are there lets a user in now.
  private DovecotServer serves(int user, DovecotServer... there) {
    ImapClient client = client(user);
    for (DovecotServer each : there) {
      if (each.imapConnections("u" + user) > 0) {
        client.logout();
        each.awaitImapConnections("u" + user, 0, SOON);
        return each;
      }
    }
    throw new AssertionError("nobody serves u" + user);
  }

  @Test
  void aWrongPasswordIsTriedAtOneBackendOnly() {
    for (int i = 0; i < USERS; i++) {
      ImapClient client = ImapClient.connect(front.plain());
      clients.add(client);
      assertThat(client.refused("LOGIN u" + i + " wrong")).startsWith("NO [AUTHENTICATIONFAILED]");
    }
    Wait.until("all are logged", SOON, () -> failedLogins(one) + failedLogins(two) >= USERS);
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

  /// A directory that knows the backends' password, and clients another: then connections are lent to logins.
  private String knowing(String members, String health) throws IOException {
    StringBuilder users = new StringBuilder();
    for (int i = 0; i < USERS; i++) {
      users.append("u%d:{PLAIN}web::::::pass=%s\n".formatted(i, DovecotServer.PASSWORD));
    }
    Path file = Files.writeString(directory.resolve("users"), users);
    return settings(members, health)
            .replaceFirst("hibernate: .*\n", "hibernate: { enabled: false }\n")
        + "directory: [ file: { path: \""
        + file
        + "\" } ]\n";
  }

  /// Each logs in twice, one time after the other.
  ///
  /// @return how many of these logins no backend has seen
  private int lentAmong(List<Integer> who) {
    double hitsBefore = metric("dormouse_pool_total{result=\"hit\"}");
    for (int user : who) {
      for (int i = 0; i < 2; i++) {
        try (ImapClient client = ImapClient.connect(front.plain()).patience(SOON)) {
          client.login("u" + user, "web");
          assertThat(client.ok("STATUS INBOX (UNSEEN)")).isNotEmpty();
          client.logout();
        }
      }
    }
    return (int) (metric("dormouse_pool_total{result=\"hit\"}") - hitsBefore);
  }

  private static List<Integer> everybody() {
    return IntStream.range(0, USERS).boxed().toList();
  }

  private static long logins(DovecotServer dovecot) {
    return dovecot.log().stream().filter(line -> line.contains("Login: user=<")).count();
  }

  private static void awaitLogins(DovecotServer dovecot, long number) {
    Wait.until(number + " logins", SOON, () -> logins(dovecot) >= number);
    assertThat(logins(dovecot)).isEqualTo(number);
  }

  @Test
  void afterAFailOverConnectionsAreLentOfWhoServesNow() throws Exception {
    front.reload(
        knowing("mx1: , mx2: ", "check: tcp, interval: 100ms, down-after: 1, up-after: 1"));
    assertThat(lentAmong(everybody())).isEqualTo(USERS);
    Wait.until("all logins", SOON, () -> logins(one) + logins(two) >= USERS);
    List<Integer> moving = everybody().stream().filter(i -> homes(one).contains("u" + i)).toList();
    assertThat(moving).isNotEmpty().hasSizeLessThan(USERS);

    one.kill();
    up("mx1", 0);
    assertThat(lentAmong(moving)).as("at the other").isEqualTo(moving.size());
    awaitLogins(two, USERS);

    one.restart();
    up("mx1", 1);
    assertThat(lentAmong(moving)).as("at home again").isEqualTo(moving.size());
    awaitLogins(one, 2L * moving.size());
    awaitLogins(two, USERS);
  }

  @Test
  void nothingIsLentOfABackendThatIsTakenOut() throws Exception {
    front.reload(knowing("mx1: , mx2: ", ""));
    assertThat(lentAmong(everybody())).isEqualTo(USERS);
    Wait.until("all logins", SOON, () -> logins(one) + logins(two) >= USERS);
    long atOne = logins(one);
    assertThat(one.connections()).isNotEmpty();

    front.reload(knowing("mx1: { weight: 0 }, mx2: ", ""));
    Wait.until("nothing is kept of the first", SOON, () -> one.connections().isEmpty());
    assertThat(lentAmong(everybody())).as("at the second").isEqualTo(USERS);
    awaitLogins(two, 2L * USERS - atOne); // a reload lets go of what is kept there, too
    assertThat(logins(one)).isEqualTo(atOne);
    assertThat(one.connections()).isEmpty();
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
        listen: [ { address: "127.0.0.1:0", tls: none } ]
        backends: { mx1: { address: "127.0.0.1:%d", tls: none } }
        """
            .formatted(one.imapPort()));
    assertThat(front.metrics().scrape()).doesNotContain("dormouse_backend_up{backend=\"mx2\"}");
    assertThat(front.sessions(Metrics.State.ATTACHED)).isZero();
  }
}
