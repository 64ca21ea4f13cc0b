package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.config.HibernateSettings;
import dormouse.ops.Metrics.State;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/// Clients come, sleep, wake and go in every way, again and again: nothing of them may stay. What is lost in memory is
/// found by [dormouse.LeakCheck].
///
/// 500 rounds; more by `./test -Dit.test=ChurnIT -Ddormouse.rounds=5000`.
class ChurnIT {
  private static final int ROUNDS = Integer.getInteger("dormouse.rounds", 500);
  private static final int AT_ONCE = 20;
  private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

  @Test
  @EnabledOnOs(OS.LINUX)
  void nothingOfThemStays() {
    try (DovecotServer dovecot = DovecotServer.start();
        FrontEnd front = FrontEnd.before(dovecot.imapPort(), ChurnIT::withoutLinger)) {
      for (int user = 0; user < AT_ONCE; user++) {
        dovecot.deliver("u" + user, "Subject: hi\r\n\r\nHello\r\n");
      }
      round(front, 0); // what is opened once and kept
      long before = descriptors();

      for (int round = 0; round < ROUNDS; round += AT_ONCE) {
        round(front, round);
      }

      front.await(() -> descriptors() <= before, "as few descriptors as before: " + before);
    }
  }

  private static HibernateSettings withoutLinger(HibernateSettings normal) {
    return new HibernateSettings(
        true,
        Duration.ZERO,
        Duration.ZERO,
        normal.proofMax(),
        normal.wakeTimeout(),
        normal.sweep(),
        normal.poll(),
        Duration.ZERO,
        Duration.ZERO,
        normal.uidSetMaxBytes(),
        normal.plainMaxMessages(),
        normal.keptPerSessionBytes(),
        normal.keptPerUserBytes(),
        normal.keptHeapPercent(),
        normal.askAgainEvery(),
        true);
  }

  private static void round(FrontEnd front, int number) {
    List<ImapClient> clients = new ArrayList<>();
    for (int i = 0; i < AT_ONCE; i++) {
      ImapClient client = front.client("u" + i, DovecotServer.PASSWORD);
      client.ok("SELECT INBOX");
      client.startIdle();
      clients.add(client);
    }
    front.awaitAsleep(AT_ONCE);
    for (int i = 0; i < AT_ONCE; i++) {
      goAway(clients.get(i), number + i);
    }
    front.await(
        () -> Stream.of(State.values()).allMatch(state -> front.sessions(state) == 0),
        "all sessions are gone");
    front.await(() -> front.metrics().backendConnections() == 0, "all backends are released");
  }

  private static void goAway(ImapClient client, int how) {
    switch (how % 6) {
      case 0 -> client.close();
      case 1 -> client.reset();
      case 2 -> {
        client.done();
        client.logout();
      }
      case 3 -> {
        awake(client);
        client.logout();
      }
      case 4 -> {
        awake(client);
        client.reset();
      }
      default -> {
        client.done();
        client.send("a FETCH 1 BODY[]\r\n"); // gone before its backend is there
        client.close();
      }
    }
  }

  private static void awake(ImapClient client) {
    client.done();
    assertThat(client.ok("UID SEARCH ALL")).containsExactly("* SEARCH 1");
  }

  private static long descriptors() {
    try (Stream<Path> open = Files.list(DESCRIPTORS)) {
      return open.count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
