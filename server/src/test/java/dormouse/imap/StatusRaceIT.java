package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.config.BackendSettings;
import dormouse.testkit.DovecotOptions;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.EventRelay;
import dormouse.testkit.ImapClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/// Sessions of one user change mailboxes, ask for their STATUS and open them all at once, before a Dovecot whose events are lost, doubled and
/// late: each answer is at least as new as every change that was acknowledged before the question was sent, and no newer
/// than what was begun before it came.
///
/// Each mailbox has one writer, which knows what STATUS must say behind each of its commands; all ask of all.
/// `-Ddormouse.operations=N` and `-Ddormouse.seed=N` run it longer and otherwise.
class StatusRaceIT {
  private static final int WRITERS = 3;
  private static final int ASKERS = 3;
  private static final int OPENERS = 2;
  private static final int OPERATIONS = Integer.getInteger("dormouse.operations", 1200);
  private static final long SEED = Long.getLong("dormouse.seed", 14);
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String STATUS = "status";
  private static final String SELECT = "select";
  private static final String GONE = "gone";
  private static final String ITEMS = " (MESSAGES UNSEEN)";

  private final EventRelay relay = EventRelay.start(SEED);
  private final DovecotServer dovecot =
      DovecotServer.start(DovecotOptions.DEFAULT.withEventsTo(relay.port()));
  private final FrontEnd front =
      FrontEnd.before(
          BackendSettings.inClear("127.0.0.1", dovecot.imapPort(), /* trusted= */ true),
          from -> from,
          List.of(FrontEnd.dovecotEvents()));
  private final List<Mailbox> mailboxes = new ArrayList<>();
  private final AtomicInteger left = new AtomicInteger(OPERATIONS);
  private final AtomicInteger asked = new AtomicInteger();
  private final AtomicInteger opened = new AtomicInteger();
  private final AtomicBoolean failed = new AtomicBoolean();

  @BeforeEach
  void start() {
    relay.to(front.eventPort());
    try (ImapClient client = front.client("u1", DovecotServer.PASSWORD)) {
      client.ok("CREATE heard");
      front.await(() -> front.feedUp("dovecot-events"), "the feed is up");
    }
    for (int i = 0; i < 2 * WRITERS; i++) {
      mailboxes.add(new Mailbox("box" + i));
    }
    try (ImapClient direct = dovecot.client("u1")) {
      mailboxes.forEach(mailbox -> direct.ok("CREATE " + mailbox.name));
    }
  }

  @AfterEach
  void stop() {
    front.close();
    dovecot.close();
    relay.close();
  }

  /// A mailbox of one writer, and what STATUS and SELECT must have said of it from time to time.
  private static final class Mailbox {
    final String name;
    private final List<String> states = new ArrayList<>(List.of(said(List.of())));
    private int acknowledged;
    final List<boolean[]> messages = new ArrayList<>(); // {seen, deleted}

    Mailbox(String name) {
      this.name = name;
    }

    /// The writer is about to send a command behind which the mailbox is as `messages` say.
    synchronized void begun() {
      states.add(said(messages));
    }

    synchronized void begunToGo() {
      states.add(GONE);
    }

    /// The writer has its OK.
    synchronized void acknowledged() {
      acknowledged = states.size() - 1;
    }

    synchronized int since() {
      return acknowledged;
    }

    /// Whether it was so at some time since; it may be empty where it is to be deleted and made anew.
    synchronized boolean was(String state, int since) {
      List<String> all = states.subList(since, states.size());
      return all.stream().anyMatch(one -> one.contains(state))
          || (said(List.of()).contains(state) && all.contains(GONE));
    }

    synchronized List<String> statesSince(int since) {
      return List.copyOf(states.subList(since, states.size()));
    }

    /// `(MESSAGES 3 UNSEEN 2) EXISTS 3 FIRST 1`
    private static String said(List<boolean[]> messages) {
      int unseen = (int) messages.stream().filter(message -> !message[0]).count();
      int first = 0;
      for (int i = messages.size(); i > 0; i--) {
        first = messages.get(i - 1)[0] ? first : i;
      }
      return "(MESSAGES %d UNSEEN %d) EXISTS %1$d FIRST %3$d;"
          .formatted(messages.size(), unseen, first);
    }
  }

  @Test
  void noAnswerIsOlderThanWhatTheUserWasToldToHaveDone(TestReporter report) throws Exception {
    relay.mischief(0.1, 0.2, Duration.ofMillis(50));
    List<Future<?>> ends = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < WRITERS; i++) {
        int number = i;
        ends.add(threads.submit(() -> guarded(() -> write(number))));
      }
      for (int i = 0; i < ASKERS; i++) {
        int number = i;
        ends.add(threads.submit(() -> guarded(() -> ask(number))));
      }
      for (int i = 0; i < OPENERS; i++) {
        int number = i;
        ends.add(threads.submit(() -> guarded(() -> open(number))));
      }
      for (Future<?> end : ends) {
        end.get();
      }
    }
    double cached = cached(STATUS);
    report.publishEntry(
        "seed " + SEED,
        OPERATIONS + " writes, " + asked + " STATUS, of which " + (long) cached + " from memory");
    double inSleep = cached(SELECT);
    report.publishEntry("opened", opened + " SELECT, of which " + (long) inSleep + " from memory");
    assertThat(cached).isPositive();
    assertThat(inSleep).isPositive();
    relay.mischief(0, 0, Duration.ZERO);
    try (ImapClient direct = dovecot.client("u1");
        ImapClient client = client()) {
      for (Mailbox mailbox : mailboxes) {
        check(direct, mailbox);
        check(client, mailbox);
      }
    }
  }

  private ImapClient client() {
    return front.client("u1", DovecotServer.PASSWORD).patience(PATIENCE);
  }

  private void guarded(Runnable task) {
    try {
      task.run();
    } catch (Throwable e) {
      failed.set(true);
      throw e;
    }
  }

  /// Once all is written, and both kinds of answers have come from memory: on a slow machine that may take longer.
  private boolean over() {
    int more = left.get();
    return failed.get()
        || more < -3 * OPERATIONS
        || (more <= 0 && cached(STATUS) > 0 && cached(SELECT) > 0);
  }

  private double cached(String commands) {
    return Stage.metric(front, "dormouse_" + commands + "_commands_total{outcome=\"cached\"}");
  }

  // ── asking ──

  private void ask(int number) {
    Random random = new Random(SEED + 1000 + number);
    try (ImapClient client = client()) {
      while (!over()) {
        if (random.nextInt(4) == 0) {
          checkInOneSegment(client, random);
        } else {
          check(client, mailboxes.get(random.nextInt(mailboxes.size())));
        }
      }
    }
  }

  private void check(ImapClient client, Mailbox mailbox) {
    int since = mailbox.since();
    judge(client, mailbox, since, client.command("STATUS " + mailbox.name + ITEMS));
  }

  private void checkInOneSegment(ImapClient client, Random random) {
    StringBuilder commands = new StringBuilder();
    List<Mailbox> which = new ArrayList<>();
    List<Integer> since = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      Mailbox mailbox = mailboxes.get(random.nextInt(mailboxes.size()));
      which.add(mailbox);
      since.add(mailbox.since());
      commands.append("p").append(i).append(" STATUS ").append(mailbox.name).append(ITEMS);
      commands.append("\r\n");
    }
    client.send(commands.toString());
    for (int i = 0; i < which.size(); i++) {
      judge(client, which.get(i), since.get(i), client.readUntilTagged("p" + i));
    }
  }

  private void judge(ImapClient client, Mailbox mailbox, int since, List<String> heard) {
    asked.incrementAndGet();
    String state = // who writes has a mailbox selected, and may hear of that first
        heard.stream()
            .filter(line -> line.startsWith("* STATUS "))
            .findFirst()
            .map(line -> line.substring(line.indexOf('(')))
            .orElse(GONE);
    if (heard.stream().anyMatch(line -> line.contains("MODSEQ"))) {
      throw client.failure("nobody has switched on CONDSTORE: " + heard, null);
    }
    if (heard.stream().anyMatch(line -> line.startsWith("* NO "))) {
      throw client.failure("nobody has asked for what is gone: " + heard, null);
    }
    if (!mailbox.was(state, since)) {
      throw client.failure(
          mailbox.name + " was never " + state + " in " + mailbox.statesSince(since), null);
    }
  }

  // ── opening ──

  private void open(int number) {
    Random random = new Random(SEED + 2000 + number);
    try (ImapClient client = client()) {
      while (!over()) {
        Mailbox mailbox = mailboxes.get(2 * random.nextInt(WRITERS)); // none that is made anew
        String command = (random.nextInt(3) == 0 ? "EXAMINE " : "SELECT ") + mailbox.name;
        for (int i = random.nextInt(5); i >= 0; i--) {
          int since = mailbox.since();
          List<String> heard = client.command(command);
          judgeOpened(client, mailbox, since, heard);
          LockSupport.parkNanos(random.nextInt(200_000_000)); // falls asleep, or not quite
          if (random.nextInt(3) == 0 && heard.size() > 1) {
            client.command("UNSELECT");
            LockSupport.parkNanos(random.nextInt(20_000_000));
          }
        }
      }
    }
  }

  private void judgeOpened(ImapClient client, Mailbox mailbox, int since, List<String> heard) {
    opened.incrementAndGet();
    String state =
        heard.getLast().contains(" OK ")
            ? "EXISTS "
                + number(heard, "\\* (\\d+) EXISTS")
                + " FIRST "
                + number(heard, "\\* OK \\[UNSEEN (\\d+)\\].*")
                + ";"
            : GONE;
    if (!mailbox.was(state, since)) {
      throw client.failure(
          mailbox.name + " was never " + state + " in " + mailbox.statesSince(since), null);
    }
  }

  private static String number(List<String> heard, String pattern) {
    return heard.stream()
        .filter(line -> line.matches(pattern))
        .map(line -> line.replaceAll(pattern, "$1"))
        .findFirst()
        .orElse("0");
  }

  // ── writing ──

  private void write(int number) {
    Random random = new Random(SEED + number);
    Mailbox one = mailboxes.get(2 * number);
    Mailbox other = mailboxes.get(2 * number + 1);
    try (ImapClient client = client()) {
      client.ok("SELECT " + one.name);
      while (!over()) {
        left.decrementAndGet();
        if (random.nextInt(30) == 0) {
          replace(client, other);
        } else if (random.nextInt(40) == 0) {
          renameThereAndBack(client, other);
        } else if (one.messages.isEmpty() || random.nextInt(3) == 0) {
          append(client, random.nextBoolean() ? one : other, random);
        } else {
          change(client, one, other, random);
        }
        if (random.nextInt(3) == 0) {
          check(client, other);
        }
      }
    }
  }

  private static void append(ImapClient client, Mailbox to, Random random) {
    boolean seen = random.nextBoolean();
    to.messages.add(new boolean[] {seen, false});
    to.begun();
    String flags = seen ? "(\\Seen) " : "";
    if (random.nextBoolean()) {
      client.append(to.name, seen ? "\\Seen" : "", Stage.message(1));
    } else { // with a question behind it in the same segment, which Dovecot may answer first
      client.send(
          "w1 APPEND "
              + to.name
              + " "
              + flags
              + "{4+}\r\nA: b\r\nw2 STATUS "
              + to.name
              + ITEMS
              + "\r\n");
      Set<String> tags = new HashSet<>(Set.of("w1", "w2"));
      client.readUntil(
          line -> tags.remove(line.substring(0, line.indexOf(' '))) && tags.isEmpty(), PATIENCE);
    }
    to.acknowledged();
  }

  private static void change(ImapClient client, Mailbox one, Mailbox other, Random random) {
    int number = random.nextInt(one.messages.size()) + 1;
    boolean[] message = one.messages.get(number - 1);
    switch (random.nextInt(7)) {
      case 0 -> run(client, "STORE " + number + " +FLAGS (\\Seen)", one, () -> message[0] = true);
      case 1 ->
          run(client, "STORE " + number + " -FLAGS.SILENT (\\Seen)", one, () -> message[0] = false);
      case 2 -> run(client, "FETCH " + number + " BODY[]", one, () -> message[0] = true);
      case 3 -> {
        run(client, "STORE " + number + " +FLAGS (\\Deleted)", one, () -> message[1] = true);
        run(client, "EXPUNGE", one, () -> one.messages.removeIf(each -> each[1]));
      }
      case 4 -> {
        other.messages.add(message.clone());
        other.begun();
        client.ok("COPY " + number + " " + other.name);
        other.acknowledged();
      }
      case 5 -> {
        other.messages.add(one.messages.remove(number - 1));
        other.begun();
        one.begun();
        client.ok("MOVE " + number + " " + other.name);
        other.acknowledged();
        one.acknowledged();
      }
      default -> {
        run(client, "STORE " + number + " +FLAGS (\\Deleted)", one, () -> message[1] = true);
        run(client, "CLOSE", one, () -> one.messages.removeIf(each -> each[1]));
        client.ok("SELECT " + one.name);
      }
    }
  }

  private static void run(ImapClient client, String command, Mailbox mailbox, Runnable effect) {
    effect.run();
    mailbox.begun();
    client.ok(command);
    mailbox.acknowledged();
  }

  /// Dovecot empties a mailbox before it deletes it, and makes it anew, empty, when somebody else just looks into it.
  private static void replace(ImapClient client, Mailbox mailbox) {
    mailbox.messages.clear();
    mailbox.begun();
    mailbox.begunToGo();
    client.ok("DELETE " + mailbox.name);
    mailbox.acknowledged();
    mailbox.begun();
    while (!client.command("CREATE " + mailbox.name).getLast().contains(" OK ")) {
      client.ok("DELETE " + mailbox.name);
    }
    mailbox.acknowledged();
  }

  private static void renameThereAndBack(ImapClient client, Mailbox mailbox) {
    mailbox.begunToGo();
    client.ok("RENAME " + mailbox.name + " away-" + mailbox.name);
    mailbox.acknowledged();
    run(client, "RENAME away-" + mailbox.name + " " + mailbox.name, mailbox, () -> {});
  }
}
