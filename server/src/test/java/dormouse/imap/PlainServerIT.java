package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.testkit.DovecotOptions;
import dormouse.testkit.DovecotOptions.Offers;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.EmbeddedBackend;
import dormouse.testkit.ImapClient;
import jakarta.mail.Flags;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/// Sleep and wake before servers that can less: Dovecot with CONDSTORE only, Dovecot with neither CONDSTORE nor ESEARCH,
/// and GreenMail. The scenarios of HIBERNATION §10 are named by their numbers.
class PlainServerIT {
  private static void with(Offers offers, Consumer<DovecotServer> test) {
    try (DovecotServer dovecot = DovecotServer.start(DovecotOptions.DEFAULT.with(offers))) {
      test.accept(dovecot);
    }
  }

  // T1, T2, T3, T12, T13, T43
  @Test
  void aPlainDovecotTellsItsSleepersEverything() {
    with(Offers.PLAIN, PlainServerIT::everythingIsTold);
  }

  // T1, T2, T3, T12, T13
  @Test
  void aDovecotWithCondstoreTellsItsSleepersEverything() {
    with(Offers.CONDSTORE, PlainServerIT::everythingIsTold);
  }

  private static void everythingIsTold(DovecotServer dovecot) {
    try (Stage stage = Stage.before(dovecot).fill(8)) {
      ImapClient client = stage.sleeper();
      stage.awaitConnections(1);
      ImapClient other = stage.other();
      other.ok("SELECT INBOX");

      Stage.remove(other, "3,5");
      client.expect("* 5 EXPUNGE").expect("* 3 EXPUNGE");
      other.append("INBOX", "", Stage.message(9));
      client.expect("* 7 EXISTS").expectMatch("\\* \\d+ RECENT");
      other.ok("STORE 2 +FLAGS.SILENT (\\Flagged)");
      client.expect("* 2 FETCH (FLAGS (\\Flagged))");
      other.ok("STORE 2 FLAGS.SILENT (Urgent)");
      client.expectMatch("\\* FLAGS \\(.*Urgent.*\\)");
      client.expectMatch("\\* OK \\[PERMANENTFLAGS \\(.*Urgent.*\\).*");
      client.expect("* 2 FETCH (FLAGS (Urgent))");
      assertThat(client.done()).hasSize(1);
      stage.assertNobodyWoke();
    }
    wakesAmidChanges(dovecot);
    sleepsInAnEmptyMailbox(dovecot);
  }

  // T6, T9, T12
  private static void wakesAmidChanges(DovecotServer dovecot) {
    try (Stage stage = Stage.before(dovecot).fill(5)) {
      ImapClient client = stage.sleeper();
      client.done();
      ImapClient other = stage.other();
      other.ok("SELECT INBOX");
      other.ok("UID STORE 4 +FLAGS.SILENT (\\Flagged)");
      Stage.remove(other, "1,3");
      other.append("INBOX", "\\Seen", Stage.message(6));
      other.append("INBOX", "", Stage.message(7));
      other.ok("NOOP");
      Stage.remove(other, "6");

      List<String> heard = new ArrayList<>(client.ok("UID FETCH 4 (UID)"));

      heard.removeIf(line -> line.endsWith(" RECENT"));
      assertThat(heard)
          .containsExactly(
              "* 3 EXPUNGE",
              "* 1 EXPUNGE",
              "* 4 EXISTS",
              "* 2 FETCH (FLAGS (\\Flagged))",
              "* 2 FETCH (UID 4)");
      assertThat(client.ok("FETCH 1:* (UID)"))
          .containsExactly(
              "* 1 FETCH (UID 2)", "* 2 FETCH (UID 4)", "* 3 FETCH (UID 5)", "* 4 FETCH (UID 7)");
      assertThat(client.ok("UID STORE 5 +FLAGS (\\Seen)"))
          .containsExactly("* 3 FETCH (UID 5 FLAGS (\\Seen))");
    }
  }

  private static void sleepsInAnEmptyMailbox(DovecotServer dovecot) {
    try (Stage stage = Stage.before(dovecot)) {
      ImapClient client = stage.sleeper();
      dovecot.deliver(stage.user(), Stage.message(1));
      client.expect("* 1 EXISTS").expectMatch("\\* \\d+ RECENT");
      client.done();
      assertThat(client.ok("UID FETCH 1:* (UID)")).containsExactly("* 1 FETCH (UID 1)");
      stage.mark();
      client.startIdle();
      stage.awaitAsleep(1);
      stage.assertNobodyWoke();
    }
  }

  /// A GreenMail with some messages of `ann`, and a Dormouse before it. GreenMail says `+` a moment before it listens: of what comes in between a look
  /// tells.
  private record Embedded(EmbeddedBackend backend, FrontEnd front) implements AutoCloseable {
    static Embedded start(int messages) {
      EmbeddedBackend backend = EmbeddedBackend.start();
      backend.addUser("ann", "secret");
      Embedded embedded =
          new Embedded(
              backend,
              FrontEnd.before(
                  backend.port(), hibernate -> hibernate.withPoll(Duration.ofSeconds(1))));
      for (int i = 1; i <= messages; i++) {
        embedded.append(i);
      }
      return embedded;
    }

    void append(int number) {
      backend.append("ann", "INBOX", Stage.message(number));
    }

    /// Reads up to what was to come.
    static void hears(ImapClient client, Predicate<String> last) {
      client.readUntil(last, Duration.ofSeconds(10));
    }

    boolean countsAll(String line) {
      return line.equals("* " + backend.uids("ann", "INBOX").size() + " EXISTS");
    }

    ImapClient sleeper() {
      ImapClient client = front.client("ann", "secret");
      client.ok("SELECT INBOX");
      client.startIdle();
      front.awaitAsleep(1);
      Stage.await("only the watch", () -> backend.connections() == 1);
      return client;
    }

    @Override
    public void close() {
      front.close();
      backend.close();
    }
  }

  // T1, T44
  @Test
  void greenMailsNewMessagesAreTold() {
    try (Embedded embedded = Embedded.start(2);
        ImapClient client = embedded.sleeper()) {
      embedded.append(3);
      Embedded.hears(client, embedded::countsAll);
      client.expectMatch("\\* \\d+ RECENT");
      client.done();
      assertThat(client.ok("UID FETCH 3 (UID)")).containsExactly("* 3 FETCH (UID 3)");
    }
  }

  // T2, T44
  @Test
  void greenMailsExpungesAreTold() {
    try (Embedded embedded = Embedded.start(8);
        ImapClient client = embedded.sleeper()) {
      embedded.backend().expunge("ann", "INBOX", 5);
      embedded.backend().expunge("ann", "INBOX", 3);
      for (int gone : List.of(5, 3)) { // a look may see it marked before it is gone
        Embedded.hears(client, line -> line.equals("* " + gone + " EXPUNGE"));
      }
      embedded.append(9);
      Embedded.hears(client, embedded::countsAll);
    }
  }

  // T3, T44: GreenMail tells changed flags at the end of IDLE, which a look brings about
  @Test
  void greenMailsFlagChangesAreTold() {
    try (Embedded embedded = Embedded.start(3);
        ImapClient client = embedded.sleeper()) {
      embedded.backend().flag("ann", "INBOX", 2, Flags.Flag.FLAGGED, true);
      embedded.append(4);
      Set<String> missing = new HashSet<>(Set.of("* 2 FETCH (FLAGS (\\Flagged))", "EXISTS"));
      Embedded.hears(
          client,
          line -> missing.remove(embedded.countsAll(line) ? "EXISTS" : line) && missing.isEmpty());
    }
  }

  // T9, T44
  @Test
  void aClientOfGreenMailWakesAmidChanges() {
    try (Embedded embedded = Embedded.start(4);
        ImapClient client = embedded.sleeper()) {
      client.done();
      embedded.backend().flag("ann", "INBOX", 4, Flags.Flag.FLAGGED, true);
      embedded.backend().expunge("ann", "INBOX", 2);
      embedded.append(5);

      List<String> heard = client.ok("UID FETCH 3 (UID)");

      assertThat(heard).first().isEqualTo("* 2 EXPUNGE");
      assertThat(heard).contains("* 4 EXISTS", "* 2 FETCH (UID 3)");
      assertThat(heard).anyMatch(line -> line.matches("\\* 3 FETCH \\(FLAGS \\(.*Flagged.*\\)\\)"));
    }
  }

  // T7, T8, T35
  @Test
  void aClientOfGreenMailIsAnsweredInSleep() {
    try (Embedded embedded = Embedded.start(1);
        ImapClient client = embedded.sleeper()) {
      assertThat(client.done()).hasSize(1);
      assertThat(client.ok("NOOP")).isEmpty();
      assertThat(client.startIdle()).isEmpty();
      client.done();
      client.logout();
    }
  }

  /// GreenMail says nothing of flags to who is in IDLE: only a look finds them.
  @Test
  void aWatchThatWasLeftForAWhileLooksAgain() {
    Duration poll = Duration.ofMillis(100);
    try (var backend = EmbeddedBackend.start();
        var front = FrontEnd.before(backend.port(), hibernate -> hibernate.withPoll(poll))) {
      backend.addUser("ann", "secret");
      backend.append("ann", "INBOX", Stage.message(1));
      var client = front.client("ann", "secret");
      client.ok("SELECT INBOX");
      client.startIdle();
      front.awaitAsleep(1);
      client.done();
      client.ok("FETCH 1 (FLAGS)");
      client.startIdle();
      front.awaitAsleep(1);

      backend.flag("ann", "INBOX", 1, Flags.Flag.FLAGGED, true);

      client.expect("* 1 FETCH (FLAGS (\\Flagged))");
      client.close();
    }
  }
}
