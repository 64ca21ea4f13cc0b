package dormouse;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.testkit.DovecotServer;
import dormouse.testkit.Endpoint;
import dormouse.testkit.FreePort;
import dormouse.testkit.ImapClient;
import dormouse.testkit.Wait;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A Dormouse of its own process that is told to end.
final class StopIT {
  private static final int LARGE = 30 << 20; // more than there is room for on the way
  private static final int TERMINATED = 128 + 15;

  @TempDir Path directory = Path.of("");

  private final int port = FreePort.next();

  @Test
  void whoIsInTheMiddleOfAMessageHearsItToItsEnd() throws Exception {
    try (DovecotServer dovecot = DovecotServer.start()) {
      String message = "Subject: Large\r\n\r\n" + ("x".repeat(70) + "\r\n").repeat(LARGE / 72);
      try (ImapClient direct = dovecot.client("u1")) {
        direct.append("INBOX", "", message);
      }
      try (OwnProcess process = OwnProcess.serving(settings(dovecot))) {
        Wait.until("it serves", OwnProcess.SOON, this::accepts);
        try (ImapClient client = client();
            ImapClient idle = client()) {
          idle.startIdle();
          client.ok("SELECT INBOX");
          client.send("x FETCH 1 (BODY.PEEK[])\r\n");
          InputStream in = client.socket().getInputStream();
          String first = "* 1 FETCH (BODY[] {" + message.length() + "}\r\n";
          assertThat(heard(in, first.length())).isEqualTo(first);

          process.signal("TERM");
          idle.expect("* BYE Server shutting down.");
          assertThat(idle.expectClosed()).isEmpty();
          Wait.until("it accepts nobody", OwnProcess.SOON, () -> !accepts());

          assertThat(heard(in, message.length()).equals(message)).isTrue(); // too long to be shown
          assertThat(new String(in.readAllBytes(), ISO_8859_1))
              .matches("\\)\r\nx OK [^\r]*\r\n\\* BYE Server shutting down\\.\r\n");
        }
        assertThat(process.awaitEnd()).isEqualTo(TERMINATED);
        process.awaitLog("INFO  stopped", 1);
      }
    }
  }

  private static String heard(InputStream in, int bytes) throws IOException {
    return new String(in.readNBytes(bytes), ISO_8859_1);
  }

  private Path settings(DovecotServer dovecot) throws IOException {
    return Files.writeString(
        directory.resolve("dormouse.yaml"),
        """
        listen: [ { address: "127.0.0.1:%d", tls: none } ]
        backends: { mx: { address: "127.0.0.1:%d", tls: none } }
        admin: { address: none }
        runtime: { state-dir: ., drain: 1m }
        """
            .formatted(port, dovecot.imapPort()));
  }

  private ImapClient client() {
    return ImapClient.connect(Endpoint.plain(port)).login("u1", DovecotServer.PASSWORD);
  }

  private boolean accepts() {
    try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return true;
    } catch (IOException _) {
      return false;
    }
  }
}
