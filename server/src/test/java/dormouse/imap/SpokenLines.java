package dormouse.imap;

import static java.nio.charset.StandardCharsets.UTF_8;

import dormouse.testkit.Deflated;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;

/// The test's end of one connection: lines heard, bytes said. Blocks; for one thread.
final class SpokenLines implements AutoCloseable {
  static final String END = "(closed)";
  static final String NOTHING = "(nothing)";
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final int SAID_AT_ONCE = 64 << 10;

  private final Socket socket;
  private final Socket wire;
  private final InputStream raw;
  private InputStream in;
  private OutputStream out;
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();

  SpokenLines(Socket socket) throws IOException {
    this(socket, socket);
  }

  /// @param wire what carries the other, which may have TLS
  SpokenLines(Socket socket, Socket wire) throws IOException {
    this.socket = socket;
    this.wire = wire;
    this.raw = new BufferedInputStream(socket.getInputStream());
    this.in = raw;
    this.out = socket.getOutputStream();
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

  /// From now on both directions are deflated.
  void compress() {
    in = Deflated.in(in);
    out = Deflated.out(out);
  }

  /// Whether something waits to be heard.
  boolean hasSpoken() {
    try {
      return raw.available() > 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// How many bytes the kernel has for it.
  int waitingBytes() {
    try {
      return wire.getInputStream().available();
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
        int b = in.read();
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
    } catch (SocketException | EOFException _) { // reset, or in the middle of what is deflated
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

  void say(List<String> lines) {
    byte[] bytes = (String.join("\r\n", lines) + "\r\n").getBytes(UTF_8);
    say(bytes, 0, bytes.length);
  }

  void say(byte[] bytes, int from, int to) {
    try {
      out.write(bytes, from, to - from);
      out.flush();
    } catch (IOException _) {
      // the other end has closed: what is heard next tells
    }
  }

  /// Says as much of it as the kernel takes now.
  void sayWhatFits(ByteBuffer bytes) {
    SocketChannel channel = socket.getChannel();
    try {
      channel.configureBlocking(false);
      int said;
      do {
        int length = Math.min(SAID_AT_ONCE, bytes.remaining());
        said = channel.write(bytes.slice(bytes.position(), length));
        bytes.position(bytes.position() + said);
      } while (said > 0);
      channel.configureBlocking(true);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Closes at once, with a reset if anything was not read.
  @Override
  public void close() {
    try {
      wire.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
