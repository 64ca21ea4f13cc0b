package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.config.BackendSettings;
import dormouse.config.CanarySettings;
import dormouse.ops.Metrics.State;
import dormouse.testkit.DovecotOptions;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.EventRelay;
import dormouse.testkit.ImapClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A real Dovecot whose events come through no more: Dormouse finds out, looks for itself, and loses nothing (T26).
class FeedDownIT {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration SELDOM = Duration.ofHours(1);
  private static final Duration OFTEN = Duration.ofMillis(300);
  private static final String CANARY = "u2998";
  private static final String MESSAGE = "From: a@example.org\r\nSubject: hi\r\n\r\nHello\r\n";

  @TempDir Path directory = Path.of("");
  private EventRelay relay;
  private DovecotServer dovecot;

  @BeforeEach
  void start() {
    relay = EventRelay.start(1);
    dovecot = DovecotServer.start(DovecotOptions.DEFAULT.withEventsTo(relay.port()));
  }

  @AfterEach
  void stop() {
    dovecot.close();
    relay.close();
  }

  private FrontEnd front(CanarySettings canary) {
    FrontEnd started =
        FrontEnd.before(
            BackendSettings.inClear("127.0.0.1", dovecot.imapPort(), /* trusted= */ true)
                .withCanary(canary),
            FrontEnd.sweeping(SELDOM, OFTEN, OFTEN),
            List.of(FrontEnd.dovecotEvents()));
    relay.to(started.eventPort());
    return started;
  }

  private CanarySettings canary(String password) throws IOException {
    Path secret = Files.writeString(directory.resolve("canary.secret"), password + "\n");
    return new CanarySettings(CANARY, secret, Duration.ofMillis(1500), Duration.ofSeconds(1));
  }

  private static void awaitUp(FrontEnd front, boolean up) {
    front.await(() -> front.feedUp("dovecot-events") == up, "the feed is " + (up ? "up" : "down"));
  }

  private static void breakEvents(EventRelay relay, boolean broken) {
    relay.mischief(broken ? 1 : 0, 0, Duration.ZERO);
  }

  private static ImapClient idling(FrontEnd front, String user) {
    ImapClient client = front.client(user, DovecotServer.PASSWORD).patience(PATIENCE);
    client.ok("SELECT INBOX");
    client.startIdle();
    return client;
  }

  @Test
  void whatTheCanaryDoesIsNotToldSoTheFeedIsDownUntilItIs() throws IOException {
    try (FrontEnd front = front(canary(DovecotServer.PASSWORD))) {
      awaitUp(front, true); // and nobody has logged in
      try (ImapClient sleeper = idling(front, "u1")) {
        front.awaitAsleep(1);
        front.await(() -> front.metrics().backendConnections() == 1, "but the canary, nobody");

        breakEvents(relay, true);
        dovecot.deliver("u1", MESSAGE); // which the sweep brings that follows
        awaitUp(front, false);
        sleeper.readUntil(line -> line.equals("* 1 EXISTS"), PATIENCE);
        front.await(
            () -> front.metrics().backendConnections() == 2,
            "it is watched as if there were no feed");
        dovecot.deliver("u1", MESSAGE);
        sleeper.readUntil(line -> line.equals("* 2 EXISTS"), PATIENCE);

        breakEvents(relay, false);
        awaitUp(front, true);
        front.await(() -> front.metrics().backendConnections() == 1, "the watch is given up");
        dovecot.deliver("u1", MESSAGE);
        sleeper.readUntil(line -> line.equals("* 3 EXISTS"), PATIENCE);
        assertThat(front.sessions(State.HIBERNATED)).isEqualTo(1);
        assertThat(front.metrics().scrape())
            .contains("dormouse_canary_total{backend=\"mx\",result=\"unheard\"}");
      }
    }
  }

  @Test
  void withoutACanaryChangesOfClientsOfWhichNothingIsHeardSpeakAgainstTheFeed() {
    try (FrontEnd front = front(CanarySettings.DEFAULT);
        ImapClient writer = front.client("u1", DovecotServer.PASSWORD)) {
      writer.ok("CREATE heard");
      awaitUp(front, true);
      try (ImapClient sleeper = idling(front, "u2")) {
        front.awaitAsleep(2); // the writer has nothing selected
        breakEvents(relay, true);
        dovecot.deliver("u2", MESSAGE);
        front.await(() -> relay.lost() > 0, "the event is lost");
        front.await(
            () -> {
              writer.append("heard", "", MESSAGE);
              return !front.feedUp("dovecot-events");
            },
            "the feed is down");
        sleeper.readUntil(line -> line.equals("* 1 EXISTS"), PATIENCE);

        breakEvents(relay, false);
        writer.ok("CREATE again");
        awaitUp(front, true);
        dovecot.deliver("u2", MESSAGE);
        sleeper.readUntil(line -> line.equals("* 2 EXISTS"), PATIENCE);
      }
    }
  }

  @Test
  void aCanaryThatCannotLogInSaysSoAndEventsCountAsBefore() throws IOException {
    try (FrontEnd front = front(canary("wrong"));
        ImapClient client = front.client("u1", DovecotServer.PASSWORD)) {
      front.await(
          () ->
              front
                  .metrics()
                  .scrape()
                  .contains("dormouse_canary_total{backend=\"mx\",result=\"failed\"}"),
          "the canary is silent");
      client.ok("CREATE heard");
      awaitUp(front, true);
    }
  }
}
