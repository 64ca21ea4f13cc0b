package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.ops.Metrics;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.Endpoint;
import dormouse.testkit.FreePort;
import dormouse.testkit.ImapClient;
import dormouse.testkit.Wait;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// Two Dovecots, and rules that say whose users go to which of them.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RouteIT {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private DovecotServer first;
  private DovecotServer second;

  @BeforeAll
  void start() {
    first = DovecotServer.start();
    second = DovecotServer.start();
    for (DovecotServer each : new DovecotServer[] {first, second}) {
      each.addUser("ann@example.org", DovecotServer.PASSWORD);
      each.addUser("bob@example.com", DovecotServer.PASSWORD);
    }
  }

  @AfterAll
  void stop() {
    first.close();
    second.close();
  }

  @Test
  void theFirstRuleThatFitsDecides() {
    int staff = FreePort.next();
    int others = FreePort.next();
    String rules =
        "routes: [ { domain: \"*.org\", to: mx2 }, { user: \"u1*\", to: mx2 },"
            + " { protocol: imap, listener: \"127.0.0.1:"
            + staff
            + "\", to: mx2 }, { to: mx1 } ]\n";
    try (FrontEnd front = FrontEnd.of(settings(staff, others) + rules)) {
      assertThat(serves("ann@example.org", others)).isSameAs(second);
      assertThat(serves("bob@example.com", others)).isSameAs(first);
      assertThat(serves("u1", others)).isSameAs(second);
      assertThat(serves("u2", others)).isSameAs(first);
      assertThat(serves("u2", staff)).isSameAs(second);

      front.reload(settings(staff, others) + "routes: [ { user: u2, to: mx2 }, { to: mx1 } ]\n");
      assertThat(serves("u1", others)).isSameAs(first);
      assertThat(serves("u2", others)).isSameAs(second);
    }
  }

  @Test
  void aRuleGoesByTheAddressThatAProxyHeaderTells() throws IOException {
    int port = FreePort.next();
    String rules =
        "routes: [ { listener: \"192.0.2.7:993\", to: mx2 }, { listener: \"127.0.0.1:%d\", to: mx2 }, { to: mx1 } ]\n"
            .formatted(port);
    String listen =
        "listen: [ { address: \"127.0.0.1:%d\", tls: none, proxy-protocol-from: [ 127.0.0.0/8 ] } ]\n"
            .formatted(port);
    try (FrontEnd _ = FrontEnd.of(listen + backends() + rules)) {
      String from = "PROXY TCP4 203.0.113.8 ";
      assertThat(serves("u1", behind(from + "192.0.2.7 40001 993", port))).isSameAs(second);
      assertThat(serves("u1", behind(from + "192.0.2.7 40001 143", port))).isSameAs(first);
      assertThat(serves("u1", behind(from + "192.0.2.8 40001 993", port))).isSameAs(first);
      assertThat(serves("u1", behind("PROXY UNKNOWN", port))).isSameAs(second);
    }
  }

  private static ImapClient behind(String header, int port) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.getOutputStream().write((header + "\r\n").getBytes(StandardCharsets.US_ASCII));
    return ImapClient.over(socket);
  }

  @Test
  void usersAreSpreadByTheWeightsOfAGroup() {
    int staff = FreePort.next();
    int others = FreePort.next();
    String group = "groups: { mail: { mail: shared, backends: { mx1: %s, mx2: %s } } }\n";
    String heavy = "{ weight: 1000 }";
    try (FrontEnd front =
        FrontEnd.of(settings(staff, others) + group.formatted(heavy, "{ weight: 1 }"))) {
      for (int i = 0; i < 5; i++) {
        assertThat(serves("u" + i, others)).isSameAs(first);
      }
      front.reload(settings(staff, others) + group.formatted("{ weight: 1 }", heavy));
      for (int i = 0; i < 5; i++) {
        assertThat(serves("u" + i, others)).isSameAs(second);
      }
    }
  }

  /// Two Dovecots with the same mail: who is selected there finds it at the other, and hears of what came meanwhile.
  @Test
  void whoSleepsWakesWhereNewRulesSay() {
    int staff = FreePort.next();
    int others = FreePort.next();
    try (DovecotServer beside = first.startBeside();
        FrontEnd front = FrontEnd.of(asleep(staff, others, beside) + "routes: [ { to: mx1 } ]\n")) {
      ImapClient quiet = ImapClient.connect(Endpoint.plain(others)).patience(PATIENCE);
      ImapClient idle = ImapClient.connect(Endpoint.plain(others)).patience(PATIENCE);
      quiet.login("u6", DovecotServer.PASSWORD);
      idle.login("u7", DovecotServer.PASSWORD).append("INBOX", "", Stage.message(1));
      idle.ok("SELECT INBOX");
      idle.startIdle();
      front.awaitAsleep(2);

      front.reload(
          asleep(staff, others, beside) + "routes: [ { user: u6, to: mx1 }, { to: mx2 } ]\n");
      first.awaitImapConnections("u7", 0, PATIENCE);
      beside.deliver("u7", Stage.message(2));
      idle.expect("* 2 EXISTS");
      idle.done();
      assertThat(idle.ok("FETCH 1:* (UID)")).hasSize(2);
      assertThat(logins(beside, "u7")).isPositive();
      assertThat(first.imapConnections("u7")).isZero();

      quiet.ok("CREATE stayed");
      assertThat(logins(beside, "u6")).isZero();
      front.awaitAsleep(2);
      front.reload(asleep(staff, others, beside) + "routes: [ { to: mx2 } ]\n");
      quiet.ok("CREATE moved");
      assertThat(logins(beside, "u6")).isPositive();
      assertThat(front.metrics().scrape()).doesNotContain("dormouse_closes_total");
      quiet.close();
      idle.close();
    }
  }

  private static long logins(DovecotServer server, String user) {
    return server.log().stream()
        .filter(line -> line.contains("Login: user=<" + user + ">"))
        .count();
  }

  private String asleep(int staff, int others, DovecotServer beside) {
    return settings(staff, others)
        .replace("127.0.0.1:" + second.imapPort(), "127.0.0.1:" + beside.imapPort())
        .replace("enabled: false", "after: 0s, quiet-after: 0s, keep-alive: 0s");
  }

  /// Dovecot makes names small: it is the same mailbox.
  @Test
  void theCaseOfANameDoesNotMatter() {
    int staff = FreePort.next();
    int others = FreePort.next();
    try (FrontEnd front = FrontEnd.of(settings(staff, others))) {
      assertThat(front.sessions(Metrics.State.GREETING)).isZero();
      for (int i = 0; i < 8; i++) {
        DovecotServer home = serves("u" + i, others);
        assertThat(serves("U" + i, others)).isSameAs(home);
      }
    }
  }

  private String settings(int staff, int others) {
    return """
    listen:
      - { address: "127.0.0.1:%d", tls: none }
      - { address: "127.0.0.1:%d", tls: none }
    """
            .formatted(staff, others)
        + backends();
  }

  private String backends() {
    return """
    backends:
      mx1: { address: "127.0.0.1:%d", tls: none, pool: { per-user: 0 } }
      mx2: { address: "127.0.0.1:%d", tls: none, pool: { per-user: 0 } }
    hibernate: { enabled: false }
    """
        .formatted(first.imapPort(), second.imapPort());
  }

  /// Who has the connection of a user that logs in at a port.
  private DovecotServer serves(String user, int port) {
    return serves(user, ImapClient.connect(Endpoint.plain(port)));
  }

  private DovecotServer serves(String user, ImapClient connected) {
    try (ImapClient client = connected) {
      client.login(user, DovecotServer.PASSWORD);
      String name = user.toLowerCase(Locale.ROOT);
      Wait.until(
          name + " has a connection",
          PATIENCE,
          () -> first.imapConnections(name) + second.imapConnections(name) == 1);
      DovecotServer here = first.imapConnections(name) > 0 ? first : second;
      client.logout();
      here.awaitImapConnections(name, 0, PATIENCE);
      return here;
    }
  }
}
