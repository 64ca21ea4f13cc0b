package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.testkit.BehindProxy;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// How much of logins the throttle remembers, and for how long, before a Dovecot. Clients come from everywhere, as a proxy's header says;
/// hours pass as the test says.
class ThrottleMemoryIT {
  private static final String WRONG = "NO [AUTHENTICATIONFAILED] Wrong user name or password";
  private static final String WAIT = "NO [LIMIT] Too many failed logins, try again later";
  private static final String HOME = "192.0.2.7";
  private static final int FREE = 2;
  private static final int SLOTS = 1024;
  private static final int MANY = 4 * SLOTS; // push out of so many whatever was there before

  private static DovecotServer dovecot;

  @TempDir Path directory = Path.of("");

  private int guessers;

  @BeforeAll
  static void start() {
    dovecot = DovecotServer.start();
  }

  @AfterAll
  static void stop() {
    dovecot.close();
  }

  @Test
  void aDeviceIsKnownForItsTimeAfterItsLastLogin() throws IOException {
    try (FrontEnd front = front("patience: 0s, max-delay: 1m, forget: 10m, device-age: 2h")) {
      assertThat(login(front, HOME, "u1", "pass")).startsWith("OK ");
      for (int i = 0; i < 2; i++) {
        front.pass(Duration.ofMinutes(119));
        guess(front, "u1");
        assertThat(login(front, HOME, "u1", "pass")).startsWith("OK ");
      }
      front.pass(Duration.ofMinutes(121));
      guess(front, "u1");
      assertThat(login(front, HOME, "u1", "pass")).isEqualTo(WAIT);
    }
  }

  /// The backend is asked once about u2, and lends its connection.
  @ParameterizedTest
  @CsvSource({"1024, false", "65536, true"})
  void onlySoManyDevicesAreKnown(int devices, boolean first) throws IOException {
    try (FrontEnd front = front("patience: 0s, max-delay: 1m, forget: 1h, devices: " + devices)) {
      assertThat(login(front, HOME, "u1", "pass")).startsWith("OK ");
      for (int i = 0; i < MANY; i++) {
        assertThat(login(front, nth(i), "u2", "known")).startsWith("OK ");
      }
      guess(front, "u1");
      assertThat(login(front, HOME, "u1", "pass").startsWith("OK ")).isEqualTo(first);
      guess(front, "u2");
      assertThat(login(front, nth(MANY - 1), "u2", "known")).startsWith("OK ");
      assertThat(login(front, HOME, "u2", "known")).isEqualTo(WAIT);
    }
  }

  @ParameterizedTest
  @CsvSource({"1024, false", "131072, true"})
  void onlySoManyFailuresAreRemembered(int remembered, boolean single) throws IOException {
    try (FrontEnd front =
        front("patience: 0s, forget: 24h, max-delay: 10m, remembered: " + remembered)) {
      for (int minutes : new int[] {0, 0, 1, 2, 4}) { // it has to wait for 8 then
        front.pass(Duration.ofMinutes(minutes));
        assertThat(login(front, "203.0.113.2", "x" + guessers++, "x")).isEqualTo(WRONG);
      }
      assertThat(login(front, "203.0.113.1", "eve", "x")).isEqualTo(WRONG);
      for (int i = 0; i < MANY; i++) {
        assertThat(login(front, nth(i), "user" + i, "x")).isEqualTo(WRONG);
      }
      assertThat(login(front, "203.0.113.2", "dan", "x")).as("of the most").isEqualTo(WAIT);
      assertThat(login(front, "203.0.113.1", "fay", "x")).isEqualTo(WRONG);
      assertThat(login(front, "203.0.113.1", "guy", "x")).isEqualTo(single ? WAIT : WRONG);
    }
  }

  @Test
  void aFailureIsForgottenInItsTime() throws IOException {
    try (FrontEnd front = front("patience: 0s, max-delay: 1m, forget: 1h")) {
      assertThat(login(front, HOME, "eve", "x")).isEqualTo(WRONG);
      assertThat(login(front, HOME, "bob", "x")).isEqualTo(WRONG);
      front.pass(Duration.ofMinutes(30)); // longer than any delay
      assertThat(login(front, HOME, "cid", "x")).isEqualTo(WRONG);
      assertThat(login(front, HOME, "u1", "pass")).isEqualTo(WAIT);
      front.pass(Duration.ofMinutes(151));
      assertThat(login(front, HOME, "dan", "x")).isEqualTo(WRONG);
      assertThat(login(front, HOME, "u1", "pass")).startsWith("OK ");
    }
  }

  @Test
  void whoWaitsComesInWhenTheDelayIsOver() throws IOException {
    try (FrontEnd front = front("max-delay: 2m, forget: 10m, patience: 1m");
        ImapClient client = BehindProxy.version1(front.plain(), HOME)) {
      guess(front, "u1");
      startLogin(client);
      front.pass(Duration.ofSeconds(40));
      client.expectSilence(Duration.ofMillis(300));
      front.pass(Duration.ofSeconds(20));
      assertThat(client.readUntilTagged("b").getLast()).startsWith("b OK ");
    }
  }

  @Test
  void whoseDelayIsLongerThanItsPatienceIsRefusedBehindThat() throws IOException {
    try (FrontEnd front = front("max-delay: 2m, forget: 10m, patience: 10s");
        ImapClient client = BehindProxy.version1(front.plain(), HOME)) {
      guess(front, "u1");
      startLogin(client);
      front.pass(Duration.ofSeconds(10));
      assertThat(client.readUntilTagged("b")).containsExactly("b " + WAIT);
    }
  }

  /// Of u1, who has to wait.
  private static void startLogin(ImapClient client) {
    client.send("a NOOP\r\nb LOGIN u1 pass\r\n").readUntilTagged("a");
    client.expectSilence(Duration.ofMillis(300));
  }

  private FrontEnd front(String throttle) throws IOException {
    Path users =
        Files.writeString(
            directory.resolve("users"), "u1:{PLAIN}pass\nu2:{PLAIN}known::::::pass=pass\n");
    return FrontEnd.of(
        """
        listen: [ { address: "127.0.0.1:0", tls: none, proxy-protocol-from: [ 127.0.0.1 ] } ]
        backends: { mx: { address: "127.0.0.1:%d", tls: none, health: { check: none } } }
        directory: [ { file: { path: %s } } ]
        throttle: { free: %d, delay: 1m, %s }
        """
            .formatted(dovecot.imapPort(), users, FREE, throttle));
  }

  /// As many tries as are free, each from somewhere else.
  private void guess(FrontEnd front, String user) throws IOException {
    for (int i = 0; i < FREE; i++) {
      assertThat(login(front, "198.51.100." + ++guessers, user, "x")).isEqualTo(WRONG);
    }
  }

  private static String nth(int address) {
    return "10.1." + address / 250 + "." + address % 250;
  }

  /// The answer to a login on a connection of its own, without its tag.
  private static String login(FrontEnd front, String from, String user, String password)
      throws IOException {
    try (ImapClient client = BehindProxy.version1(front.plain(), from)) {
      String answer = client.command("LOGIN " + user + " " + password).getLast();
      return answer.substring(answer.indexOf(' ') + 1);
    }
  }
}
