package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.ops.Metrics;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// An administrator sends a user away.
class KickIT {
  private static final String BYE = "* BYE Disconnected by the administrator";

  private final DovecotServer dovecot = DovecotServer.start();
  private final FrontEnd front = FrontEnd.keeping(dovecot.imapPort(), Stage::awakeOutsideIdle);

  @AfterEach
  void stop() {
    front.close();
    dovecot.close();
  }

  @Test
  void allOfAUserAreSentAwayAndNothingIsKeptOfTheUser() {
    try (ImapClient idle = client("u1");
        ImapClient attached = client("u1");
        ImapClient other = client("u2")) {
      idle.ok("SELECT INBOX");
      idle.startIdle();
      attached.ok("SELECT INBOX");
      other.ok("SELECT INBOX");
      other.startIdle();
      front.await(
          () -> Stage.metric(front, "dormouse_syncs_total{result=\"done\"}") >= 2, "both watches");
      try (ImapClient unselected = client("u1")) {
        front.awaitAsleep(3);
        front.await(() -> kept() > 0, "what it left is kept, for nobody needs it");

        assertThat(front.kick("u1")).isEqualTo(3);
        for (ImapClient client : new ImapClient[] {idle, unselected, attached}) {
          assertThat(client.expectClosed()).contains(BYE);
        }
      }
      dovecot.awaitImapConnections("u1", 0, ImapClient.PATIENCE);
      assertThat(Stage.metric(front, "dormouse_closes_total{reason=\"kicked\"}")).isEqualTo(3);
      assertThat(front.sessions(Metrics.State.HIBERNATED)).as("the other user's").isEqualTo(1);

      dovecot.deliver("u2", Stage.message(1));
      other.expect("* 1 EXISTS");
      assertThat(front.kick("u1")).isZero();
      client("u1").close(); // sent away, not locked out
    }
  }

  private ImapClient client(String user) {
    return front.client(user, DovecotServer.PASSWORD);
  }

  private double kept() {
    return Stage.metric(front, "dormouse_backend_connections{backend=\"mx\",purpose=\"pool\"}");
  }
}
