package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dormouse.FrontEnd;
import dormouse.config.BackendSettings;
import dormouse.config.HibernateSettings;
import dormouse.testkit.DovecotOptions;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.EventRelay;
import dormouse.testkit.ImapClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// Users all of whose sessions rest are folded, before a real Dovecot that tells of changes: whatever happens to them then, they are as
/// if they had been there all the time.
@EnabledOnOs(OS.LINUX)
class FoldIT {
  private static final Duration SELDOM = Duration.ofHours(1);
  private static final Duration OFTEN = Duration.ofMillis(300);
  private static final String STILL_HERE = "* OK Still here";

  private EventRelay relay;
  private DovecotServer dovecot;
  private FrontEnd front;
  private final List<ImapClient> clients = new ArrayList<>();

  @BeforeEach
  void start() {
    assumeTrue(FrontEnd.PARK);
    relay = EventRelay.start(1);
    dovecot = DovecotServer.start(DovecotOptions.DEFAULT.withEventsTo(relay.port()));
    front = front(Duration.ZERO);
  }

  @AfterEach
  void stop() {
    clients.forEach(ImapClient::close);
    if (front != null) {
      front.close();
      dovecot.close();
      relay.close();
    }
  }

  private FrontEnd front(Duration keepAlive) {
    FrontEnd started =
        FrontEnd.before(
            BackendSettings.inClear("127.0.0.1", dovecot.imapPort(), /* trusted= */ true),
            from -> withKeepAlive(FrontEnd.sweeping(SELDOM, OFTEN, OFTEN).apply(from), keepAlive),
            List.of(FrontEnd.dovecotEvents()));
    relay.to(started.eventPort());
    return started;
  }

  @Test
  void whoIsFoldedHearsOfWhatComesAndAnswersEachOfItsClients() {
    hearSomething();
    ImapClient one = idling("u1", "INBOX");
    ImapClient two = idling("u1", "INBOX");
    ImapClient other = idling("u2", "INBOX");
    awaitFolded(2);
    for (int i = 1; i <= 3; i++) {
      dovecot.deliver("u1", "Subject: hi\r\n\r\nHello\r\n");
      String exists = "* " + i + " EXISTS";
      one.expect(exists).expectMatch("\\* \\d+ RECENT");
      two.expect(exists).expectMatch("\\* \\d+ RECENT");
      awaitFolded(2);
    }
    one.done();
    assertThat(one.ok("NOOP")).isEmpty(); // nothing new, and nothing of what went to the other
    awaitFolded(2); // between two commands
    one.ok("FETCH 1:3 (UID)");
    one.ok("STORE 2 +FLAGS (\\Flagged)");
    two.expectMatch("\\* 2 FETCH \\(.*\\\\Flagged.*");
    two.done();
    two.logout();
    one.startIdle();
    awaitFolded(2);
    dovecot.deliver("u1", "Subject: hi\r\n\r\nHello\r\n");
    one.expect("* 4 EXISTS").expectMatch("\\* \\d+ RECENT");
    one.done();
    one.logout();
    assertThat(front.metric("dormouse_folded_bytes")).isPositive();
    other.done();
    other.logout();
    awaitFolded(0);
    front.await(() -> front.metric("dormouse_folded_bytes") == 0, "nothing is folded");
  }

  @Test
  void keepAlivesAreSaidWhileAllIsFolded() {
    front.close();
    front = front(Duration.ofMillis(300));
    hearSomething();
    ImapClient one = idling("u3", "INBOX");
    ImapClient two = idling("u3", "INBOX");
    awaitFolded(1);
    for (int i = 0; i < 3; i++) {
      one.expect(STILL_HERE);
      two.expect(STILL_HERE);
      assertThat(front.metric("dormouse_folded_users")).isEqualTo(1);
    }
  }

  @Test
  void whoComesFindsTheOthersAndWhatTheyHaveAsked() {
    hearSomething();
    ImapClient one = idling("u4", "INBOX");
    awaitFolded(1);
    ImapClient two = idling("u4", "INBOX");
    awaitFolded(1);
    two.done();
    two.ok("UNSELECT");
    awaitAsleep(2);
    double asked = front.metric("dormouse_select_commands_total{outcome=\"cached\"}");
    two.ok("SELECT INBOX"); // by what the first one was answered
    assertThat(front.metric("dormouse_select_commands_total{outcome=\"cached\"}"))
        .isEqualTo(asked + 1);
    one.done();
    one.ok("NOOP");
  }

  @Test
  void whoIsSentAwayWhileFoldedHearsIt() {
    hearSomething();
    ImapClient one = idling("u5", "INBOX");
    ImapClient other = idling("u6", "INBOX");
    awaitFolded(2);
    assertThat(front.kick("u5")).isEqualTo(1);
    assertThat(one.expectClosed()).isNotEmpty();
    assertThat(front.metric("dormouse_folded_users")).isEqualTo(1);
    other.done();
    other.ok("NOOP");
  }

  @Test
  void whoIsFoldedHearsThatDormouseStops() {
    hearSomething();
    ImapClient one = idling("u7", "INBOX");
    awaitFolded(1);
    front.close();
    assertThat(one.expectClosed()).isEqualTo(List.of("* BYE Server shutting down."));
    clients.clear();
    front = front(Duration.ZERO);
  }

  /// On one event loop (ann and cid) and on another (bob).
  @Test
  void usersOfOneMailboxAreFoldedEachAndAllHear(@TempDir Path directory) throws IOException {
    String line = ":{PLAIN}pass::::::destuser=u8\n";
    Path users =
        Files.writeString(
            directory.resolve("users"),
            "ann" + line + "bob" + line + "cid" + line + "u2999:{PLAIN}pass::::::\n");
    front.close();
    front =
        FrontEnd.of(
            """
            listen: [ { address: "127.0.0.1:0", tls: implicit } ]
            backends: { mx: { address: "127.0.0.1:%d", tls: none, health: { check: none } } }
            directory: [ file: { path: %s } ]
            feeds: [ dovecot-events: { listen: "127.0.0.1:0" } ]
            limits: { asleep-per-user: 1 }
            hibernate: { after: 0s, quiet-after: 0s, keep-alive: 0s, sync-linger: 300ms }
            """
                .formatted(dovecot.imapPort(), users));
    relay.to(front.eventPort());
    hearSomething();
    List<ImapClient> all =
        List.of(idling("ann", "INBOX"), idling("bob", "INBOX"), idling("cid", "INBOX"));
    awaitFolded(3);
    for (int i = 1; i <= 2; i++) {
      dovecot.deliver("u8", "Subject: hi\r\n\r\nHello\r\n");
      for (ImapClient client : all) {
        client.expect("* " + i + " EXISTS").expectMatch("\\* \\d+ RECENT");
      }
      awaitFolded(3);
    }
    for (String name : List.of("ann", "bob", "cid")) {
      try (ImapClient second = ImapClient.connect(front.tls())) {
        assertThat(second.refused("LOGIN " + name + " pass")).startsWith("NO [LIMIT]");
      }
    }
    assertThat(front.kick("cid")).isEqualTo(1);
    all.getLast().expectClosed();
    dovecot.deliver("u8", "Subject: hi\r\n\r\nHello\r\n");
    for (ImapClient client : all.subList(0, 2)) {
      client.expect("* 3 EXISTS");
    }
  }

  private ImapClient idling(String user, String mailbox) {
    ImapClient client = front.client(user, DovecotServer.PASSWORD);
    clients.add(client);
    client.ok("SELECT " + mailbox);
    client.startIdle();
    return client;
  }

  private void awaitFolded(int users) {
    front.await(() -> front.metric("dormouse_folded_users") == users, users + " users are folded");
  }

  private void awaitAsleep(int sessions) {
    front.awaitAsleep(sessions);
  }

  /// A feed is up once an event has come for somebody who is logged in.
  private void hearSomething() {
    try (ImapClient client = front.client("u2999", DovecotServer.PASSWORD)) {
      client.ok("CREATE heard" + System.nanoTime());
      front.await(() -> front.feedUp("dovecot-events"), "the feed is up");
    }
  }

  private static HibernateSettings withKeepAlive(HibernateSettings from, Duration every) {
    return new HibernateSettings(
        from.enabled(),
        from.after(),
        from.quietAfter(),
        from.proofMax(),
        from.wakeTimeout(),
        from.sweep(),
        from.poll(),
        every,
        from.syncLinger(),
        from.uidSetMaxBytes(),
        from.plainMaxMessages(),
        from.keptPerSessionBytes(),
        from.keptPerUserBytes(),
        from.keptHeapPercent(),
        from.askAgainEvery(),
        from.keepPassword());
  }
}
