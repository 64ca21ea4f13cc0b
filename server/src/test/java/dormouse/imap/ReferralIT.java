package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.ops.Metrics.State;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// Dovecots that refer users to each other at login.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ReferralIT {
  private DovecotServer first;
  private DovecotServer second;
  private FrontEnd front;

  @BeforeAll
  void start() {
    first = DovecotServer.start();
    second = DovecotServer.start();
    front =
        FrontEnd.of(
            """
            listen: [ { address: "127.0.0.1:0", tls: none } ]
            backends:
              mx1: { address: "127.0.0.1:%d", tls: none }
              mx2: { address: "127.0.0.1:%d", tls: none }
            routes: [ { to: mx1 } ]
            throttle: { enabled: false }
            hibernate: { after: 0s, quiet-after: 0s, keep-alive: 0s }
            """
                .formatted(first.imapPort(), second.imapPort()));
  }

  @AfterAll
  void stop() {
    front.close();
    first.close();
    second.close();
  }

  @Test
  void theClientIsServedWhereItsBackendRefersTo() {
    first.refer("u1", "127.0.0.1", second.imapPort());
    second.deliver("u1", Stage.message(1));
    try (ImapClient client = ImapClient.connect(front.plain())) {
      client.login("u1", DovecotServer.PASSWORD);
      assertThat(client.ok("SELECT INBOX")).contains("* 1 EXISTS");
      client.startIdle();
      front.await(() -> front.sessions(State.HIBERNATED) == 1, "asleep");
      client.done();
      assertThat(client.ok("UID SEARCH ALL")).hasSize(1);
      assertThat(second.imapConnections("u1")).isPositive();
      assertThat(first.imapConnections("u1")).isZero();
      client.logout();
    }
  }

  @Test
  void aWrongPasswordRefersToNobody() {
    first.refer("u2", "127.0.0.1", second.imapPort());
    try (ImapClient client = ImapClient.connect(front.plain())) {
      assertThat(client.refused("LOGIN u2 wrong"))
          .isEqualTo("NO [AUTHENTICATIONFAILED] Wrong user name or password");
    }
  }

  @Test
  void aServerThatIsNoneOfTheSettingsIsToldToTheClient() {
    first.refer("u3", "192.0.2.1", 1143);
    try (ImapClient client = ImapClient.connect(front.plain())) {
      assertThat(client.refused("LOGIN u3 " + DovecotServer.PASSWORD))
          .isEqualTo("NO [REFERRAL imap://u3;AUTH=PLAIN@192.0.2.1:1143/] Try this server instead.");
      client.ok("NOOP");
    }
  }

  @Test
  void whoIsReferredInACircleHearsSo() {
    first.refer("u4", "127.0.0.1", second.imapPort());
    second.refer("u4", "127.0.0.1", first.imapPort());
    try (ImapClient client = ImapClient.connect(front.plain())) {
      assertThat(client.refused("LOGIN u4 " + DovecotServer.PASSWORD))
          .isEqualTo(
              "NO [UNAVAILABLE] The mail servers pass each other's clients round in a circle");
    }
  }
}
