package dormouse.imap;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.ops.Metrics;
import dormouse.testkit.Deflated;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// COMPRESS=DEFLATE before a Dovecot that does not offer it. The scenarios of HIBERNATION §10 are named by their numbers.
class CompressIT {
  private static DovecotServer dovecot;

  @BeforeAll
  static void startDovecot() {
    dovecot = DovecotServer.start();
  }

  @AfterAll
  static void stopDovecot() {
    dovecot.close();
  }

  @Test
  void itIsOfferedToEveryClientThatHasLoggedIn() {
    try (Stage stage = Stage.before(dovecot)) {
      ImapClient client = ImapClient.connect(stage.front().tls());
      assertThat(client.greeting()).doesNotContain("COMPRESS");
      assertThat(client.refused("COMPRESS DEFLATE")).startsWith("BAD");

      client.login(stage.user(), DovecotServer.PASSWORD);

      assertThat(client.ok("CAPABILITY").getFirst()).containsOnlyOnce("COMPRESS=DEFLATE");
      client.compress();
      assertThat(client.refused("COMPRESS DEFLATE")).startsWith("NO [COMPRESSIONACTIVE]");
      client.logout();
    }
  }

  // T27
  @Test
  void aCompressedClientSleepsIsToldAndWakes() {
    try (Stage stage = Stage.before(dovecot).fill(3)) {
      ImapClient client = stage.front().client(stage.user(), DovecotServer.PASSWORD).compress();
      client.ok("SELECT INBOX");
      for (int round = 4; round < 8; round++) {
        client.startIdle();
        stage.awaitAsleep(1);
        stage.other().append("INBOX", "", Stage.message(round));
        client.expect("* " + round + " EXISTS").expectMatch("\\* \\d+ RECENT");
        client.done();
        assertThat(client.ok("UID FETCH " + round + " BODY.PEEK[]").getFirst())
            .contains(Stage.message(round));
      }
      client.logout();
    }
  }

  /// What comes in one segment behind COMPRESS is deflated already.
  @Test
  void aClientThatDoesNotWaitForTheOkIsUnderstood() {
    try (Stage stage = Stage.before(dovecot)) {
      ImapClient client = stage.front().client(stage.user(), DovecotServer.PASSWORD);
      client.send(behindCompress("x2 LOGOUT\r\n"));

      client.expect("x1 OK DEFLATE active");
      assertThat(client.expectClosed()).isNotEmpty();
      assertThat(stage.metric("dormouse_closes_total{reason=\"client-logout\"}")).isEqualTo(1);
    }
  }

  @Test
  void whatIsNotDeflatedEndsTheSession() {
    try (Stage stage = Stage.before(dovecot)) {
      ImapClient client = stage.front().client(stage.user(), DovecotServer.PASSWORD);
      client.send("x1 COMPRESS DEFLATE\r\n/2 NOOP\r\n");

      client.expect("x1 OK DEFLATE active");
      assertThat(client.expectClosed().getLast()).endsWith("* BYE This is not deflated");
      assertThat(stage.metric("dormouse_closes_total{reason=\"protocol-error\"}")).isEqualTo(1);
    }
  }

  /// Fifteen megabytes in some kilobytes, as one command without end.
  @Test
  void aBombCostsNothing() {
    try (Stage stage = Stage.before(dovecot)) {
      ImapClient client = stage.front().client(stage.user(), DovecotServer.PASSWORD);
      client.send(behindCompress("a NOOP ".repeat(2 << 20)));

      client.expect("x1 OK DEFLATE active");
      assertThat(client.expectClosed().getLast()).endsWith("* BYE Command line too long");
      stage
          .front()
          .await(
              () -> stage.front().sessions(Metrics.State.ATTACHED) == 0, "the end of the session");
      assertThat(stage.metric("dormouse_relayed_bytes_total{direction=\"client-to-backend\"}"))
          .isLessThan(1 << 20);
    }
  }

  private static byte[] behindCompress(String plain) {
    ByteArrayOutputStream segment = new ByteArrayOutputStream();
    segment.writeBytes("x1 COMPRESS DEFLATE\r\n".getBytes(ISO_8859_1));
    try (OutputStream deflated = Deflated.out(segment)) {
      deflated.write(plain.getBytes(ISO_8859_1));
      deflated.flush();
      return segment.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
