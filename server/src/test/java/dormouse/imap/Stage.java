package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.config.HibernateSettings;
import dormouse.ops.Metrics;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import dormouse.testkit.Wait;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;

/// A Dormouse before a running Dovecot, with one user whom no other test has. Sessions sleep as soon as they can.
/// Closing it closes every client that it gave out.
final class Stage implements AutoCloseable {
  private static final AtomicInteger USERS = new AtomicInteger();

  private final DovecotServer dovecot;
  private final FrontEnd front;
  private final String user = "u" + USERS.getAndIncrement();
  private final List<ImapClient> clients = new ArrayList<>();
  private double wakesBefore;

  private Stage(DovecotServer dovecot, UnaryOperator<HibernateSettings> change) {
    this.dovecot = dovecot;
    this.front = FrontEnd.before(dovecot.imapPort(), change);
  }

  static Stage before(DovecotServer dovecot) {
    return before(dovecot, hibernate -> hibernate);
  }

  static Stage before(DovecotServer dovecot, UnaryOperator<HibernateSettings> change) {
    return new Stage(dovecot, change);
  }

  /// For [#before]: sessions with a mailbox selected sleep in IDLE only.
  static HibernateSettings awakeOutsideIdle(HibernateSettings from) {
    return from.withQuietAfter(Duration.ofHours(24));
  }

  /// What a script hears from a server, given a client of a user's mailbox and another client of the same user, is the
  /// same directly and through Dormouse.
  static List<String> sameBothWays(
      DovecotServer dovecot, BiFunction<Stage.Way, ImapClient, List<String>> script) {
    return sameBothWays(dovecot, hibernate -> hibernate, script);
  }

  static List<String> sameBothWays(
      DovecotServer dovecot,
      UnaryOperator<HibernateSettings> change,
      BiFunction<Stage.Way, ImapClient, List<String>> script) {
    List<String> directly;
    try (Stage stage = before(dovecot, change)) {
      Way way = new Way(stage, /* through= */ false);
      directly = comparable(script.apply(way, way.client()));
    }
    try (Stage stage = before(dovecot, change)) {
      Way way = new Way(stage, /* through= */ true);
      List<String> heard = comparable(script.apply(way, way.client()));
      assertThat(heard).isEqualTo(directly);
      return heard;
    }
  }

  /// Without the mod-sequences, the count of messages that are \\Recent, which each session has its own of, and the times
  /// that Dovecot tells in tagged answers.
  private static List<String> comparable(List<String> heard) {
    return heard.stream()
        .filter(line -> !line.matches("\\* \\d+ RECENT"))
        .map(line -> line.replaceAll("MODSEQ (\\(?)\\d+", "MODSEQ $1n"))
        .map(Stage::untimed)
        .toList();
  }

  /// A response without the time that Dovecot tells in tagged answers.
  static String untimed(String line) {
    return line.replaceAll("^(\\S+ OK .*) \\([\\d.+ ]+ secs\\)", "$1");
  }

  /// One run of a script that is run directly and through Dormouse.
  record Way(Stage stage, boolean through) {
    ImapClient client() {
      return through ? stage.client() : stage.other();
    }

    ImapClient other() {
      return stage.other();
    }

    /// Through Dormouse the client sleeps now, and its mailbox is watched.
    void awaitAsleep() {
      if (through) {
        stage.awaitAsleep(1);
        await("the watch", () -> stage.metric("dormouse_syncs_total{result=\"done\"}") >= 1);
      }
    }
  }

  String user() {
    return user;
  }

  DovecotServer dovecot() {
    return dovecot;
  }

  FrontEnd front() {
    return front;
  }

  /// A client of the user through Dormouse, over TLS.
  ImapClient client() {
    return keep(front.client(user, DovecotServer.PASSWORD));
  }

  /// A client of the user that Dormouse knows nothing of.
  ImapClient other() {
    return keep(dovecot.client(user));
  }

  ImapClient keep(ImapClient client) {
    clients.add(client);
    return client;
  }

  /// A client asleep in IDLE behind `SELECT INBOX`.
  ImapClient sleeper() {
    return sleeper("SELECT INBOX");
  }

  /// A client asleep in IDLE behind these commands; one that sleeps more than before.
  ImapClient sleeper(String... commands) {
    long others = front.sessions(Metrics.State.HIBERNATED);
    ImapClient client = client();
    for (String command : commands) {
      client.ok(command);
    }
    client.startIdle();
    awaitAsleep(others + 1);
    mark();
    return client;
  }

  void awaitAsleep(long count) {
    front.awaitAsleep(count);
  }

  /// Puts so many messages into INBOX; their UIDs are 1 to `count`.
  Stage fill(int count) {
    return fill("INBOX", count);
  }

  Stage fill(String mailbox, int count) {
    try (ImapClient filler = dovecot.client(user)) {
      for (int i = 1; i <= count; i++) {
        filler.append(mailbox, "", message(i));
      }
      filler.ok("SELECT " + ImapClient.quoted(mailbox)); // from here on nothing is \\Recent
      filler.logout();
    }
    return this;
  }

  static String message(int number) {
    return "From: ann@example.org\r\nSubject: Message "
        + number
        + "\r\n\r\nBody "
        + number
        + "\r\n";
  }

  /// Takes messages out of a mailbox in one step, so that no flag change is seen before.
  static void remove(ImapClient by, String uids) {
    by.command("CREATE Away");
    by.ok("UID MOVE " + uids + " Away");
  }

  /// From here on [#assertNobodyWoke] counts; [#sleeper] ends with it.
  void mark() {
    wakesBefore = wakes();
  }

  double wakes() {
    return metric("dormouse_wakes_total{reason=\"client\"}");
  }

  /// Nobody has got a backend again since the mark: whatever was answered was answered by Dormouse.
  void assertNobodyWoke() {
    assertThat(wakes()).isEqualTo(wakesBefore);
    assertThat(front.sessions(Metrics.State.WAKING)).isZero();
  }

  double metric(String nameAndLabels) {
    return metric(front, nameAndLabels);
  }

  /// The value of a metric, by its name with labels as [Metrics#scrape] shows it; 0 if it is not there.
  static double metric(FrontEnd front, String nameAndLabels) {
    return front
        .metrics()
        .scrape()
        .lines()
        .filter(line -> line.startsWith(nameAndLabels + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(nameAndLabels.length() + 1)))
        .findFirst()
        .orElse(0);
  }

  /// Connections to the backend that serve one client each.
  double sessionConnections() {
    return metric("dormouse_backend_connections{backend=\"mx\",purpose=\"session\"}");
  }

  /// Connections to the backend that watch a mailbox.
  double watchConnections() {
    return metric("dormouse_backend_connections{backend=\"mx\",purpose=\"watch\"}");
  }

  /// Waits for what nobody announces, as long as ten seconds.
  static void await(String what, BooleanSupplier condition) {
    Wait.until(what, Duration.ofSeconds(10), condition);
  }

  /// Waits until Dovecot knows of this many connections of the user.
  void awaitConnections(long count) {
    dovecot.awaitImapConnections(user, count, Duration.ofSeconds(10));
  }

  @Override
  public void close() {
    clients.forEach(ImapClient::close);
    front.close();
  }
}
