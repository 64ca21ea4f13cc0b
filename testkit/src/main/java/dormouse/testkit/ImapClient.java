package dormouse.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// A scripted IMAP client that sends and shows bytes exactly as they are.
///
/// Text is ISO-8859-1, so that each char is one byte. What the server does wrong (silence, a closed
/// connection, an unexpected answer) is an [AssertionError] that shows the conversation so far.
/// Blocks; for one thread at a time.
public final class ImapClient implements AutoCloseable {
  /// How long an answer may take unless the caller says otherwise.
  public static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Conversation conversation;
  private final String host;
  private Duration patience = PATIENCE;
  private String greeting = "";
  private int commands;
  private String idleTag = "";

  private ImapClient(Socket socket, String host) throws IOException {
    this.host = host;
    this.conversation = new Conversation(socket, "C: ", "S: ");
  }

  /// Connects, starts TLS as the endpoint says, and reads the greeting.
  public static ImapClient connect(Endpoint endpoint) {
    return connect(endpoint, new InetSocketAddress(0), endpoint.host());
  }

  /// Connects from an address of this machine, as one of 127.0.0.0/8, and asks for a server by name (SNI).
  public static ImapClient connect(Endpoint endpoint, String from, String serverName) {
    return connect(endpoint, new InetSocketAddress(from, 0), serverName);
  }

  private static ImapClient connect(Endpoint endpoint, InetSocketAddress from, String serverName) {
    var socket = new Socket();
    try {
      socket.setTcpNoDelay(true);
      socket.bind(from);
      socket.connect(
          new InetSocketAddress(endpoint.host(), endpoint.port()), (int) PATIENCE.toMillis());
      if (endpoint.tls() == Endpoint.Tls.IMPLICIT) {
        socket.setSoTimeout((int) PATIENCE.toMillis());
        socket = TrustingTls.over(socket, serverName);
      }
      return greeted(new ImapClient(socket, endpoint.host()), endpoint.tls());
    } catch (IOException e) {
      close(socket);
      throw new UncheckedIOException("cannot connect to " + endpoint, e);
    }
  }

  /// Takes over a connected socket and reads the greeting.
  public static ImapClient over(Socket socket) {
    try {
      return greeted(new ImapClient(socket, "127.0.0.1"), Endpoint.Tls.NONE);
    } catch (IOException e) {
      close(socket);
      throw new UncheckedIOException(e);
    }
  }

  private static void close(Socket socket) {
    try {
      socket.close();
    } catch (IOException _) {
      // it is gone either way
    }
  }

  private static ImapClient greeted(ImapClient client, Endpoint.Tls tls) {
    try {
      client.greeting = client.readResponse();
      if (tls == Endpoint.Tls.STARTTLS) {
        client.startTls();
      }
      return client;
    } catch (AssertionError e) {
      client.close();
      throw e;
    }
  }

  /// The server's first line.
  public String greeting() {
    return greeting;
  }

  /// Sends STARTTLS and handshakes after its OK.
  public ImapClient startTls() {
    ok("STARTTLS");
    return handshake();
  }

  /// Handshakes at once, whatever was said before.
  public ImapClient handshake() {
    try {
      conversation.socket().setSoTimeout((int) patience.toMillis());
      conversation.upgraded(TrustingTls.over(conversation.socket(), host));
      return this;
    } catch (IOException e) {
      throw failure("the TLS handshake failed", e);
    }
  }

  /// Sends COMPRESS DEFLATE and compresses after its OK.
  public ImapClient compress() {
    ok("COMPRESS DEFLATE");
    try {
      conversation.compressed();
      return this;
    } catch (IOException e) {
      throw failure("the connection ended", e);
    }
  }

  /// From now on answers may take this long.
  public ImapClient patience(Duration patience) {
    this.patience = patience;
    return this;
  }

  /// LOGIN with both as quoted strings; must succeed.
  public ImapClient login(String user, String password) {
    ok("LOGIN " + quoted(user) + " " + quoted(password));
    return this;
  }

  /// Sends these bytes and nothing more, in one write.
  public ImapClient send(byte[] bytes) {
    conversation.send(bytes);
    return this;
  }

  /// Sends this text and nothing more (no CRLF is added), in one write.
  public ImapClient send(String text) {
    return send(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  /// Sends a tagged command and returns its tag. Waits for `+` before each synchronizing literal.
  public String start(String command) {
    String tag = "a" + ++commands;
    sendCommand(tag, command, new ArrayList<>());
    return tag;
  }

  private boolean sendCommand(String tag, String command, List<String> heard) {
    var pieces = CommandPieces.of(tag + " " + command + "\r\n");
    for (String piece : pieces.subList(0, pieces.size() - 1)) {
      send(piece);
      List<String> answers =
          readUntil(line -> line.startsWith("+") || line.startsWith(tag + " "), patience);
      String last = answers.getLast();
      if (!last.startsWith("+")) {
        heard.addAll(answers);
        return false;
      }
      heard.addAll(answers.subList(0, answers.size() - 1));
    }
    send(pieces.getLast());
    return true;
  }

  /// Runs a command: every response up to and with the tagged one, literals folded in.
  ///
  /// A `{n}` literal in the text (with its CRLF and bytes) is sent after the server's `+`.
  public List<String> command(String command) {
    String tag = "a" + ++commands;
    var heard = new ArrayList<String>();
    if (sendCommand(tag, command, heard)) {
      heard.addAll(readUntilTagged(tag));
    }
    return heard;
  }

  /// Runs a command that must succeed: its untagged responses.
  public List<String> ok(String command) {
    List<String> heard = command(command);
    String tagged = heard.removeLast();
    if (!status(tagged).equals("OK")) {
      throw failure("expected OK to " + command + ", heard: " + tagged, null);
    }
    return heard;
  }

  /// Runs a command that must be answered NO or BAD: the tagged answer without its tag.
  public String refused(String command) {
    String tagged = command(command).getLast();
    if (status(tagged).equals("OK")) {
      throw failure("expected NO or BAD to " + command, null);
    }
    return tagged.substring(tagged.indexOf(' ') + 1);
  }

  /// The status word of a tagged or untagged response: OK, NO, BAD…
  public static String status(String response) {
    String[] words = response.split(" ", 3);
    return words.length < 2 ? "" : words[1].toUpperCase(Locale.ROOT);
  }

  /// APPENDs a message (CRLF line ends) with flags such as `\Seen $Junk`, "" for none; must succeed.
  public List<String> append(String mailbox, String flags, String message) {
    String list = flags.isEmpty() ? "" : "(" + flags + ") ";
    return ok(
        "APPEND " + quoted(mailbox) + " " + list + "{" + message.length() + "}\r\n" + message);
  }

  /// Sends IDLE and reads up to the `+`: what was heard before it.
  public List<String> startIdle() {
    idleTag = start("IDLE");
    String tag = idleTag;
    List<String> heard =
        readUntil(line -> line.startsWith("+") || line.startsWith(tag + " "), patience);
    if (!heard.getLast().startsWith("+")) {
      throw failure("expected + to IDLE", null);
    }
    heard.removeLast();
    return heard;
  }

  /// Ends IDLE: every response up to and with its tagged OK.
  public List<String> done() {
    send("DONE\r\n");
    List<String> heard = readUntilTagged(idleTag);
    if (!status(heard.getLast()).equals("OK")) {
      throw failure("expected OK to DONE", null);
    }
    return heard;
  }

  /// Every response up to and with the tagged one.
  public List<String> readUntilTagged(String tag) {
    return readUntil(line -> line.startsWith(tag + " "), patience);
  }

  /// Every response up to and with the first that matches; fails if that takes longer.
  public List<String> readUntil(Predicate<String> wanted, Duration within) {
    long deadline = System.nanoTime() + within.toNanos();
    var heard = new ArrayList<String>();
    do {
      heard.add(readResponse(deadline));
    } while (!wanted.test(heard.getLast()));
    return heard;
  }

  /// The next response must be exactly this.
  public ImapClient expect(String response) {
    String heard = readResponse();
    if (!heard.equals(response)) {
      throw failure("expected: " + response + "\n   heard: " + heard, null);
    }
    return this;
  }

  /// The next response must match this regular expression; returns it.
  public String expectMatch(String regex) {
    String heard = readResponse();
    if (!heard.matches("(?s)" + regex)) {
      throw failure("expected to match: " + regex + "\n   heard: " + heard, null);
    }
    return heard;
  }

  /// Fails if the server says anything, or closes, within this time.
  public ImapClient expectSilence(Duration during) {
    String heard = readResponseOrNull(System.nanoTime() + during.toNanos());
    if (heard != null) {
      throw failure("expected silence, heard: " + heard, null);
    }
    return this;
  }

  /// Reads until the server closes: what it said before.
  public List<String> expectClosed() {
    long deadline = System.nanoTime() + patience.toNanos();
    var heard = new ArrayList<String>();
    while (true) {
      try {
        String line = conversation.readLine(deadline);
        if (line == null) {
          throw failure("expected the server to close", null);
        }
        heard.add(line);
      } catch (IOException _) {
        note("closed");
        return heard;
      }
    }
  }

  /// One line without its CRLF, literals not followed.
  public String readLine() {
    try {
      String line = conversation.readLine(System.nanoTime() + patience.toNanos());
      if (line == null) {
        throw failure("nothing heard within " + patience, null);
      }
      return line;
    } catch (IOException e) {
      throw failure("the connection ended", e);
    }
  }

  /// One response: a line, and for each `{n}` at its end, CRLF, n bytes and the line's next part.
  public String readResponse() {
    return readResponse(System.nanoTime() + patience.toNanos());
  }

  private String readResponse(long deadline) {
    String response = readResponseOrNull(deadline);
    if (response == null) {
      throw failure("nothing (more) heard in time", null);
    }
    return response;
  }

  @Nullable String readResponseOrNull(long deadline) {
    try {
      return conversation.readMessage(deadline, () -> {});
    } catch (IOException e) {
      throw failure("the connection ended", e);
    }
  }

  /// The conversation so far (its last 200 lines).
  public String transcript() {
    return conversation.transcript();
  }

  /// A note in the transcript.
  public ImapClient note(String text) {
    conversation.note(text);
    return this;
  }

  /// The socket as it is, for tests that half-close it or read slowly.
  public Socket socket() {
    return conversation.socket();
  }

  /// Ends the connection with a reset, as a phone does that lost its network and came back.
  public void reset() {
    conversation.reset();
  }

  /// LOGOUT, which must be answered by BYE and OK and followed by the close.
  public void logout() {
    List<String> heard = command("LOGOUT");
    if (heard.stream().noneMatch(line -> line.startsWith("* BYE"))
        || !status(heard.getLast()).equals("OK")) {
      throw failure("expected BYE and OK to LOGOUT", null);
    }
    List<String> more = expectClosed();
    close();
    if (!more.isEmpty()) {
      throw failure("expected nothing after LOGOUT", null);
    }
  }

  @Override
  public void close() {
    conversation.close();
  }

  /// An [AssertionError] with this message and the transcript.
  public AssertionError failure(String message, @Nullable Throwable cause) {
    return conversation.failure(message, cause);
  }

  /// The text as an IMAP quoted string.
  public static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
