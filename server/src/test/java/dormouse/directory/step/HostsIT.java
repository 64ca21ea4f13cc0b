package dormouse.directory.step;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.FreePort;
import dormouse.testkit.ImapClient;
import dormouse.testkit.Wait;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// Two Dovecots with the same mail, and users who say themselves which of them they want, or of whom a table says it.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HostsIT {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final String SLEEPS =
      "after: 0s, quiet-after: 0s, keep-alive: 0s, ask-again-every: 0s";
  private static final String MESSAGE = "From: a@example.org\r\nSubject: hi\r\n\r\nHello\r\n";

  private DovecotServer first;
  private DovecotServer second;

  @TempDir Path directory = Path.of("");

  @BeforeAll
  void start() {
    first = DovecotServer.start();
    second = first.startBeside();
    for (DovecotServer each : new DovecotServer[] {first, second}) {
      each.addUser("ann@example.org", DovecotServer.PASSWORD);
      each.addUser("ann@example.net", DovecotServer.PASSWORD);
    }
  }

  @AfterAll
  void stop() {
    second.close();
    first.close();
  }

  @Test
  void aUserMayTypeTheHost() {
    try (FrontEnd front = front("rewrite: { host-after: \"#\" }")) {
      assertThat(serves(front, "u1", "u1")).isSameAs(first);
      assertThat(serves(front, "u1#mx2", "u1")).isSameAs(second);
      assertThat(serves(front, "u1#127.0.0.1:" + first.imapPort(), "u1")).isSameAs(first);
      assertThat(serves(front, "u1#127.0.0.1:" + second.imapPort(), "u1")).isSameAs(second);
      assertThat(serves(front, "ann@example.org#mx2", "ann@example.org")).isSameAs(second);

      String nowhere = "127.0.0.1:" + FreePort.next();
      assertThat(front.refusal("u1#" + nowhere)).startsWith("NO [UNAVAILABLE]");
      assertThat(front.refusal("u1#mx9")).startsWith("NO [UNAVAILABLE]");
      assertThat(front.refusal("u1#mx2:99999")).startsWith("NO [AUTHENTICATIONFAILED]");
      assertThat(front.refusal("u1#")).startsWith("NO [AUTHENTICATIONFAILED]");
      assertThat(front.refusal("#mx2")).startsWith("NO [AUTHENTICATIONFAILED]");
    }
  }

  @Test
  void whoHasTypedItWakesThere() {
    try (FrontEnd front = front("rewrite: { host-after: \"#\" }");
        ImapClient client = ImapClient.connect(front.plain())) {
      client.login("u2#mx2", DovecotServer.PASSWORD);
      front.awaitAsleep(1);
      second.awaitImapConnections("u2", 0, PATIENCE);
      awaitLogins(second, "u2", 1);
      client.ok("CREATE here");
      awaitLogins(second, "u2", 2);
      assertThat(logins(first, 0, "u2")).isZero();
      client.logout();
    }
  }

  @Test
  void aUserHasItsShareOfEachBackend() {
    String limited =
        settings("rewrite: { host-after: \"#\" }").replace(SLEEPS, "enabled: false")
            + "limits: { per-user: 1 }\n";
    try (FrontEnd front = FrontEnd.of(limited);
        ImapClient here = ImapClient.connect(front.plain());
        ImapClient there = ImapClient.connect(front.plain())) {
      here.login("u3#mx1", DovecotServer.PASSWORD);
      assertThat(front.refusal("u3#mx1")).startsWith("NO [LIMIT]");
      there.login("u3#mx2", DovecotServer.PASSWORD);
      assertThat(front.refusal("u3#mx2")).startsWith("NO [LIMIT]");
    }
  }

  @Test
  void aTableOfPatternsKnowsTheHosts() throws IOException {
    Path popmap =
        Files.writeString(
            directory.resolve("popmap.re"),
            """
            # who is where
            ^u3[0-4]$: 127.0.0.1:%1$d
            ^u3[5-9]$  mx2
            ^(.*)@example[.]org$: $1@127.0.0.1:%2$d
            """
                .formatted(first.imapPort(), second.imapPort()));
    try (FrontEnd front =
        front("map: { file: %s, form: patterns, renames: true, unknown: reject }", popmap)) {
      assertThat(serves(front, "u31", "u31")).isSameAs(first);
      assertThat(serves(front, "u38", "u38")).isSameAs(second);
      assertThat(serves(front, "u32@example.org", "u32")).isSameAs(second);
      assertThat(front.refusal("u40")).startsWith("NO [AUTHENTICATIONFAILED]");
      assertThat(front.refusal("U31")).startsWith("NO [AUTHENTICATIONFAILED]");
      assertThat(front.refusal("nobody@example.org")).startsWith("NO [AUTHENTICATIONFAILED]");
    }
  }

  @Test
  void aTableOfWordsKnowsTheHosts() {
    String link =
        "map: { lines: [ \"u50: mx2\", \"*@example.org: 127.0.0.1:%d\" ], keys: [ '\\U', '*\\D\\d' ] }"
            .formatted(second.imapPort());
    try (FrontEnd front = front(link)) {
      assertThat(serves(front, "u50", "u50")).isSameAs(second);
      assertThat(serves(front, "ann@example.org", "ann@example.org")).isSameAs(second);
      assertThat(serves(front, "ann@example.net", "ann@example.net")).isSameAs(first);
      assertThat(serves(front, "u51", "u51")).isSameAs(first);
    }
  }

  @Test
  void whoSleepsWakesWhereTheChangedTableSays() throws IOException {
    Path popmap = Files.writeString(directory.resolve("changing.re"), "^u60$: mx1\n");
    first.deliver("u60", MESSAGE);
    try (FrontEnd front = front("map: { file: %s, form: patterns, unknown: reject }", popmap);
        ImapClient client = ImapClient.connect(front.plain())) {
      client.login("u60", DovecotServer.PASSWORD);
      assertThat(client.ok("SELECT INBOX")).contains("* 1 EXISTS");
      front.awaitAsleep(1);
      awaitLogins(first, "u60", 1);

      Files.writeString(popmap, "^u6[01]$: mx2\n");
      Files.setLastModifiedTime(popmap, FileTime.from(Instant.now().minusSeconds(60)));
      front.await(() -> front.accepts("u61"), "the changed table is used");
      client.ok("UID STORE 1 +FLAGS (\\Flagged)");
      awaitLogins(second, "u60", 1);
      first.awaitImapConnections("u60", 0, PATIENCE);
      assertThat(front.metric("dormouse_asked_again_total{result=\"moved\"}")).isPositive();
      client.logout();
    }
  }

  private FrontEnd front(String link, Path file) {
    return front(link.formatted(file));
  }

  private FrontEnd front(String link) {
    return FrontEnd.of(settings(link));
  }

  /// Who is not told where to go goes to the first.
  private String settings(String link) {
    return """
    listen: [ { address: "127.0.0.1:0", tls: none } ]
    backends:
      mx1: { address: "127.0.0.1:%d", tls: none, pool: { per-user: 0 } }
      mx2: { address: "127.0.0.1:%d", tls: none, pool: { per-user: 0 } }
    routes: [ { to: mx1 } ]
    directory: [ %s, backend: ]
    throttle: { enabled: false }
    hibernate: { %s }
    """
        .formatted(first.imapPort(), second.imapPort(), link, SLEEPS);
  }

  /// Who logs a user in that types this.
  private DovecotServer serves(FrontEnd front, String typed, String user) {
    int atFirst = first.logSize();
    int atSecond = second.logSize();
    ImapClient.connect(front.plain()).login(typed, DovecotServer.PASSWORD).logout();
    Wait.until(
        user + " is logged in",
        PATIENCE,
        () -> logins(first, atFirst, user) + logins(second, atSecond, user) == 1);
    return logins(first, atFirst, user) == 1 ? first : second;
  }

  private static long logins(DovecotServer server, int from, String user) {
    return server.log(from).stream()
        .filter(line -> line.contains("Login: user=<" + user + ">"))
        .count();
  }

  private static void awaitLogins(DovecotServer server, String user, long count) {
    Wait.until(user + " has logged in", PATIENCE, () -> logins(server, 0, user) >= count);
  }
}
