package dormouse.imap;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;

/// The test's end of one connection: lines heard, bytes said. Blocks; for one thread.
final class SpokenLines implements AutoCloseable {
  static final String END = "(closed)";
  static final String NOTHING = "(nothing)";
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final Socket socket;
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();

  SpokenLines(Socket socket) throws IOException {
    this.socket = socket;
    socket.setTcpNoDelay(true);
  }

  /// The next line without its CRLF; [#END] when the connection has ended, [#NOTHING] if none comes.
  String hear() {
    return hear(PATIENCE);
  }

  /// The same, without waiting for more than is there.
  String hearWhatIsThere() {
    return hear(Duration.ofMillis(1));
  }

  /// Whether something waits to be heard.
  boolean hasSpoken() {
    try {
      return socket.getInputStream().available() > 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String hear(Duration within) {
    long deadline = System.nanoTime() + within.toNanos();
    try {
      while (true) {
        long millis = Math.max(1, (deadline - System.nanoTime()) / 1_000_000);
        socket.setSoTimeout((int) millis);
        int b = socket.getInputStream().read();
        if (b < 0) {
          return line.size() > 0 ? take() : END;
        }
        if (b == '\n') {
          return take();
        }
        line.write(b);
      }
    } catch (SocketTimeoutException _) {
      return line.size() > 0 ? take() : NOTHING;
    } catch (SocketException _) { // reset
      return END;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String take() {
    String text = line.toString(UTF_8);
    line.reset();
    return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
  }

  void say(byte[] bytes, int from, int to) {
    try {
      OutputStream out = socket.getOutputStream();
      out.write(bytes, from, to - from);
      out.flush();
    } catch (IOException _) {
      // the other end has closed: what is heard next tells
    }
  }

  /// Closes at once, with a reset if anything was not read.
  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
