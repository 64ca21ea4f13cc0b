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

/// Stands before an LDAP server, without TLS, and keeps requests from it when it is told to: it is connected to then, and answers others, and is
/// silent on those. Any thread.
public final class LdapRelay implements AutoCloseable {
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

  /// Passes on no requests any more that have this in them; null: all again.
  public void swallow(@Nullable String text) {
    swallows = text;
  }

  /// How many requests were not passed on.
  public int swallowed() {
    return swallowed.get();
  }

  private void accept() {
    AcceptLoop.run(listener::accept, client -> threads.execute(() -> relay(client)));
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
    return wanted != null && new String(message, StandardCharsets.UTF_8).contains(wanted);
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
