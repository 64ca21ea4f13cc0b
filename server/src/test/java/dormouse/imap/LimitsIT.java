package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dormouse.FrontEnd;
import dormouse.testkit.DovecotServer;
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
  void administratorsComeOnlyFromTheirNetworks() {
    try (FrontEnd front = before("login: { admins: [ U4 ], admins-from: [ 127.0.60.0/24 ] }\n")) {
      from(front, ELSEWHERE).login("u4", DovecotServer.PASSWORD);
      int from = dovecot.logSize();
      for (String name : List.of("u4", "ann*u4")) {
        assertThat(from(front, HERE).refused("LOGIN \"" + name + "\" pass"))
            .isEqualTo("NO [AUTHENTICATIONFAILED] Wrong user name or password");
      }
      assertNothingIsTriedByU4(front, from);
    }
  }

  /// Dovecot logs a failed try before it answers, and so before a login that comes later.
  private void assertNothingIsTriedByU4(FrontEnd front, int from) {
    from(front, HERE).login("u5", DovecotServer.PASSWORD);
    dovecot.awaitLog(from, line -> line.contains("Login: user=<u5>"), Duration.ofSeconds(10));
    assertThat(dovecot.log().stream().skip(from))
        .noneMatch(line -> line.contains("passwd-file(u4,"));
  }

  /// The name that counts is the one that the directory makes of what the client types.
  @Test
  void administratorsAreKnownByTheNameThatTheyGet() throws IOException {
    Path users =
        Files.writeString(directory.resolve("users"), "boss:{PLAIN}pass::::::destuser=u4\n");
    String admins = "login: { admins: [ u4 ], admins-from: [ 127.0.60.0/24 ] }\n";
    String strips = "directory: [ rewrite: { strip-domains: [ example.org ] }, backend: ]\n";
    try (FrontEnd front = before(admins + strips)) {
      from(front, ELSEWHERE).login("u4@example.org", DovecotServer.PASSWORD);
      int from = dovecot.logSize();
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
    ImapClient client = from(front, HERE).login("u6", DovecotServer.PASSWORD);
    client.ok("SELECT INBOX");
    client.startIdle();
  }

  private static void refused(FrontEnd front, String from, String reason, double count) {
    assertThatThrownBy(() -> ImapClient.connect(front.plain(), from, ""));
    assertThat(Stage.metric(front, "dormouse_refused_connections_total{reason=\"" + reason + "\"}"))
        .isEqualTo(count);
  }

  private static double greeting(FrontEnd front) {
    return Stage.metric(front, "dormouse_sessions{state=\"greeting\"}");
  }
}
