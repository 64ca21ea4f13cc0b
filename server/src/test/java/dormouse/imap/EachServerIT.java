package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.config.HibernateSettings;
import dormouse.ops.Metrics;
import dormouse.testkit.CourierServer;
import dormouse.testkit.CyrusServer;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import dormouse.testkit.MailServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/// What every client may expect in sleep, before each of the servers. What they say differs in order and form; what a client makes of it may
/// not. The scenarios of HIBERNATION §10 are named by their numbers.
@ParameterizedClass
@EnumSource
class EachServerIT {
  /// The servers, each started once.
  enum Make {
    DOVECOT,
    CYRUS,
    COURIER;

    MailServer start() {
      return switch (this) {
        case DOVECOT -> DovecotServer.start();
        case CYRUS -> CyrusServer.start();
        case COURIER -> CourierServer.start();
      };
    }
  }

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Pattern EXPUNGE = Pattern.compile("\\* (\\d+) EXPUNGE");
  private static final Pattern EXISTS = Pattern.compile("\\* (\\d+) EXISTS");

  private static final AtomicInteger USERS = new AtomicInteger();
  private static final Map<Make, MailServer> STARTED = new EnumMap<>(Make.class);

  private final MailServer server;

  EachServerIT(Make make) {
    server = STARTED.computeIfAbsent(make, Make::start);
  }

  @AfterAll
  static void stopServers() {
    STARTED.values().forEach(MailServer::close);
    STARTED.clear();
  }

  /// Dormouse before the server, and a mailbox of a new user that another client has selected, too.
  private final class Play implements AutoCloseable {
    final FrontEnd front;
    final String user = "u" + USERS.getAndIncrement();
    final List<ImapClient> clients = new ArrayList<>();
    double wakesBefore;

    /// One that Dormouse knows nothing of.
    final ImapClient other;

    /// @param messages how many there are; their UIDs begin at 1
    Play(int messages) {
      this(messages, hibernate -> hibernate);
    }

    Play(int messages, UnaryOperator<HibernateSettings> change) {
      front = FrontEnd.before(server.imapPort(), change);
      other = direct();
      for (int i = 1; i <= messages; i++) {
        other.append("INBOX", "", Stage.message(i));
      }
      other.ok("SELECT INBOX");
    }

    ImapClient direct() {
      return keep(server.client(user));
    }

    ImapClient client() {
      return keep(front.client(user, DovecotServer.PASSWORD));
    }

    private ImapClient keep(ImapClient client) {
      clients.add(client);
      return client.patience(PATIENCE);
    }

    /// A client asleep in IDLE, whose mailbox is watched.
    ImapClient sleeper() {
      ImapClient client = client();
      client.ok("SELECT INBOX");
      client.startIdle();
      front.awaitAsleep(1);
      front.await(() -> metric("dormouse_syncs_total{result=\"done\"}") >= 1, "the watch");
      wakesBefore = wakes();
      return client;
    }

    void remove(String numbers) {
      other.ok("STORE " + numbers + " +FLAGS.SILENT (\\Deleted)");
      other.ok("EXPUNGE");
    }

    /// How often a client has got a backend again, since [#sleeper] if that was called.
    double wakes() {
      return metric("dormouse_wakes_total{reason=\"client\"}") - wakesBefore;
    }

    double metric(String nameAndLabels) {
      return Stage.metric(front, nameAndLabels);
    }

    @Override
    public void close() {
      clients.forEach(ImapClient::close);
      front.close();
    }
  }

  /// What a client takes its mailbox for: the UIDs by their numbers, where a message that was not there before is 0.
  private static final class View {
    final List<Integer> uids;

    View(int messages) {
      uids = new ArrayList<>(IntStream.rangeClosed(1, messages).boxed().toList());
    }

    View hears(List<String> lines) {
      for (String line : lines) {
        Matcher gone = EXPUNGE.matcher(line);
        if (gone.matches()) {
          uids.remove(/* index */ Integer.parseInt(gone.group(1)) - 1);
        }
        Matcher exists = EXISTS.matcher(line);
        if (exists.matches()) {
          int count = Integer.parseInt(exists.group(1));
          assertThat(count)
              .as("what is gone is told by EXPUNGE")
              .isGreaterThanOrEqualTo(uids.size());
          while (uids.size() < count) {
            uids.add(0);
          }
        }
      }
      return this;
    }
  }

  // T1
  @Test
  void newMailIsToldInSleep() {
    try (Play play = new Play(2)) {
      ImapClient client = play.sleeper();
      play.other.append("INBOX", "", Stage.message(3));
      client.readUntil("* 3 EXISTS"::equals, PATIENCE);
      play.front.awaitAsleep(1);
      assertThat(play.wakes()).isZero();
    }
  }

  // T2
  @Test
  void messagesGoneAreToldInTheSleepersNumbers() {
    try (Play play = new Play(8)) {
      ImapClient client = play.sleeper();
      View view = new View(8);
      play.remove("3,5");
      while (view.uids.size() > 6) {
        view.hears(client.readUntil(line -> EXPUNGE.matcher(line).matches(), PATIENCE));
      }
      assertThat(view.uids).containsExactly(1, 2, 4, 6, 7, 8);
      play.other.append("INBOX", "", Stage.message(9));
      client.readUntil("* 7 EXISTS"::equals, PATIENCE);
      assertThat(play.wakes()).isZero();
    }
  }

  // T3
  /// Courier now and then tells what comes just as IDLE begins at its end only: a look finds it.
  @Test
  void flagsThatAnotherClientChangesAreTold() {
    try (Play play = new Play(3, hibernate -> hibernate.withPoll(Duration.ofSeconds(1)))) {
      ImapClient client = play.sleeper();
      play.other.ok("STORE 2 +FLAGS (\\Flagged)");
      client.readUntil(
          line -> line.startsWith("* 2 FETCH (FLAGS (") && line.contains("\\Flagged"), PATIENCE);
      play.other.ok("STORE 2 -FLAGS (\\Flagged)");
      client.readUntil(
          line -> line.startsWith("* 2 FETCH (FLAGS (") && !line.contains("\\Flagged"), PATIENCE);
      assertThat(play.wakes()).isZero();
    }
  }

  // T7, T8, T34
  @Test
  void doneIdleAndLogoutTakeNoBackend() {
    try (Play play = new Play(1)) {
      ImapClient client = play.sleeper();
      assertThat(client.done()).hasSize(1);
      assertThat(client.startIdle()).isEmpty();
      client.send("DONE\r\nx IDLE\r\n");
      client.expectMatch("a\\d+ OK .*");
      client.expectMatch("\\+ .*");
      client.send("DONE\r\n").expectMatch("x OK .*");
      client.logout();
      assertThat(play.wakes()).isZero();
    }
  }

  // T11
  @Test
  void noopTellsWhatTheUsersOtherDeviceDid() {
    try (Play play = new Play(1)) {
      ImapClient client = play.sleeper();
      client.done();
      assertThat(client.ok("NOOP")).isEmpty();
      ImapClient otherDevice = play.client();
      otherDevice.append("INBOX", "", Stage.message(2));
      assertThat(client.ok("NOOP")).contains("* 2 EXISTS");
      assertThat(client.ok("NOOP")).isEmpty();
      assertThat(play.metric("dormouse_local_answers_total{command=\"noop\"}")).isEqualTo(3);
    }
  }

  // T9, T12
  @Test
  void aWakeTellsWhatHappenedAndAnswers() {
    try (Play play = new Play(5)) {
      ImapClient client = play.sleeper();
      client.done();
      play.other.ok("STORE 4 +FLAGS (\\Flagged)");
      play.remove("1,3");
      play.other.append("INBOX", "", Stage.message(6));
      play.other.append("INBOX", "", Stage.message(7));
      play.other.ok("NOOP");
      play.remove("4"); // UID 6 came and went

      View view = new View(5);
      List<String> heard = client.ok("UID FETCH 4 (UID FLAGS)");
      view.hears(heard);
      assertThat(view.uids).containsExactly(2, 4, 5, 0);
      assertThat(heard)
          .anyMatch(line -> line.matches("\\* 2 FETCH \\(.*\\\\Flagged.*\\)"))
          .anyMatch(line -> line.matches("\\* 2 FETCH \\(.*UID 4.*\\)"));
      assertThat(client.ok("UID SEARCH ALL")).containsExactly("* SEARCH 2 4 5 7");
    }
  }

  @Test
  void numbersOfAQuietClientMeanWhatItTakesThemFor() {
    try (Play play = new Play(4)) {
      ImapClient client = play.client();
      client.ok("SELECT INBOX");
      play.front.awaitAsleep(1);
      play.remove("2");
      play.other.append("INBOX", "", Stage.message(5));

      List<String> heard = client.ok("FETCH 3 (UID)");
      assertThat(heard)
          .noneMatch(line -> EXPUNGE.matcher(line).matches())
          .anyMatch(line -> line.matches("\\* 3 FETCH \\(UID 3\\)"));
      View view = new View(4).hears(heard).hears(client.ok("NOOP"));
      assertThat(view.uids).containsExactly(1, 3, 4, 0);
      assertThat(client.ok("FETCH 2 (UID)")).contains("* 2 FETCH (UID 3)");
    }
  }

  // T17
  @Test
  void aBackendThatGoesAndComesBackIsNotNoticed() {
    try (Play play = new Play(2)) {
      ImapClient client = play.sleeper();
      server.kill();
      server.restart();
      play.direct().append("INBOX", "", Stage.message(3));
      client.readUntil("* 3 EXISTS"::equals, PATIENCE);
      assertThat(client.done()).isNotEmpty();
      assertThat(client.ok("UID SEARCH ALL")).contains("* SEARCH 1 2 3");
    }
  }

  // T15
  @Test
  void aDeletedMailboxEndsTheSession() {
    Duration often = Duration.ofSeconds(1); // not all say so in IDLE
    try (Play play = new Play(0, FrontEnd.sweeping(often, often, PATIENCE))) {
      String box = server.traits().mailboxPrefix() + "Box";
      play.other.ok("CREATE " + box);
      play.other.append(box, "", Stage.message(1));
      ImapClient client = play.client();
      client.ok("SELECT " + box);
      client.startIdle();
      play.front.awaitAsleep(1);
      play.other.ok("DELETE " + box);
      assertThat(client.expectClosed()).last().asString().startsWith("* BYE ");
      assertThat(play.metric("dormouse_closes_total{reason=\"mailbox-changed\"}")).isOne();
    }
  }

  // T35
  @Test
  void whoHasNothingSelectedWakesForList() {
    try (Play play = new Play(0)) {
      ImapClient client = play.client();
      play.front.awaitAsleep(1);
      play.front.await(() -> play.front.metrics().backendConnections() == 0, "no connection");
      assertThat(client.ok("LIST \"\" *")).anyMatch(line -> line.contains("INBOX"));
      assertThat(play.wakes()).isOne();
      assertThat(play.front.sessions(Metrics.State.WAKING)).isZero();
    }
  }
}
