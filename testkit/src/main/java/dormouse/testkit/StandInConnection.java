package dormouse.testkit;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// The server's end of one connection to a [StandInBackend]. In its transcript `B: ` is what the backend
/// says and `F: ` what it hears, from the front end. Blocks; for one thread at a time.
public final class StandInConnection implements AutoCloseable {
  private final Conversation conversation;
  private final @Nullable SelfSigned tls;
  private Duration patience = ImapClient.PATIENCE;

  StandInConnection(Socket socket, @Nullable SelfSigned tls) throws IOException {
    this.conversation = new Conversation(socket, "B: ", "F: ");
    this.tls = tls;
  }

  /// From now on commands may take this long.
  public StandInConnection patience(Duration patience) {
    this.patience = patience;
    return this;
  }

  /// Says these lines, a CRLF after each, in one write.
  public StandInConnection say(String... lines) {
    return send(String.join("\r\n", lines) + "\r\n");
  }

  /// Sends this text and nothing more (no CRLF is added), in one write.
  public StandInConnection send(String text) {
    conversation.send(text.getBytes(StandardCharsets.ISO_8859_1));
    return this;
  }

  /// Sends these bytes and nothing more, in one write.
  public StandInConnection send(byte[] bytes) {
    conversation.send(bytes);
    return this;
  }

  /// Greets with these capabilities.
  public StandInConnection greet(String capabilities) {
    return say("* OK [CAPABILITY " + capabilities + "] Stand-in ready");
  }

  /// The next command, whole: a synchronizing literal is asked for with `+ go on`.
  public String read() {
    try {
      String command =
          conversation.readMessage(System.nanoTime() + patience.toNanos(), () -> say("+ go on"));
      if (command == null) {
        throw failure("no command within " + patience, null);
      }
      return command;
    } catch (IOException e) {
      throw failure("the connection ended", e);
    }
  }

  /// The next line must be exactly this, tag and all.
  public StandInConnection expect(String line) {
    String heard = read();
    if (!heard.equals(line)) {
      throw failure("expected: " + line + "\n   heard: " + heard, null);
    }
    return this;
  }

  /// The next command must be this, whatever its tag (upper and lower case alike); returns the tag.
  public String expectCommand(String command) {
    String heard = read();
    int space = heard.indexOf(' ');
    if (space < 0
        || !heard
            .substring(space + 1)
            .toUpperCase(Locale.ROOT)
            .equals(command.toUpperCase(Locale.ROOT))) {
      throw failure("expected: (tag) " + command + "\n   heard: " + heard, null);
    }
    return heard.substring(0, space);
  }

  /// The next command must match this regular expression, whatever its tag; returns the tag.
  public String expectMatch(String regex) {
    String heard = read();
    int space = heard.indexOf(' ');
    if (space < 0 || !heard.substring(space + 1).matches("(?si)" + regex)) {
      throw failure("expected to match: (tag) " + regex + "\n   heard: " + heard, null);
    }
    return heard.substring(0, space);
  }

  /// Greets, and lets in whoever logs in by PLAIN with an initial response (RFC 4959).
  public StandInConnection letIn() {
    greet("IMAP4rev1 SASL-IR AUTH=PLAIN");
    String tag = expectMatch("AUTHENTICATE PLAIN .*");
    return say(tag + " OK [CAPABILITY IMAP4rev1] Logged in");
  }

  /// Expects this command and says these untagged lines, then `OK` with its tag.
  public StandInConnection answer(String command, String... untagged) {
    String tag = expectCommand(command);
    for (String line : untagged) {
      say(line);
    }
    return say(tag + " OK done");
  }

  /// Fails if the front end says anything, or closes, within this time.
  public StandInConnection expectSilence(Duration during) {
    try {
      String heard = conversation.readMessage(System.nanoTime() + during.toNanos(), () -> {});
      if (heard != null) {
        throw failure("expected silence, heard: " + heard, null);
      }
      return this;
    } catch (IOException e) {
      throw failure("the connection ended", e);
    }
  }

  /// Waits until the front end closes; it must say nothing but LOGOUT before.
  public void expectClosed() {
    try {
      String heard = conversation.readLine(System.nanoTime() + patience.toNanos());
      if (heard != null && heard.toUpperCase(Locale.ROOT).endsWith(" LOGOUT")) {
        heard = conversation.readLine(System.nanoTime() + patience.toNanos());
      }
      throw failure(
          heard == null ? "expected the connection to end" : "expected the end, heard: " + heard,
          null);
    } catch (IOException _) {
      conversation.note("closed");
    }
  }

  /// Handshakes as the server; only in a backend started with a certificate.
  public StandInConnection startTls() {
    if (tls == null) {
      throw new IllegalStateException("this backend has no certificate");
    }
    try {
      conversation.upgraded(tls.over(conversation.socket()));
      return this;
    } catch (IOException e) {
      throw failure("the TLS handshake failed", e);
    }
  }

  /// Ends the connection with a reset.
  public void reset() {
    conversation.reset();
  }

  /// The conversation so far (its last 200 lines).
  public String transcript() {
    return conversation.transcript();
  }

  /// An [AssertionError] with this message and the transcript.
  public AssertionError failure(String message, @Nullable Throwable cause) {
    return conversation.failure(message, cause);
  }

  @Override
  public void close() {
    conversation.close();
  }
}
