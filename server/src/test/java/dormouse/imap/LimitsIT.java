package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dormouse.FrontEnd;
import dormouse.testkit.BehindProxy;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.FreePort;
import dormouse.testkit.ImapClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// How many connections clients may have, before a real Dovecot.
class LimitsIT {
  private static final String HERE = "127.0.6.1";
  private static final String THERE = "127.0.6.200"; // the same /24
  private static final String ELSEWHERE = "127.0.60.1";

  private static DovecotServer dovecot;

  @TempDir Path directory = Path.of("");

  private final List<ImapClient> clients = new ArrayList<>();

  @BeforeAll
  static void start() {
    dovecot = DovecotServer.start();
  }

  @AfterAll
  static void stop() {
    dovecot.close();
  }

  @AfterEach
  void leave() {
    clients.forEach(ImapClient::close);
  }

  @Test
  void anAddressAndANetworkHaveTheirShare() {
    try (FrontEnd front = limited("per-address: 2, per-network: 3")) {
      ImapClient first = from(front, HERE);
      from(front, HERE);
      refused(front, HERE, "per-address", 1);
      from(front, THERE);
      refused(front, THERE, "per-network", 1);
      from(front, ELSEWHERE).login("u1", DovecotServer.PASSWORD);
      first.close();
      front.await(() -> greeting(front) == 2, "one has left");
      from(front, THERE);
    }
  }

  /// A proxy on this machine says where they come from.
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void ofIpv6EachNetworkAndEachSiteHasItsShare(boolean version2) throws IOException {
    try (FrontEnd front = behindProxies("limits: { per-address: 2, per-network: 3 }\n")) {
      ImapClient first = proxied(front, version2, "2001:db8:1:1::1");
      proxied(front, version2, "2001:db8:1:1:ffff::2");
      proxiedAndRefused(front, version2, "2001:db8:1:1::3", "per-address");
      proxied(front, version2, "2001:db8:1:2::1");
      proxiedAndRefused(front, version2, "2001:db8:1:ffff::1", "per-network");
      proxied(front, version2, "2001:db8:2:1::1").login("u1", DovecotServer.PASSWORD);
      first.close();
      front.await(() -> greeting(front) == 2, "one has left");
      proxied(front, version2, "2001:db8:1:ffff::1").login("u1", DovecotServer.PASSWORD);
    }
  }

  @Test
  void soHaveTheirSleepers() throws IOException {
    String settings =
        """
        limits: { asleep-per-address: 1, asleep-per-network: 2 }
        hibernate: { after: 0s, keep-alive: 0s }
        """;
    try (FrontEnd front = behindProxies(settings)) {
      idle(proxied(front, true, "2001:db8:1:1::1"));
      front.awaitAsleep(1);
      proxiedAndRefused(front, true, "2001:db8:1:1:ffff::2", "asleep-per-address");
      idle(proxied(front, true, "2001:db8:1:2::1"));
      front.awaitAsleep(2);
      proxiedAndRefused(front, true, "2001:db8:1:ffff::1", "asleep-per-network");
      proxied(front, true, "2001:db8:2:1::1").login("u1", DovecotServer.PASSWORD);
    }
  }

  private static FrontEnd behindProxies(String settings) {
    return FrontEnd.of(
        """
        listen: [ { address: "127.0.0.1:0", tls: none, proxy-protocol-from: [ 127.0.0.1 ] } ]
        backends: { mx: { address: "127.0.0.1:%d", tls: none } }
        """
                .formatted(dovecot.imapPort())
            + settings);
  }

  private ImapClient proxied(FrontEnd front, boolean version2, String from) throws IOException {
    ImapClient client =
        version2
            ? BehindProxy.version2(front.plain(), from)
            : BehindProxy.version1(front.plain(), from);
    clients.add(client);
    return client;
  }

  private void proxiedAndRefused(FrontEnd front, boolean version2, String from, String reason) {
    assertThatThrownBy(() -> proxied(front, version2, from));
    assertThat(refusals(front, reason)).isOne();
  }

  @Test
  void sleepersAreCountedApart() {
    try (FrontEnd front =
        before(
            """
            limits: { per-address: 2, asleep-per-address: 3 }
            hibernate: { after: 0s, keep-alive: 0s }
            """)) {
      for (int i = 1; i <= 3; i++) {
        idle(front);
        front.awaitAsleep(i);
      }
      refused(front, HERE, "asleep-per-address", 1);
      clients.getFirst().done();
      clients.getFirst().ok("LIST \"\" *"); // and so it is awake
      from(front, HERE);
      refused(front, HERE, "per-address", 1);
    }
  }

  @Test
  void aUsersSleepersHaveTheirShare() {
    try (FrontEnd front =
        before(
            """
            limits: { asleep-per-user: 2 }
            hibernate: { after: 0s, keep-alive: 0s }
            """)) {
      idle(front);
      idle(front);
      front.awaitAsleep(2);
      ImapClient third = from(front, HERE);
      assertThat(third.refused("LOGIN u6 pass"))
          .isEqualTo("NO [LIMIT] Too many connections of this user");
      third.login("u7", DovecotServer.PASSWORD);
    }
  }

  @Test
  void aUserHasItsShare() {
    try (FrontEnd front = limited("per-user: 2")) {
      from(front, HERE).login("u2", DovecotServer.PASSWORD);
      from(front, HERE).login("u2", DovecotServer.PASSWORD);
      ImapClient third = from(front, HERE);
      assertThat(third.refused("LOGIN u2 pass"))
          .isEqualTo("NO [LIMIT] Too many connections of this user");
      clients.getFirst().logout();
      third.login("u2", DovecotServer.PASSWORD);
    }
  }

  /// Dovecot makes names small: both are logged in as the same user.
  @Test
  void whoseNameDiffersInCaseIsAnotherUserUnlessThatIsRewritten() {
    try (FrontEnd front = limited("per-user: 1")) {
      int from = dovecot.logSize();
      from(front, HERE).login("u9", DovecotServer.PASSWORD);
      awaitLogin(from, "u9");
      from = dovecot.logSize();
      from(front, HERE).login("U9", DovecotServer.PASSWORD);
      awaitLogin(from, "u9");
    }
    String rewrite = "directory: [ rewrite: { lower-case: true }, backend: ]\n";
    try (FrontEnd front = before(rewrite + "limits: { per-user: 1 }\n")) {
      ImapClient first = from(front, HERE).login("u9", DovecotServer.PASSWORD);
      ImapClient second = from(front, HERE);
      assertThat(second.refused("LOGIN U9 pass"))
          .isEqualTo("NO [LIMIT] Too many connections of this user");
      first.logout();
      second.login("U9", DovecotServer.PASSWORD);
    }
  }

  /// The directory says which name that is.
  @Test
  void aUserHasOneShareUnderAllNamesThatItTypes() throws IOException {
    Path users =
        Files.writeString(
            directory.resolve("aliases"),
            """
            ann:{PLAIN}pass::::::user=u10
            u10:{PLAIN}pass::::::
            """);
    String links = "directory: [ file: { path: " + users + " } ]\n";
    try (FrontEnd front = before(links + "limits: { per-user: 1 }\n")) {
      from(front, HERE).login("ann", DovecotServer.PASSWORD);
      assertThat(from(front, HERE).refused("LOGIN u10 pass")).startsWith("NO [LIMIT]");
      assertThat(from(front, HERE).refused("LOGIN ann pass")).startsWith("NO [LIMIT]");
    }
  }

  /// On one event loop (ann and cid) and on two (ann and bob).
  @ParameterizedTest
  @ValueSource(strings = {"cid", "bob"})
  void usersOfOneMailboxHaveAShareEach(String other) throws IOException {
    Path users =
        Files.writeString(
            directory.resolve("shared"),
            """
            ann:{PLAIN}pass::::::destuser=u10
            %s:{PLAIN}pass::::::destuser=u10
            """
                .formatted(other));
    String settings =
        """
        directory: [ file: { path: %s } ]
        limits: { per-user: 1, asleep-per-user: 1 }
        hibernate: { after: 0s, quiet-after: 1h, keep-alive: 0s }
        """
            .formatted(users);
    try (FrontEnd front = before(settings)) {
      List<String> names = List.of("ann", other);
      for (String name : names) {
        from(front, HERE).login(name, DovecotServer.PASSWORD);
      }
      for (String name : names) {
        assertThat(from(front, HERE).refused("LOGIN " + name + " pass")).startsWith("NO [LIMIT]");
      }
      for (ImapClient client : clients.subList(0, 2)) {
        client.ok("SELECT INBOX");
        client.startIdle();
      }
      front.awaitAsleep(2);
      for (String name : names) {
        assertThat(from(front, HERE).refused("LOGIN " + name + " pass")).startsWith("NO [LIMIT]");
      }
      dovecot.deliver("u10", "Subject: hi\r\n\r\nHello\r\n");
      for (ImapClient client : clients.subList(0, 2)) {
        client.expectMatch("\\* \\d+ EXISTS");
        client.done();
      }
      clients.getFirst().logout();
      from(front, HERE).login("ann", DovecotServer.PASSWORD);
      assertThat(from(front, HERE).refused("LOGIN " + other + " pass")).startsWith("NO [LIMIT]");
    }
  }

  @Test
  void aListenerHasItsShare() {
    try (FrontEnd front = limited("per-listener: 1")) {
      from(front, HERE);
      refused(front, ELSEWHERE, "per-listener", 1);
    }
  }

  @Test
  void whoIsExemptIsNotCounted() {
    try (FrontEnd front = limited("per-address: 1, exempt: [ 127.0.60.0/24 ]")) {
      from(front, ELSEWHERE);
      from(front, ELSEWHERE);
      from(front, HERE);
      refused(front, HERE, "per-address", 1);
    }
  }

  @Test
  void whoWaitsLongestWithItsLoginMakesRoom() {
    try (FrontEnd front = limited("before-login: 2")) {
      ImapClient loggedIn = from(front, HERE).login("u3", DovecotServer.PASSWORD);
      ImapClient oldest = from(front, HERE);
      from(front, HERE);
      from(front, HERE).login("u3", DovecotServer.PASSWORD);
      oldest.expect("* BYE Too many are waiting to log in, and you longest").expectClosed();
      loggedIn.ok("NOOP");
      front.await(
          () -> Stage.metric(front, "dormouse_closes_total{reason=\"crowded-out\"}") == 1,
          "one was crowded out");
    }
  }

  @Test
  void whatMayBeSaidBeforeALoginIsSetAndChangedByAReload() {
    int port = FreePort.next();
    String before = "max-errors: 2, max-commands: 6, max-line-bytes: 512, max-literal-bytes: 64";
    String after = "max-errors: 4, max-commands: 9, max-line-bytes: 2KiB, max-literal-bytes: 1KiB";
    try (FrontEnd front = FrontEnd.of(capped(port, before))) {
      ImapClient there = from(front, HERE);
      assertThat(answered(front, "x NONSENSE", "Too many errors")).isEqualTo(2);
      assertThat(answered(front, "x LOGIN u1 wrong", "Too many errors")).isEqualTo(2);
      assertThat(answered(front, "x NOOP", "Too many commands before login")).isEqualTo(6);
      assertThat(answered(front, "x NOOP" + " ".repeat(600), "Line too long")).isZero();
      assertThat(from(front, HERE).refused("LOGIN {65}\r\n" + "u".repeat(65) + " x"))
          .startsWith("NO [TOOBIG]");

      front.reload(capped(port, after));
      assertThat(answered(front, "x NONSENSE", "Too many errors")).isEqualTo(4);
      assertThat(answered(front, "x LOGIN u1 wrong", "Too many errors")).isEqualTo(4);
      assertThat(answered(front, "x NOOP", "Too many commands before login")).isEqualTo(9);
      assertThat(answered(front, "x NOOP" + " ".repeat(600), "Too many errors")).isEqualTo(4);
      assertThat(from(front, HERE).refused("LOGIN {65}\r\n" + "u".repeat(65) + " x"))
          .startsWith("NO [AUTHENTICATIONFAILED]");
      there.login("u1", DovecotServer.PASSWORD);

      front.reload(capped(port, "timeout: 200ms"));
      from(front, HERE).expect("* BYE You were silent for too long").expectClosed();
      there.ok("NOOP");
    }
  }

  private static String capped(int port, String caps) {
    return """
    listen: [ { address: "127.0.0.1:%d", tls: none } ]
    backends: { mx: { address: "127.0.0.1:%d", tls: none } }
    throttle: { enabled: false }
    login: { %s }
    """
        .formatted(port, dovecot.imapPort(), caps);
  }

  /// How often a line is answered before the connection is closed for that.
  private long answered(FrontEnd front, String line, String bye) {
    ImapClient client = from(front, HERE);
    client.send((line + "\r\n").repeat(12));
    List<String> heard = client.expectClosed();
    assertThat(heard.getLast()).isEqualTo("* BYE " + bye);
    return heard.stream().filter(answer -> answer.startsWith("x ")).count();
  }

  @Test
  void administratorsComeOnlyFromTheirNetworks() {
    try (FrontEnd front = before("login: { admins: [ U4 ], admins-from: [ 127.0.60.0/24 ] }\n")) {
      int from = behindTheLoginOfU4(front, "u4");
      for (String name : List.of("u4", "ann*u4")) {
        assertThat(from(front, HERE).refused("LOGIN \"" + name + "\" pass"))
            .isEqualTo("NO [AUTHENTICATIONFAILED] Wrong user name or password");
      }
      assertNothingIsTriedByU4(front, from);
    }
  }

  /// Logs in from where u4 may: where the log is behind that.
  private int behindTheLoginOfU4(FrontEnd front, String name) {
    int from = dovecot.logSize();
    from(front, ELSEWHERE).login(name, DovecotServer.PASSWORD);
    awaitLogin(from, "u4");
    return dovecot.logSize();
  }

  private static void awaitLogin(int from, String user) {
    dovecot.awaitLog(
        from, line -> line.contains("Login: user=<" + user + ">"), Duration.ofSeconds(10));
  }

  /// Dovecot logs a failed try before it answers, and logins one behind the other: all before a login that comes later.
  private void assertNothingIsTriedByU4(FrontEnd front, int from) {
    from(front, HERE).login("u5", DovecotServer.PASSWORD);
    awaitLogin(from, "u5");
    assertThat(dovecot.log(from))
        .noneMatch(line -> line.contains("passwd-file(u4,"))
        .noneMatch(line -> line.contains("Login: user=<u4>"))
        .noneMatch(line -> line.contains("Login: user=<ann>"));
  }

  /// The name that counts is the one that the directory makes of what the client types.
  @Test
  void administratorsAreKnownByTheNameThatTheyGet() throws IOException {
    Path users =
        Files.writeString(directory.resolve("users"), "boss:{PLAIN}pass::::::destuser=u4\n");
    String admins = "login: { admins: [ u4 ], admins-from: [ 127.0.60.0/24 ] }\n";
    String strips = "directory: [ rewrite: { strip-domains: [ example.org ] }, backend: ]\n";
    try (FrontEnd front = before(admins + strips)) {
      int from = behindTheLoginOfU4(front, "u4@example.org");
      assertThat(from(front, HERE).refused("LOGIN u4@example.org pass"))
          .isEqualTo("NO [AUTHENTICATIONFAILED] Wrong user name or password");
      assertThat(from(front, HERE).refused("LOGIN ann*u4@example.org pass"))
          .isEqualTo("NO [AUTHENTICATIONFAILED] Wrong user name or password");
      assertNothingIsTriedByU4(front, from);
    }
    String renames = "directory: [ file: { path: " + users + " } ]\n";
    try (FrontEnd front = before(admins + renames)) {
      from(front, ELSEWHERE).login("boss", DovecotServer.PASSWORD);
      assertThat(from(front, HERE).refused("LOGIN boss pass"))
          .isEqualTo("NO [AUTHENTICATIONFAILED] Wrong user name or password");
    }
  }

  /// Each domain would be a user of its own, if the throttle went by what is typed.
  @Test
  void aUserIsSlowedDownUnderAllItsNames() {
    String rewrite = "directory: [ rewrite: { strip-domains: [ '*' ] }, backend: ]\n";
    try (FrontEnd front =
        before(rewrite + "throttle: { free: 2, delay: 1m, max-delay: 1m, patience: 0s }\n")) {
      assertThat(from(front, "127.0.61.1").refused("LOGIN u8@a.test wrong"))
          .startsWith("NO [AUTHENTICATIONFAILED]");
      assertThat(from(front, "127.0.61.2").refused("LOGIN u8@b.test wrong"))
          .startsWith("NO [AUTHENTICATIONFAILED]");
      assertThat(from(front, "127.0.61.3").refused("LOGIN u8@c.test wrong"))
          .isEqualTo("NO [LIMIT] Too many failed logins, try again later");
    }
  }

  private static FrontEnd limited(String limits) {
    return before("limits: { " + limits + " }\n");
  }

  private static FrontEnd before(String settings) {
    return FrontEnd.of(
        """
        listen: [ { address: "127.0.0.1:0", tls: none } ]
        backends: { mx: { address: "127.0.0.1:%d", tls: none } }
        """
                .formatted(dovecot.imapPort())
            + settings);
  }

  private ImapClient from(FrontEnd front, String address) {
    ImapClient client = ImapClient.connect(front.plain(), address, "");
    clients.add(client);
    return client;
  }

  private void idle(FrontEnd front) {
    idle(from(front, HERE));
  }

  private static void idle(ImapClient client) {
    client.login("u6", DovecotServer.PASSWORD).ok("SELECT INBOX");
    client.startIdle();
  }

  private static void refused(FrontEnd front, String from, String reason, double count) {
    assertThatThrownBy(() -> ImapClient.connect(front.plain(), from, ""));
    assertThat(refusals(front, reason)).isEqualTo(count);
  }

  private static double refusals(FrontEnd front, String reason) {
    return Stage.metric(front, "dormouse_refused_connections_total{reason=\"" + reason + "\"}");
  }

  private static double greeting(FrontEnd front) {
    return Stage.metric(front, "dormouse_sessions{state=\"greeting\"}");
  }
}
