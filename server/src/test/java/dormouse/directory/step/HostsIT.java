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
import java.util.List;
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
  private static final String HARD = "^(.*)(.*)(.*)(.*)(.*)b$";
  private static final String LONG = "a".repeat(60); // Dovecot logs no more than 80
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
      each.addUser(LONG, DovecotServer.PASSWORD);
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
      assertThat(front.refusal("u1#mx2:" + first.imapPort())).startsWith("NO [UNAVAILABLE]");
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
  void anotherCharacterMayStandBetweenUserDomainAndHost() {
    String link =
        "map: { lines: [ \"*%%example.org: u59%%127.0.0.1:%d\", \"u58: mx2\" ], keys: [ '*\\D\\d', '\\u' ], delimiter: \"%%\", renames: true }"
            .formatted(second.imapPort());
    try (FrontEnd front = front(link)) {
      assertThat(serves(front, "ann%example.org", "u59")).isSameAs(second);
      assertThat(serves(front, "ann@example.org", "ann@example.org")).isSameAs(first);
      assertThat(serves(front, "u58", "u58")).isSameAs(second);
    }
  }

  @Test
  void whatATableCannotTellIsToldOrLeftToTheNext() {
    String hard = "map: { lines: [ \"" + HARD + ": mx1\", \"u: mx2\" ], form: patterns }";
    String wrong = "map: { lines: [ \"" + LONG + ": mx1:99999\" ] }";
    for (String link : List.of(hard, wrong)) {
      try (FrontEnd front = front(link)) {
        assertThat(front.refusal(LONG)).startsWith("NO [UNAVAILABLE]");
        assertThat(serves(front, "u52", "u52")).isSameAs(link.equals(hard) ? second : first);
      }
      String next = "{ " + link + ", unavailable: next }";
      try (FrontEnd front = front(next)) {
        assertThat(serves(front, LONG, LONG)).isSameAs(first);
        assertThat(front.refusal(LONG, "wrong")).startsWith("NO [AUTHENTICATIONFAILED]");
      }
      try (FrontEnd front = front(next + ", map: { lines: [ \"" + LONG + ": mx2\" ] }")) {
        assertThat(serves(front, LONG, LONG)).isSameAs(second);
        assertThat(serves(front, "u53", "u53")).isSameAs(link.equals(hard) ? second : first);
      }
    }
  }

  @Test
  void whomNobodyElseKnowsEitherIsToldThatATableCannotTell() throws IOException {
    Path users = Files.writeString(directory.resolve("users"), "u54:{PLAIN}pass\n");
    String chain =
        "{ map: { lines: [ '%s: mx2' ], form: patterns }, unavailable: next }, file: { path: %s }"
            .formatted(HARD, users);
    try (FrontEnd front = FrontEnd.of(settings(chain).replace(", backend: ]", " ]"))) {
      assertThat(front.refusal(LONG)).startsWith("NO [UNAVAILABLE]");
      assertThat(front.refusal("u55")).startsWith("NO [AUTHENTICATIONFAILED]");
      assertThat(front.accepts("u54")).isTrue();
    }
  }

  @Test
  void aNameThatCannotBeRewrittenIsRefusedOrGoesOnAsTyped() {
    String link = "rewrite: { pattern: \"" + HARD + "|(.+)%(.+)\", to: \"$6@$7\" }";
    try (FrontEnd front = front(link)) {
      assertThat(serves(front, "ann%example.org", "ann@example.org")).isSameAs(first);
      assertThat(front.refusal(LONG)).startsWith("NO [UNAVAILABLE]");
    }
    String next = "{ " + link + ", unavailable: next }";
    try (FrontEnd front = front(next)) {
      assertThat(serves(front, "ann%example.org", "ann@example.org")).isSameAs(first);
      assertThat(serves(front, LONG, LONG)).isSameAs(first);
    }
    try (FrontEnd front = front(next + ", rewrite: { strip-domains: [ '*' ] }")) {
      assertThat(serves(front, "u56@" + LONG, "u56")).isSameAs(first);
    }
  }

  /// Each domain would be a user of its own, if the throttle went by what is typed.
  @Test
  void whoTypesNamesThatCannotBeRewrittenIsSlowedDownAllTheSame() {
    String chain =
        "{ rewrite: { pattern: '%s', to: x }, unavailable: next }, rewrite: { strip-domains: [ '*' ] }"
            .formatted(HARD);
    String throttled =
        settings(chain)
            .replace(
                "throttle: { enabled: false }",
                "throttle: { free: 2, delay: 1m, max-delay: 1m, patience: 0s }");
    try (FrontEnd front = FrontEnd.of(throttled)) {
      assertThat(tried(front, "127.0.62.1", "u57@a" + LONG)).contains("[AUTHENTICATIONFAILED]");
      assertThat(tried(front, "127.0.62.2", "u57@b" + LONG)).contains("[AUTHENTICATIONFAILED]");
      assertThat(tried(front, "127.0.62.3", "u57@c" + LONG)).startsWith("NO [LIMIT]");
    }
  }

  private static String tried(FrontEnd front, String from, String user) {
    try (ImapClient client = ImapClient.connect(front.plain(), from, "")) {
      return client.refused("LOGIN " + user + " wrong");
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
