package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.testkit.DnsmasqServer;
import dormouse.testkit.DovecotServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// A Dovecot by its name, which dnsmasq tells.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class NamesIT {
  private static final String NAME = "mx.example.org";
  private static final String HERE = "127.0.0.1";
  private static final String NOWHERE = "127.0.0.9"; // nobody listens
  private static final int LOOPS = 2; // each has its own answers

  private DovecotServer dovecot;

  @BeforeAll
  void start() {
    dovecot = DovecotServer.start();
  }

  @AfterAll
  void stop() {
    dovecot.close();
  }

  @Test
  void anAnswerIsKeptForItsTime() {
    try (DnsmasqServer names = DnsmasqServer.start(NAME, HERE, 600);
        FrontEnd front = front(names)) {
      for (int i = 0; i < 8; i++) {
        assertThat(front.accepts("u" + i)).isTrue();
      }
      assertThat(names.queries(NAME)).isBetween(1L, (long) LOOPS);
    }
  }

  @Test
  void aNameThatMovesIsFollowedAndHoldsWhileTheDnsIsAway() {
    DnsmasqServer before = DnsmasqServer.start(NAME, NOWHERE, 1);
    try (FrontEnd front = front(before)) {
      assertThat(front.accepts("u1")).isFalse();
      before.close();
      try (DnsmasqServer after = before.instead(NAME, HERE, 1)) {
        front.await(() -> front.accepts("u1") && front.accepts("u2"), "the name is followed");
        front.await(() -> after.queries(NAME) > 0, "it was asked");
      }
      assertThat(front.accepts("u1")).isTrue();
    }
  }

  private FrontEnd front(DnsmasqServer names) {
    return FrontEnd.askingNames(
        names.address(),
        """
        listen: [ { address: "127.0.0.1:0", tls: none } ]
        backends:
          mx: { address: "%s:%d", tls: none, connect-timeout: 2s, health: { check: none }, pool: { per-user: 0 } }
        hibernate: { enabled: false }
        """
            .formatted(NAME, dovecot.imapPort()));
  }
}
