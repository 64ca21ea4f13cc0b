package dormouse.imap;

import static java.time.temporal.ChronoUnit.MICROS;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.config.BackendSettings;
import dormouse.config.GateSettings;
import dormouse.ops.Metrics.State;
import dormouse.testkit.DovecotOptions;
import dormouse.testkit.DovecotOptions.Storage;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import dormouse.testkit.Wait;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// A backend restarts under many sleepers, each of another user, and all their mailboxes changed meanwhile.
///
/// `-Ddormouse.sleepers=1000` has so many; there can be 3000.
class GateIT {
  private static final int SLEEPERS = Integer.getInteger("dormouse.sleepers", 300);
  private static final int ASKED_TWICE = 20;
  private static final int A_SECOND = 50;
  private static final GateSettings GATE = new GateSettings(A_SECOND, 10, 10, 5000);
  private static final Duration PACED = Duration.ofMillis(1000L * SLEEPERS / A_SECOND);

  /// For the reading behind the login, on a machine that does much else.
  private static final Duration MARGIN = Duration.ofSeconds(15);

  private static final Pattern LOGIN = Pattern.compile("(\\d+)\\.(\\d{6}) imap-login: .*Login: .*");

  @Test
  void aRestartUnderManySleepersIsNoStorm() {
    DovecotOptions maildir = DovecotOptions.DEFAULT.with(Storage.MAILDIR);
    try (DovecotServer dovecot = DovecotServer.start(maildir);
        FrontEnd front = front(dovecot)) {
      List<ImapClient> clients = fallAsleep(dovecot, front);
      try {
        long down = System.nanoTime();
        dovecot.kill();
        for (int i = 0; i < SLEEPERS; i++) {
          dovecot.dropIntoMaildir("u" + i, Stage.message(2));
        }
        int mark = dovecot.logSize();
        dovecot.restart();
        long up = System.nanoTime();
        // who tried last before it was back waits as long again as it was away
        Duration bound = PACED.plus(Duration.ofNanos(up - down).multipliedBy(2)).plus(MARGIN);
        for (ImapClient client : clients) {
          Duration left = bound.minusNanos(System.nanoTime() - up);
          client.readUntil(line -> line.equals("* 2 EXISTS"), left);
        }
        Wait.until("all are logged", MARGIN, () -> loginMicros(dovecot, mark).size() >= SLEEPERS);
        List<Long> logins = loginMicros(dovecot, mark);
        assertThat(Duration.of(logins.getLast() - logins.getFirst(), MICROS))
            .as("from the first to the last")
            .isGreaterThan(PACED.multipliedBy(8).dividedBy(10));
        // the time is that of Dovecot's log, which may take in a second what two have brought
        assertThat(mostInASecond(logins))
            .as("logins in Dovecot's busiest second")
            .isLessThanOrEqualTo(2 * A_SECOND + GATE.burst() + GATE.concurrentLogins());
        assertThat(front.sessions(State.HIBERNATED)).isEqualTo(SLEEPERS);
        assertThat(front.metrics().scrape()).doesNotContain("dormouse_closes_total");
        for (ImapClient client : clients.subList(0, ASKED_TWICE)) {
          assertThat(client.done()).as("told once").noneMatch(line -> line.endsWith(" EXISTS"));
        }
      } finally {
        clients.forEach(ImapClient::close);
      }
    }
  }

  /// One is on its way in, another waits for its turn, and there is no room for a third.
  @Test
  void whoComesToAFullQueueIsToldSo() {
    try (DovecotServer dovecot = DovecotServer.start();
        FrontEnd front =
            FrontEnd.of(
                """
                listen: [ { address: "127.0.0.1:0", tls: none } ]
                backends:
                  mx:
                    address: "127.0.0.1:%d"
                    tls: none
                    health: { check: none }
                    gate: { logins-per-second: 1000, burst: 10, concurrent-logins: 1, queue: 1 }
                throttle: { enabled: false }
                """
                    .formatted(dovecot.imapPort()));
        ImapClient first = ImapClient.connect(front.plain());
        ImapClient second = ImapClient.connect(front.plain());
        ImapClient third = ImapClient.connect(front.plain())) {
      dovecot.freeze();
      String one = first.start("LOGIN u1 " + DovecotServer.PASSWORD);
      front.await(() -> front.metric("dormouse_gate_wait_seconds_count") == 1, "one is inside");
      String another = second.start("LOGIN u2 " + DovecotServer.PASSWORD);
      front.await(() -> front.metric("dormouse_gate_waiting") == 1, "another waits");
      assertThat(third.refused("LOGIN u3 " + DovecotServer.PASSWORD))
          .startsWith("NO [UNAVAILABLE]");
      assertThat(front.metric("dormouse_gate_refused_total")).isEqualTo(1);
      dovecot.thaw();
      assertThat(first.readUntilTagged(one).getLast()).startsWith(one + " OK ");
      assertThat(second.readUntilTagged(another).getLast()).startsWith(another + " OK ");
      third.login("u3", DovecotServer.PASSWORD);
    }
  }

  private static FrontEnd front(DovecotServer dovecot) {
    return FrontEnd.before(
        BackendSettings.inClear("127.0.0.1", dovecot.imapPort(), true).withGate(GATE),
        hibernate -> hibernate);
  }

  private static List<ImapClient> fallAsleep(DovecotServer dovecot, FrontEnd front) {
    List<ImapClient> clients = new ArrayList<>();
    for (int i = 0; i < SLEEPERS; i++) {
      String user = "u" + i;
      dovecot.deliver(user, Stage.message(1));
      ImapClient client = ImapClient.connect(front.plain()).login(user, DovecotServer.PASSWORD);
      client.ok("SELECT INBOX");
      client.startIdle();
      clients.add(client);
    }
    Wait.until(
        "all are asleep and watched",
        PACED.plus(MARGIN),
        () ->
            front.sessions(State.HIBERNATED) == SLEEPERS
                && Stage.metric(front, "dormouse_syncs_total{result=\"done\"}") >= SLEEPERS);
    return clients;
  }

  private static List<Long> loginMicros(DovecotServer dovecot, int mark) {
    return dovecot.log(mark).stream()
        .map(LOGIN::matcher)
        .filter(Matcher::matches)
        .map(line -> Long.parseLong(line.group(1)) * 1_000_000 + Long.parseLong(line.group(2)))
        .sorted()
        .toList();
  }

  private static int mostInASecond(List<Long> micros) {
    int most = 0;
    int from = 0;
    for (int to = 0; to < micros.size(); to++) {
      while (micros.get(to) - micros.get(from) >= 1_000_000) {
        from++;
      }
      most = Math.max(most, to - from + 1);
    }
    return most;
  }
}
