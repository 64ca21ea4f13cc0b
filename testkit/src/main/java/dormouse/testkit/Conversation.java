package dormouse.testkit;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/// One end of a connection: lines and literals with deadlines, and a transcript of both directions.
///
/// Text is ISO-8859-1, so that each char is one byte. Deadlines are [System#nanoTime] values. Blocks;
/// for one thread at a time, except [#close] and [#transcript].
final class Conversation implements AutoCloseable {
  private static final Pattern LITERAL_AT_END = Pattern.compile("~?\\{(\\d+)(\\+?)}$");
  private static final int TIMEOUT = -2;

  private final Transcript transcript = new Transcript();
  private final String sentMark;
  private final String heardMark;
  private volatile Socket socket;
  private InputStream in;
  private OutputStream out;
  private final ByteArrayOutputStream partialLine = new ByteArrayOutputStream();
  private final StringBuilder partialMessage = new StringBuilder();

  /// Takes over a connected socket. The marks open the transcript's lines: `C: `, `S: `.
  Conversation(Socket socket, String sentMark, String heardMark) throws IOException {
    this.sentMark = sentMark;
    this.heardMark = heardMark;
    this.socket = socket;
    this.in = new BufferedInputStream(socket.getInputStream());
    this.out = socket.getOutputStream();
  }

  /// Goes on over this socket, which was layered over the present one.
  void upgraded(Socket layered) throws IOException {
    socket = layered;
    in = new BufferedInputStream(layered.getInputStream());
    out = layered.getOutputStream();
    note("TLS");
  }

  /// From now on both directions are deflated.
  void compressed() throws IOException {
    in = new BufferedInputStream(Deflated.in(socket.getInputStream()));
    out = Deflated.out(socket.getOutputStream());
    note("COMPRESS");
  }

  Socket socket() {
    return socket;
  }

  /// Sends these bytes and nothing more, in one write.
  void send(byte[] bytes) {
    transcript.add(sentMark, latin1(bytes));
    try {
      out.write(bytes);
      out.flush();
    } catch (IOException e) {
      throw failure("cannot send", e);
    }
  }

  /// One line without its CRLF; null if it is not complete by the deadline, what came of it is kept.
  @Nullable String readLine(long deadline) throws IOException {
    String line = line(deadline);
    if (line != null) {
      transcript.add(heardMark, line);
    }
    return line;
  }

  /// A line, and for each literal at its end CRLF, the octets, and the line's next part; null if it is
  /// not complete by the deadline, what came of it is kept. `beforeLiteral` is run before the octets
  /// of a literal that waits for a continuation (`{n}`).
  @Nullable String readMessage(long deadline, Runnable beforeLiteral) throws IOException {
    while (true) {
      String line = line(deadline);
      if (line == null) {
        return null;
      }
      partialMessage.append(line);
      var literal = LITERAL_AT_END.matcher(line);
      if (!literal.find()) {
        String message = partialMessage.toString();
        partialMessage.setLength(0);
        transcript.add(heardMark, message);
        return message;
      }
      if (literal.group(2).isEmpty()) {
        beforeLiteral.run();
      }
      partialMessage.append("\r\n").append(octets(Integer.parseInt(literal.group(1)), deadline));
    }
  }

  private @Nullable String line(long deadline) throws IOException {
    while (true) {
      int b = read(deadline);
      if (b == TIMEOUT) {
        return null;
      }
      if (b == '\n') {
        String line = latin1(partialLine.toByteArray());
        partialLine.reset();
        if (!line.endsWith("\r")) {
          throw failure("a line ends in a bare LF: " + line, null);
        }
        return line.substring(0, line.length() - 1);
      }
      partialLine.write(b);
    }
  }

  private String octets(int count, long deadline) throws IOException {
    var bytes = new byte[count];
    for (int i = 0; i < count; i++) {
      int b = read(deadline);
      if (b == TIMEOUT) {
        throw failure("a literal of " + count + " bytes stopped after " + i, null);
      }
      bytes[i] = (byte) b;
    }
    return latin1(bytes);
  }

  private int read(long deadline) throws IOException {
    if (in.available() == 0) {
      long leftMillis = (deadline - System.nanoTime()) / 1_000_000;
      socket.setSoTimeout((int) Math.max(1, leftMillis));
    }
    try {
      int b = in.read();
      if (b < 0) {
        throw new IOException("closed by the other side");
      }
      return b;
    } catch (SocketTimeoutException _) {
      return TIMEOUT;
    }
  }

  /// A note in the transcript.
  void note(String text) {
    transcript.add("@ ", text);
  }

  /// Ends the connection with a reset.
  void reset() {
    try {
      socket.setSoLinger(true, 0);
    } catch (IOException _) {
      // already closed
    }
    close();
  }

  @Override
  public void close() {
    try {
      if (socket instanceof SSLSocket) {
        socket.setSoTimeout(1); // it waits that long for the other side's close_notify
      }
      socket.close();
    } catch (IOException _) {
      // it is gone either way
    }
  }

  /// The last lines of both directions.
  String transcript() {
    return transcript.toString();
  }

  /// An error with this message and the transcript.
  AssertionError failure(String message, @Nullable Throwable cause) {
    String why = cause == null ? "" : " (" + cause + ")";
    return new AssertionError(message + why + "\n--- the conversation\n" + transcript, cause);
  }

  private static String latin1(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }
}
