package dormouse.bench;

import dormouse.testkit.AcceptLoop;
import dormouse.testkit.FreePort;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// A mail server with one large message, which everybody has who logs in: it costs little to read it. Any thread.
final class LargeMessages implements AutoCloseable {
  static final int UID_VALIDITY = 7;

  private static final String CAPABILITIES = "CAPABILITY IMAP4rev1 ID";

  private final ServerSocket listener;
  private final byte[] message;

  LargeMessages(byte[] message) {
    this.message = message;
    try {
      listener = new ServerSocket();
      listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), FreePort.next()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Thread.ofVirtual().name("large-messages").start(this::acceptAll);
  }

  int port() {
    return listener.getLocalPort();
  }

  private void acceptAll() {
    AcceptLoop.run(
        listener::accept,
        connection -> Thread.ofVirtual().name("large-messages").start(() -> serve(connection)));
  }

  private void serve(Socket connection) {
    try (connection) {
      connection.setTcpNoDelay(true);
      OutputStream out = connection.getOutputStream();
      var in =
          new BufferedReader(
              new InputStreamReader(connection.getInputStream(), StandardCharsets.ISO_8859_1));
      say(out, "* OK [" + CAPABILITIES + "] ready\r\n");
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        String[] words = line.split(" ", 3);
        String untagged =
            switch (words[1].toUpperCase(Locale.ROOT)) {
              case "CAPABILITY" -> "* " + CAPABILITIES + "\r\n";
              case "SELECT" ->
                  """
                  * FLAGS (\\Seen)\r
                  * 1 EXISTS\r
                  * 0 RECENT\r
                  * OK [UIDVALIDITY %d] it is\r
                  * OK [UIDNEXT 2] it is\r
                  """
                      .formatted(UID_VALIDITY);
              default -> "";
            };
        if (words[1].equals("UID")) {
          say(out, "* 1 FETCH (UID 1 BODY[] {" + message.length + "}\r\n");
          out.write(message);
          untagged = ")\r\n";
        }
        say(out, untagged + words[0] + " OK done\r\n");
      }
    } catch (IOException _) {
      // who came has gone
    }
  }

  private static void say(OutputStream out, String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  @Override
  public void close() {
    try {
      listener.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
