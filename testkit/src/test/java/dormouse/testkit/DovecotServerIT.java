package dormouse.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DovecotServerIT {
  private static final Duration SOON = Duration.ofSeconds(10);
  private static final String MESSAGE = "From: a@example.org\r\nSubject: hi\r\n\r\nHello\r\n.\r\n";

  private DovecotServer server;

  @BeforeAll
  void start() {
    server = DovecotServer.start();
  }

  @AfterAll
  void stop() {
    server.close();
  }

  @ParameterizedTest
  @EnumSource(Endpoint.Tls.class)
  void clientsLogInAndOut(Endpoint.Tls tls) {
    int port = tls == Endpoint.Tls.IMPLICIT ? server.imapsPort() : server.imapPort();
    try (var client = ImapClient.connect(new Endpoint("127.0.0.1", port, tls))) {
      client.login("u1", DovecotServer.PASSWORD);
      assertThat(server.imapConnections("u1")).isEqualTo(1);
      client.logout();
    }
    server.awaitImapConnections("u1", 0, SOON);
  }

  @Test
  void anIdlingClientHearsOfADeliveredMessage() {
    try (var client = server.client("u2")) {
      client.ok("SELECT INBOX");
      assertThat(client.startIdle()).isEmpty();
      server.deliver("u2", MESSAGE);
      assertThat(client.readUntil(line -> line.endsWith("RECENT"), SOON)).contains("* 1 EXISTS");
      client.done();
      assertThat(client.ok("FETCH 1 BODY.PEEK[TEXT]"))
          .containsExactly("* 1 FETCH (BODY[TEXT] {10}\r\nHello\r\n.\r\n)");
    }
  }

  @Test
  void literalsGoBothWays() {
    try (var client = server.client("u3")) {
      client.append("INBOX", "\\Seen", MESSAGE);
      client.ok("CREATE {4}\r\na{3}");
      assertThat(client.ok("LIST \"\" {4}\r\na{3}")).hasSize(1);
      client.refused("CREATE {4}\r\na{3}");
      assertThat(client.refused("APPEND nowhere {3}\r\nabc")).startsWith("NO [TRYCREATE]");
      client.ok("NOOP");
    }
  }

  @Test
  void failuresOfLoginAreToldApart() {
    server.addUser("other", "secret");
    try (var client = ImapClient.connect(Endpoint.plain(server.imapPort()))) {
      assertThat(client.refused("LOGIN u4 wrong")).startsWith("NO [AUTHENTICATIONFAILED]");
      assertThat(client.refused("LOGIN nobody pass")).startsWith("NO [AUTHENTICATIONFAILED]");
      server.lock("u4");
      assertThat(client.refused("LOGIN u4 pass")).startsWith("NO [CONTACTADMIN]");
      client.login("other", "secret");
    }
  }

  @Test
  void aTrustedFrontEndSaysForWhomItComes() {
    int mark = server.logSize();
    try (var client = ImapClient.connect(Endpoint.plain(server.imapPort()))) {
      client.ok(
          "ID (\"x-originating-ip\" \"203.0.113.8\" \"x-originating-port\" \"40001\""
              + " \"x-session-id\" \"abc123\")");
      client.login("u5", "pass");
    }
    assertThat(server.awaitLog(mark, line -> line.contains("Login: user=<u5>"), SOON))
        .contains("rip=203.0.113.8, rport=40001,")
        .contains("session=<abc123>");
  }

  @Test
  void manyClientsAtOnce() {
    var clients = new java.util.ArrayList<ImapClient>();
    for (int i = 0; i < 300; i++) {
      clients.add(server.client("u6"));
    }
    assertThat(server.imapConnections("u6")).isEqualTo(300);
    clients.forEach(ImapClient::close);
    server.awaitImapConnections("u6", 0, SOON);
  }

  @Test
  void itStopsStartsAndDies() {
    try (var own = DovecotServer.start();
        var first = own.client("u1")) {
      own.deliver("u1", MESSAGE);
      own.stop();
      first.expectClosed();
      own.restart();
      try (var second = own.client("u1")) {
        assertThat(second.ok("SELECT INBOX")).contains("* 1 EXISTS");
        own.kill();
        assertThat(second.expectClosed()).isEmpty();
      }
      own.restart();
      try (var third = own.client("u1")) {
        own.freeze();
        third.start("NOOP");
        third.expectSilence(Duration.ofMillis(50));
        own.thaw();
        third.expectMatch("a2 OK.*");
      }
    }
  }

  @ParameterizedTest
  @EnumSource(DovecotOptions.Offers.class)
  void itOffersWhatItIsTold(DovecotOptions.Offers offers) {
    try (var own =
            DovecotServer.start(
                DovecotOptions.DEFAULT.with(offers).with(DovecotOptions.Storage.MAILDIR));
        var client = own.client("u1")) {
      String capabilities = client.ok("CAPABILITY").getFirst();
      assertThat(capabilities.contains(" QRESYNC"))
          .isEqualTo(offers == DovecotOptions.Offers.QRESYNC);
      assertThat(capabilities.contains(" CONDSTORE"))
          .isEqualTo(offers != DovecotOptions.Offers.PLAIN);
      assertThat(capabilities.contains(" ESEARCH"))
          .isEqualTo(offers != DovecotOptions.Offers.PLAIN);
      assertThat(own.doveadm("who")).contains("u1");
    }
  }
}
