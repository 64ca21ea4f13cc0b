package dormouse.testkit;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// Stands before an LDAP server, without TLS, and keeps searches from it when it is told to: it is connected to and bound then, and silent on what
/// it is asked. The root DSE is still read. Any thread.
public final class LdapRelay implements AutoCloseable {
  private static final int SEARCH = 0x63; // RFC 4511 §4.5.1

  private final ServerSocket listener;
  private final int server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final AtomicInteger swallowed = new AtomicInteger();
  private volatile @Nullable String swallows;

  private LdapRelay(ServerSocket listener, int server) {
    this.listener = listener;
    this.server = server;
  }

  /// Starts one on a free port.
  ///
  /// @param url of a server of 127.0.0.1
  public static LdapRelay before(String url) {
    try {
      var listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
      var relay = new LdapRelay(listener, URI.create(url).getPort());
      relay.threads.execute(relay::accept);
      return relay;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public String url() {
    return "ldap://127.0.0.1:" + listener.getLocalPort();
  }

  /// Passes on no searches any more that have this in them; null: all again.
  public void swallow(@Nullable String text) {
    swallows = text;
  }

  /// How many searches were not passed on.
  public int swallowed() {
    return swallowed.get();
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket client = listener.accept();
        threads.execute(() -> relay(client));
      } catch (IOException _) {
        return; // closed
      }
    }
  }

  private void relay(Socket client) {
    try (client;
        Socket to = new Socket(InetAddress.getLoopbackAddress(), server)) {
      threads.execute(() -> answers(to, client));
      requests(client, to);
    } catch (IOException _) {
      // one of them has gone
    }
  }

  private static void answers(Socket from, Socket client) {
    try (client) {
      from.getInputStream().transferTo(client.getOutputStream());
    } catch (IOException _) {
      // one of them has gone
    }
  }

  private void requests(Socket client, Socket to) throws IOException {
    var in = new DataInputStream(new BufferedInputStream(client.getInputStream()));
    OutputStream out = to.getOutputStream();
    while (true) {
      byte[] message = message(in);
      if (isSwallowed(message)) {
        swallowed.incrementAndGet();
      } else {
        out.write(message);
      }
    }
  }

  /// An LDAPMessage, whole: a SEQUENCE in BER.
  private static byte[] message(DataInputStream in) throws IOException {
    int tag = in.readUnsignedByte();
    int first = in.readUnsignedByte();
    byte[] size = new byte[first < 0x80 ? 0 : first - 0x80];
    in.readFully(size);
    int length = first < 0x80 ? first : 0;
    for (byte each : size) {
      length = (length << 8) | (each & 0xff);
    }
    byte[] message = new byte[2 + size.length + length];
    message[0] = (byte) tag;
    message[1] = (byte) first;
    System.arraycopy(size, 0, message, 2, size.length);
    in.readFully(message, 2 + size.length, length);
    return message;
  }

  private boolean isSwallowed(byte[] message) {
    String wanted = swallows;
    int id = body(message, 0);
    int request = id + 2 + message[id + 1];
    return wanted != null
        && (message[request] & 0xff) == SEARCH
        && message[body(message, request) + 1] != 0 // the base; that of the root DSE is empty
        && new String(message, StandardCharsets.UTF_8).contains(wanted);
  }

  /// Where the content of the element begins that begins at this place.
  private static int body(byte[] message, int at) {
    int first = message[at + 1] & 0xff;
    return at + 2 + (first < 0x80 ? 0 : first - 0x80);
  }

  @Override
  public void close() {
    try {
      listener.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    threads.shutdownNow();
  }
}
