package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.testkit.BehindProxy;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Whom failed logins slow down, before a Dovecot: two are free, and who then has to wait is refused at once. Clients come from
/// everywhere, as a proxy's header says.
class ThrottleIT {
  private static final String WRONG = "NO [AUTHENTICATIONFAILED] Wrong user name or password";
  private static final String WAIT = "NO [LIMIT] Too many failed logins, try again later";
  private static final int FREE = 2;
  private static final int FREE_IN_A_48 = 16 * FREE;

  @TempDir Path directory = Path.of("");

  private DovecotServer dovecot;
  private FrontEnd front;

  @BeforeEach
  void start() throws IOException {
    dovecot = DovecotServer.start();
    Path users = Files.writeString(directory.resolve("users"), "u1:{PLAIN}pass\nu2:{PLAIN}pass\n");
    front =
        FrontEnd.of(
            """
            listen: [ { address: "127.0.0.1:0", tls: none, proxy-protocol-from: [ 127.0.0.1 ] } ]
            backends: { mx: { address: "127.0.0.1:%d", tls: none } }
            directory: [ { file: { path: %s } } ]
            throttle: { free: %d, delay: 1m, max-delay: 1m, patience: 0s, forget: 10m, exempt: [ 198.51.100.0/24 ] }
            """
                .formatted(dovecot.imapPort(), users, FREE));
  }

  @AfterEach
  void stop() {
    front.close();
    dovecot.close();
  }

  @Test
  void anIpv4AddressIsSlowedDownWhoeverItTries() throws IOException {
    assertThat(login("203.0.113.1", "eve", "x")).isEqualTo(WRONG);
    assertThat(login("203.0.113.1", "bob", "x")).isEqualTo(WRONG);
    assertThat(login("203.0.113.1", "cid", "x")).isEqualTo(WAIT);
    assertThat(login("203.0.113.1", "u1", "pass")).isEqualTo(WAIT);
    assertThat(login("203.0.113.2", "u1", "pass")).startsWith("OK ");
    assertThat(Stage.metric(front, "dormouse_throttled_logins_total{outcome=\"refused\"}"))
        .isEqualTo(2);
  }

  @Test
  void anIpv6NetworkIsOneAddress() throws IOException {
    assertThat(login("2001:db8:1:1::1", "eve", "x")).isEqualTo(WRONG);
    assertThat(login("2001:db8:1:1:ffff::2", "bob", "x")).isEqualTo(WRONG);
    assertThat(login("2001:db8:1:1::3", "cid", "x")).isEqualTo(WAIT);
    for (int i = FREE; i < FREE_IN_A_48; i++) {
      assertThat(login("2001:db8:1:" + (i + 10) + "::1", "user" + i, "x")).isEqualTo(WRONG);
    }
    assertThat(login("2001:db8:1:a000::1", "u1", "pass")).isEqualTo(WAIT);
    assertThat(login("2001:db8:2:a000::1", "u1", "pass")).startsWith("OK ");
  }

  @Test
  void aUserIsGuardedButForItsOwnDevices() throws IOException {
    assertThat(login("192.0.2.7", "u1", "pass")).startsWith("OK ");
    for (int i = 0; i < FREE; i++) {
      assertThat(login("203.0.113." + (i + 1), "u1", "x")).isEqualTo(WRONG);
    }
    assertThat(login("203.0.113.9", "u1", "pass")).isEqualTo(WAIT);
    assertThat(login("192.0.2.7", "u1", "pass")).startsWith("OK ");
    assertThat(login("203.0.113.9", "u2", "pass")).startsWith("OK ");
  }

  @Test
  void whoIsExemptIsNeverSlowedDown() throws IOException {
    for (int i = 0; i < 3 * FREE; i++) {
      assertThat(login("198.51.100.20", "u1", "x")).isEqualTo(WRONG);
    }
    assertThat(login("198.51.100.20", "u1", "pass")).startsWith("OK ");
    assertThat(login("203.0.113.9", "u1", "pass")).startsWith("OK ");
  }

  /// The answer to a login on a connection of its own, without its tag.
  private String login(String from, String user, String password) throws IOException {
    try (ImapClient client = BehindProxy.version1(front.plain(), from)) {
      String answer = client.command("LOGIN " + user + " " + password).getLast();
      return answer.substring(answer.indexOf(' ') + 1);
    }
  }
}
