package dormouse.imap;

import dormouse.FrontEnd;
import dormouse.config.BackendSettings;
import dormouse.config.CyrusEventsSettings;
import dormouse.config.FeedSettings;
import dormouse.testkit.CyrusServer;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.Endpoint;
import dormouse.testkit.EventRelay;
import dormouse.testkit.ImapClient;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A real Cyrus whose notifyd runs `packaging/cyrus-notify` for each event, and nothing else that tells: no sweep comes within the test, and
/// no watch stays.
class CyrusEventsIT {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration SELDOM = Duration.ofHours(1);

  /// Who was watched while the feed came up is looked at once more, within this.
  private static final Duration SOON = Duration.ofMillis(500);

  private EventRelay relay;
  private CyrusServer cyrus;
  private FrontEnd front;
  private ImapClient other;

  @BeforeEach
  void start() {
    var any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    var events = new CyrusEventsSettings(any, CyrusEventsSettings.DEFAULT.allow(), List.of());
    relay = EventRelay.start(1);
    cyrus =
        CyrusServer.notifying(
            Path.of("..", "packaging", "cyrus-notify"),
            Map.of("DORMOUSE_EVENTS", "http://127.0.0.1:" + relay.port() + "/"));
    front =
        FrontEnd.before(
            BackendSettings.inClear("127.0.0.1", cyrus.imapPort(), /* trusted= */ false),
            FrontEnd.sweeping(SELDOM, SOON, Duration.ZERO),
            List.of(new FeedSettings(events)));
    relay.to(front.eventPort());
    other = client(Endpoint.plain(cyrus.imapPort()));
  }

  @AfterEach
  void stop() {
    other.close();
    front.close();
    cyrus.close();
    relay.close();
  }

  private static ImapClient client(Endpoint at) {
    return ImapClient.connect(at).patience(PATIENCE).login("u1", DovecotServer.PASSWORD);
  }

  /// Until the first event has come for somebody who sleeps here, mailboxes are watched.
  private void feedComesUp() {
    front.awaitAsleep(1);
    other.append("INBOX", "", Stage.message(1));
    front.await(() -> front.feedUp("cyrus-events"), "Cyrus tells");
    nobodyWatches();
  }

  private void nobodyWatches() {
    front.await(() -> front.metrics().backendConnections() == 0, "nobody watches");
  }

  private static void hears(ImapClient sleeper, String line) {
    sleeper.readUntil(line::equals, PATIENCE);
  }

  @Test
  void sleepersInIdleHearOfEveryChange() {
    try (ImapClient sleeper = client(front.plain())) {
      sleeper.ok("SELECT INBOX");
      sleeper.startIdle();
      feedComesUp();
      hears(sleeper, "* 1 EXISTS");

      other.append("INBOX", "", Stage.message(2));
      hears(sleeper, "* 2 EXISTS");
      other.ok("SELECT INBOX");
      other.ok("STORE 2 +FLAGS (\\Flagged)");
      sleeper.readUntil(
          line -> line.startsWith("* 2 FETCH") && line.contains("\\Flagged"), PATIENCE);
      other.ok("STORE 1 +FLAGS (\\Deleted)");
      other.ok("EXPUNGE");
      hears(sleeper, "* 1 EXPUNGE");
      nobodyWatches();
      sleeper.done();
    }
  }

  @Test
  void anotherMailboxIsToldOfToo() {
    other.ok("CREATE work");
    try (ImapClient sleeper = client(front.plain())) {
      sleeper.ok("SELECT work");
      feedComesUp();

      other.append("work", "", Stage.message(1));
      front.await(
          () -> sleeper.ok("NOOP").contains("* 1 EXISTS"), "NOOP tells what Cyrus has told of");
    }
  }
}
