package dormouse.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.mail.Flags;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EmbeddedBackendTest {
  private static final Duration SOON = Duration.ofSeconds(10);
  private static final String MESSAGE = "From: a@example.org\r\nSubject: hi\r\n\r\nHello\r\n";

  private final EmbeddedBackend backend = EmbeddedBackend.start();

  @BeforeEach
  void addAnn() {
    backend.addUser("ann", "pass");
    backend.append("ann", "INBOX", MESSAGE, Flags.Flag.SEEN);
  }

  @AfterEach
  void stop() {
    backend.close();
  }

  @Test
  void clientsReadTheirMail() {
    try (var client = backend.client("ann")) {
      assertThat(client.ok("SELECT INBOX")).contains("* 1 EXISTS");
      assertThat(client.ok("FETCH 1 (FLAGS BODY.PEEK[TEXT])"))
          .containsExactly("* 1 FETCH (FLAGS (\\Seen) BODY[TEXT] {5}\r\nHello)");
      assertThat(backend.connections()).isEqualTo(1);
      client.logout();
    }
    Wait.until("the connection is gone", SOON, () -> backend.connections() == 0);
  }

  @Test
  void whatHappensBehindItsBackReachesAnIdlingClient() {
    try (var client = backend.client("ann")) {
      client.ok("SELECT INBOX");
      client.startIdle();
      backend.expunge("ann", "INBOX", appendedAndHeard(client));
      assertThat(client.readUntil(line -> line.endsWith(" EXPUNGE"), SOON)).isNotEmpty();
      client.done();
    }
  }

  /// GreenMail says `+` a moment before it listens: of what comes in between it tells with the next.
  private long appendedAndHeard(ImapClient client) {
    for (int messages = 2; messages < 10; messages++) {
      long uid = backend.append("ann", "INBOX", MESSAGE);
      String heard = client.readResponseOrNull(System.nanoTime() + SOON.toNanos() / 10);
      if (heard != null) {
        assertThat(heard).isEqualTo("* " + messages + " EXISTS");
        return uid;
      }
    }
    throw client.failure("no message was told of", null);
  }

  @Test
  void mailOutlivesARestart() {
    try (var client = backend.client("ann")) {
      backend.stop();
      client.expectClosed();
    }
    backend.restart();
    try (var client = backend.client("ann")) {
      assertThat(client.ok("SELECT INBOX")).contains("* 1 EXISTS");
    }
  }
}
