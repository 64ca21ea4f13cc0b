package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.config.BackendSettings;
import dormouse.testkit.DovecotOptions;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.EventRelay;
import dormouse.testkit.ImapClient;
import dormouse.testkit.Wait;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/// Clients that poll mailboxes with STATUS before a real Dovecot whose event exporter tells of changes.
///
/// `-Ddormouse.users=300 -Ddormouse.poll-seconds=3 -Ddormouse.rounds=20` is issue 3, done when 3.
class StatusCacheIT {
  private static final int USERS = Integer.getInteger("dormouse.users", 6);
  private static final int FOLDERS = Integer.getInteger("dormouse.folders", 20);
  private static final int ROUNDS = Integer.getInteger("dormouse.rounds", 8);
  private static final double POLL_SECONDS =
      Double.parseDouble(System.getProperty("dormouse.poll-seconds", "0.5"));
  private static final long SEED = Long.getLong("dormouse.seed", 3);
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String ITEMS = " (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)";
  private static final String LIST_STATUS = "LIST \"\" * RETURN (STATUS" + ITEMS + ")";
  private static final String MESSAGE = "From: a@example.org\r\nSubject: hi\r\n\r\nHello\r\n";

  private EventRelay relay;
  private DovecotServer dovecot;
  private FrontEnd front;
  private final List<ImapClient> clients = new ArrayList<>();
  private final Map<String, Lock> asking = new ConcurrentHashMap<>();

  @BeforeEach
  void start() {
    relay = EventRelay.start(SEED);
    dovecot = DovecotServer.start(DovecotOptions.DEFAULT.withEventsTo(relay.port()));
    front = front();
  }

  private FrontEnd front() {
    FrontEnd started =
        FrontEnd.before(
            BackendSettings.inClear("127.0.0.1", dovecot.imapPort(), /* trusted= */ true),
            from -> from.withAfter(Duration.ofSeconds(1)),
            List.of(FrontEnd.dovecotEvents()));
    relay.to(started.eventPort());
    return started;
  }

  @AfterEach
  void stop() {
    clients.forEach(ImapClient::close);
    front.close();
    dovecot.close();
    relay.close();
  }

  /// A feed is up once an event has come for somebody who is logged in.
  private void hearSomething() {
    try (ImapClient client = front.client("u2999", DovecotServer.PASSWORD)) {
      client.ok("CREATE heard");
      front.await(() -> front.feedUp("dovecot-events"), "the feed is up");
    }
  }

  private static String folder(int number) {
    return number == 0 ? "INBOX" : "F" + number;
  }

  private void makeFolders(int user) {
    long heard = relay.heard();
    try (ImapClient direct = dovecot.client("u" + user).patience(PATIENCE)) {
      direct.ok("STATUS INBOX (MESSAGES)");
      for (int i = 1; i < FOLDERS; i++) {
        direct.ok("CREATE " + folder(i));
      }
    }
    Wait.until("Dovecot tells of all", PATIENCE, () -> relay.heard() >= heard + FOLDERS);
  }

  private double outcome(String label) {
    return Stage.metric(front, "dormouse_status_commands_total{outcome=\"" + label + "\"}");
  }

  @Test
  void whatIsAnsweredIsWhatTheServerSays() {
    makeFolders(1);
    hearSomething();
    ImapClient client = front.client("u1", DovecotServer.PASSWORD);
    clients.add(client);
    try (ImapClient direct = dovecot.client("u1")) {
      for (String mailbox : List.of("INBOX", "inbox", "F1", "\"F1\"", "\"f\\\\1\"")) {
        String command = "STATUS " + mailbox + ITEMS;
        List<String> said = untimed(direct, command);
        assertThat(untimed(client, command)).isEqualTo(said);
        assertThat(untimed(client, command)).isEqualTo(said);
      }
      assertThat(outcome("cached")).isEqualTo(4);
      long heard = relay.heard();
      direct.append("F1", "", MESSAGE);
      front.await(() -> relay.heard() > heard, "Dovecot tells");
      front.await(
          () -> client.ok("STATUS F1" + ITEMS).getFirst().contains("MESSAGES 1 "), "it is told");
      assertThat(client.ok("STATUS F2" + ITEMS).getFirst()).contains("MESSAGES 0 ");
    }
  }

  @Test
  void listsAreWhatTheServerSaysUntilAMailboxIsMade() {
    makeFolders(1);
    hearSomething();
    ImapClient client = front.client("u1", DovecotServer.PASSWORD);
    clients.add(client);
    try (ImapClient direct = dovecot.client("u1")) {
      for (String command :
          List.of(
              "LIST \"\" *",
              "LIST \"\" % RETURN (SUBSCRIBED CHILDREN)",
              "LSUB \"\" *",
              "LIST \"\" F1",
              LIST_STATUS)) {
        untimed(direct, command); // Dovecot says \\UnMarked once it has looked
        List<String> said = untimed(direct, command);
        assertThat(untimed(client, command)).isEqualTo(said);
        assertThat(untimed(client, command)).isEqualTo(said);
      }
      assertThat(Stage.metric(front, "dormouse_local_answers_total{command=\"list\"}"))
          .isEqualTo(4);
      assertThat(Stage.metric(front, "dormouse_local_answers_total{command=\"lsub\"}"))
          .isEqualTo(1);
      client.ok("SUBSCRIBE F1");
      assertThat(client.ok("LSUB \"\" *")).anyMatch(line -> line.endsWith(" F1"));
      client.ok("CREATE own");
      assertThat(client.ok("LIST \"\" *")).anyMatch(line -> line.endsWith(" own"));
      for (String change : List.of("CREATE new", "RENAME new newer", "DELETE newer")) {
        direct.ok(change);
        List<String> said = direct.ok("LIST \"\" *");
        front.await(() -> client.ok("LIST \"\" *").equals(said), "it is told: " + change);
      }
    }
  }

  @Test
  void aListWithStatusIsWhatTheServerSaysWhateverChanges() {
    makeFolders(1);
    hearSomething();
    ImapClient client = front.client("u1", DovecotServer.PASSWORD);
    clients.add(client);
    try (ImapClient direct = dovecot.client("u1")) {
      List<String> namespace = untimed(direct, "NAMESPACE");
      assertThat(untimed(client, "NAMESPACE")).isEqualTo(namespace);
      untimed(direct, LIST_STATUS); // Dovecot says \\UnMarked once it has looked
      untimed(client, LIST_STATUS);
      front.awaitAsleep(1);
      assertThat(untimed(client, "NAMESPACE")).isEqualTo(namespace);
      assertThat(untimed(client, LIST_STATUS)).isEqualTo(untimed(direct, LIST_STATUS));
      front.awaitAsleep(1);
      assertThat(local("list")).isEqualTo(1);
      assertThat(local("namespace")).isEqualTo(1);
      direct.ok("SELECT F1");
      List<Runnable> changes =
          List.of(
              () -> direct.append("F1", "", MESSAGE),
              () -> direct.ok("STORE 1 +FLAGS (\\Seen)"),
              () -> direct.ok("COPY 1 F2"),
              () -> direct.ok("STORE 1 -FLAGS (\\Seen)"),
              () -> direct.ok("MOVE 1 F3"),
              () -> direct.ok("DELETE F4"),
              () -> dovecot.deliver("u1", MESSAGE));
      for (Runnable change : changes) {
        long heard = relay.heard();
        change.run();
        front.await(() -> relay.heard() > heard, "Dovecot tells");
        try (ImapClient fresh = dovecot.client("u1")) {
          untimed(fresh, LIST_STATUS);
          List<String> said = untimed(fresh, LIST_STATUS);
          front.await(() -> untimed(client, LIST_STATUS).equals(said), "it is told");
          assertThat(untimed(client, LIST_STATUS)).isEqualTo(said);
        }
      }
      double before = local("list");
      client.append("F1", "", MESSAGE);
      assertThat(client.ok(LIST_STATUS))
          .anyMatch(line -> line.startsWith("* STATUS F1 (MESSAGES 1 "));
      assertThat(local("list")).isEqualTo(before);
    }
  }

  private double local(String command) {
    return Stage.metric(front, "dormouse_local_answers_total{command=\"" + command + "\"}");
  }

  private static List<String> untimed(ImapClient client, String command) {
    return client.command(command).stream()
        .map(Stage::untimed)
        .map(line -> line.replaceAll("^a\\w*\\d+ ", "tag "))
        .toList();
  }

  /// Issue 3, done when 3.
  @Test
  void manyPollAndTheBackendIsAskedOnceAChange(TestReporter report) throws Exception {
    for (int user = 1; user <= USERS; user++) {
      makeFolders(user);
    }
    hearSomething();
    AtomicInteger changes = new AtomicInteger();
    AtomicInteger polls = new AtomicInteger();
    List<Callable<Void>> all = new ArrayList<>();
    for (int user = 1; user <= USERS; user++) {
      ImapClient client = client(user);
      clients.add(client);
      String name = "u" + user;
      Random random = new Random(SEED + user);
      all.add(() -> poll(client, name, random, polls));
    }
    List<Future<Void>> ends = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Callable<Void> one : all) {
        ends.add(threads.submit(one));
      }
      ends.add(threads.submit(() -> change(changes)));
      for (Future<Void> end : ends) {
        end.get();
      }
    }
    String outcomes = outcomes();
    awaitStatistics();
    long asked = dovecot.commands("STATUS") - USERS; // makeFolders
    long lists = dovecot.commands("LIST");
    report.publishEntry(
        USERS + " users, " + FOLDERS + " folders",
        polls
            + " STATUS, "
            + changes
            + " changes, "
            + asked
            + " STATUS and "
            + lists
            + " LIST at Dovecot\n"
            + outcomes);
    long mailboxes = (long) USERS * FOLDERS;
    assertThat(asked + lists).isBetween(mailboxes, mailboxes + changes.get());
  }

  /// Dovecot counts a command a moment after its reply, but before its session ends.
  private void awaitStatistics() {
    clients.forEach(ImapClient::close);
    front.close(); // and with it the connections that it keeps
    Wait.until("all sessions end", PATIENCE, () -> dovecot.connections().isEmpty());
    front = front();
  }

  private String outcomes() {
    return front
        .metrics()
        .scrape()
        .lines()
        .filter(line -> line.startsWith("dormouse_status") || line.startsWith("dormouse_wakes"))
        .reduce("", (all, line) -> all + line + "\n");
  }

  private ImapClient client(int user) {
    return ImapClient.connect(front.plain())
        .patience(PATIENCE)
        .login("u" + user, DovecotServer.PASSWORD);
  }

  /// Nobody asks of a mailbox just while a session of the same user writes there: that would be asked once more
  /// (`status-behind-own-writes.txt`).
  private void alone(String user, String folder, Runnable act) {
    Lock lock = asking.computeIfAbsent(user + " " + folder, _ -> new ReentrantLock());
    lock.lock();
    try {
      act.run();
    } finally {
      lock.unlock();
    }
  }

  private Void poll(ImapClient client, String user, Random random, AtomicInteger polls) {
    pause(random.nextDouble() * POLL_SECONDS);
    for (int round = 0; round < ROUNDS; round++) {
      for (int i = 0; i < FOLDERS; i++) {
        String command = "STATUS " + folder(i) + ITEMS;
        alone(user, folder(i), () -> assertThat(client.ok(command)).hasSize(1));
        polls.incrementAndGet();
      }
      pause(POLL_SECONDS * (0.75 + random.nextDouble() / 2));
    }
    return null;
  }

  private Void change(AtomicInteger changes) {
    Random random = new Random(SEED);
    long end = System.nanoTime() + (long) (ROUNDS * POLL_SECONDS * 0.8e9);
    while (System.nanoTime() < end) {
      int number = 1 + random.nextInt(USERS);
      String user = "u" + number;
      switch (random.nextInt(3)) {
        case 0 -> dovecot.deliver(user, MESSAGE);
        case 1 -> {
          try (ImapClient direct = dovecot.client(user)) {
            direct.append(folder(random.nextInt(FOLDERS)), "", MESSAGE);
          }
        }
        default -> {
          try (ImapClient own = client(number)) {
            String folder = folder(random.nextInt(FOLDERS));
            alone(user, folder, () -> own.append(folder, "", MESSAGE));
            String told = own.ok("STATUS " + folder + ITEMS).getFirst();
            assertThat(told).doesNotContain("MESSAGES 0 ");
          }
        }
      }
      changes.incrementAndGet();
      pause(ROUNDS * POLL_SECONDS / (40 + USERS));
    }
    return null;
  }

  private static void pause(double seconds) {
    LockSupport.parkNanos((long) (seconds * 1e9));
  }
}
