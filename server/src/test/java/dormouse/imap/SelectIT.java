package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.config.BackendSettings;
import dormouse.testkit.DovecotOptions;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.EventRelay;
import dormouse.testkit.ImapClient;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Clients that open in sleep the mailbox that they had open before, or another that somebody had open: they hear, byte for byte,
/// what Dovecot itself says to a client that does the same.
class SelectIT {
  private static final String USER = "u1";

  private final EventRelay relay = EventRelay.start(1);
  private final DovecotServer dovecot =
      DovecotServer.start(DovecotOptions.DEFAULT.withEventsTo(relay.port()));
  private final List<ImapClient> clients = new ArrayList<>();
  private FrontEnd front;

  @BeforeEach
  void start() {
    front = frontEnd(/* fed= */ true);
    relay.to(front.eventPort());
    try (ImapClient client = front.client(USER, DovecotServer.PASSWORD)) {
      client.ok("CREATE heard");
      front.await(() -> front.feedUp("dovecot-events"), "the feed is up");
    }
    try (ImapClient filler = dovecot.client(USER)) {
      for (int i = 1; i <= 5; i++) {
        filler.append("INBOX", i % 2 == 0 ? "\\Seen" : "", Stage.message(i));
      }
      filler.ok("CREATE \"a b\"");
      filler.append("a b", "", Stage.message(1));
    }
    front.await(() -> relay.heard() >= 9, "Dovecot tells of three mailboxes and six messages");
  }

  private FrontEnd frontEnd(boolean fed) {
    return FrontEnd.before(
        BackendSettings.inClear("127.0.0.1", dovecot.imapPort(), /* trusted= */ true),
        from -> from,
        fed ? List.of(FrontEnd.dovecotEvents()) : List.of());
  }

  @AfterEach
  void stop() {
    clients.forEach(ImapClient::close);
    front.close();
    dovecot.close();
    relay.close();
  }

  private ImapClient client() {
    ImapClient client = front.client(USER, DovecotServer.PASSWORD);
    clients.add(client);
    return client;
  }

  private double outcome(String label) {
    return Stage.metric(front, "dormouse_select_commands_total{outcome=\"" + label + "\"}");
  }

  private static List<String> said(ImapClient client, String command) {
    return client.command(command).stream()
        .map(Stage::untimed)
        .map(line -> line.replaceAll("^a\\w*\\d+ ", "tag "))
        .toList();
  }

  /// What Dovecot says to a client that has nothing selected, and to one that has.
  private List<List<String>> directly(String command) {
    try (ImapClient direct = dovecot.client(USER)) {
      return List.of(said(direct, command), said(direct, command));
    }
  }

  /// What the client hears without the backend; until all is known that this takes, it is answered by that, with the same.
  private List<String> inSleep(ImapClient client, String command, List<String> truth) {
    double before = outcome("cached");
    front.await(
        () -> {
          front.awaitAsleep(1);
          assertThat(said(client, command)).isEqualTo(truth);
          return outcome("cached") == before + 1;
        },
        "an answer from memory");
    return truth;
  }

  private void compare(ImapClient client, String command) {
    List<List<String>> truth = directly(command);
    client.command("UNSELECT");
    said(client, command);
    inSleep(client, command, truth.getLast());
    client.ok("UNSELECT");
    front.awaitAsleep(1);
    double before = outcome("cached");
    assertThat(said(client, command)).isEqualTo(truth.getFirst());
    assertThat(outcome("cached")).as("from memory").isEqualTo(before + 1);
  }

  /// By the name of what happened.
  private Map<String, Runnable> changes(ImapClient other) {
    other.ok("SELECT INBOX");
    Map<String, Runnable> changes = new LinkedHashMap<>();
    changes.put("nothing", () -> {});
    changes.put("mail", () -> other.append("INBOX", "", Stage.message(6)));
    changes.put("the first is seen", () -> other.ok("UID STORE 1 +FLAGS (\\Seen)"));
    changes.put("a keyword", () -> other.ok("UID STORE 2 +FLAGS (New1)"));
    changes.put("one marked to go", () -> other.ok("UID STORE 3 +FLAGS (\\Deleted)"));
    changes.put("an expunge", () -> other.ok("UID EXPUNGE 3"));
    changes.put("a delivery", () -> dovecot.deliver(USER, Stage.message(7)));
    return changes;
  }

  private void compareWhateverChanges(boolean fed) {
    if (!fed) {
      front.close();
      front = frontEnd(/* fed= */ false);
    }
    ImapClient client = client();
    for (Map.Entry<String, Runnable> change : changes(dovecotClient()).entrySet()) {
      front.awaitAsleep(1);
      long heard = relay.heard();
      change.getValue().run();
      if (fed && !change.getKey().equals("nothing")) {
        front.await(() -> relay.heard() > heard, "Dovecot tells");
      }
      String command = "SELECT INBOX";
      directly(command); // from here on nothing is \\Recent
      front.await( // not before, as Dovecot tells HIGHESTMODSEQ only once somebody has asked for it
          () -> said(client, command).equals(directly(command).getLast()),
          "it is told: " + change.getKey());
      compare(client, command);
    }
  }

  private ImapClient dovecotClient() {
    ImapClient other = dovecot.client(USER);
    clients.add(other);
    return other;
  }

  @Test
  void whateverChangesItIsWhatTheServerSays() {
    compareWhateverChanges(/* fed= */ true);
  }

  @Test
  void withoutAFeedItIsSoTooWhereTheMailboxIsWatched() {
    compareWhateverChanges(/* fed= */ false);
  }

  @Test
  void examineIsKeptOnceNothingIsRecent() {
    ImapClient client = client();
    said(client, "EXAMINE INBOX");
    front.awaitAsleep(1);
    assertThat(client.ok("EXAMINE INBOX")).contains("* 5 RECENT");
    assertThat(outcome("cached")).isZero();
    try (ImapClient direct = dovecot.client(USER)) {
      direct.ok("SELECT INBOX");
    }
    compare(client, "EXAMINE INBOX");
  }

  @Test
  void clientsWithOtherFeaturesHearTheirOwnAnswer() {
    for (String feature : List.of("CONDSTORE", "QRESYNC")) {
      ImapClient client = client();
      client.ok("ENABLE " + feature);
      for (String command : List.of("SELECT INBOX", "SELECT \"a b\" (CONDSTORE)")) {
        try (ImapClient direct = dovecot.client(USER)) {
          direct.ok("ENABLE " + feature);
          said(direct, command);
          List<String> truth = said(direct, command);
          said(client, command);
          inSleep(client, command, truth);
        }
      }
      client.logout();
    }
  }

  /// From one mailbox to another and back, each known already; and on with what the view of each is.
  @Test
  void thereAndBack() {
    ImapClient client = client();
    client.ok("STATUS \"a b\" (MESSAGES)"); // from here on it is known whose mailbox it is
    for (String command : List.of("SELECT INBOX", "SELECT \"a b\"", "SELECT INBOX")) {
      said(client, command);
      front.awaitAsleep(1);
    }
    front.await(
        () -> {
          front.awaitAsleep(1);
          double before = outcome("cached");
          assertThat(said(client, "SELECT \"a b\"")).contains("* 1 EXISTS");
          assertThat(said(client, "SELECT INBOX")).contains("* 5 EXISTS");
          return outcome("cached") == before + 2;
        },
        "both from memory");
    try (ImapClient other = dovecot.client(USER)) {
      other.ok("SELECT INBOX");
      Stage.remove(other, "1");
    }
    assertThat(client.ok("FETCH 2 (UID)")).contains("* 2 FETCH (UID 2)"); // or lagging
    client.ok("NOOP");
    assertThat(client.ok("UID FETCH 1:* (UID)")).hasSize(4);
  }
}
