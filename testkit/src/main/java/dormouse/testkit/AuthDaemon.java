package dormouse.testkit;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.ObjIntConsumer;
import org.jspecify.annotations.Nullable;

/// An HTTP auth daemon of nginx's mail proxy (auth_http) that keeps the exact bytes of each request and answers as it is
/// told, on a port of 127.0.0.1.
///
/// Text is ISO-8859-1, so that each char is one byte. Any thread.
public final class AuthDaemon implements AutoCloseable {
  private static final int QUEUE = 1024;
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final int MAX_REQUEST_BYTES = 64 * 1024;

  /// What it says to a request. Called on a thread of the request's connection.
  public interface Script {
    /// @param request never null
    Answer answer(Request request);
  }

  /// A request, from its first line to the empty line that ends it.
  ///
  /// @param text all of it, byte for byte
  /// @param connection which connection it came on, from 1
  public record Request(String text, int connection) {
    /// The value of a header, by its name as sent; null if there is none.
    public @Nullable String header(String name) {
      return text.lines()
          .filter(line -> line.startsWith(name + ": "))
          .map(line -> line.substring(name.length() + 2))
          .findFirst()
          .orElse(null);
    }
  }

  /// What is sent back.
  ///
  /// @param text byte for byte
  /// @param after so long after the request
  /// @param then what becomes of the connection
  public record Answer(String text, Duration after, Then then) {
    /// What becomes of the connection.
    public enum Then {
      /// It is closed.
      CLOSE,
      /// The next request may come on it.
      KEEP
    }

    /// A response with these header lines, after which the connection is closed.
    public static Answer of(String... headers) {
      return new Answer("HTTP/1.0 200 OK\r\n" + lines(headers) + "\r\n", Duration.ZERO, Then.CLOSE);
    }

    /// The same for a connection that is kept (HTTP/1.1).
    public static Answer kept(String... headers) {
      return new Answer(
          "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + lines(headers) + "\r\n",
          Duration.ZERO,
          Then.KEEP);
    }

    /// This text and the close.
    public static Answer raw(String text) {
      return new Answer(text, Duration.ZERO, Then.CLOSE);
    }

    /// Accepts, and names a backend on this machine.
    public static Answer accept(int port) {
      return of("Auth-Status: OK", "Auth-Server: 127.0.0.1", "Auth-Port: " + port);
    }

    /// The same, so much later.
    public Answer after(Duration delay) {
      return new Answer(text, delay, then);
    }

    private static String lines(String... headers) {
      StringBuilder lines = new StringBuilder();
      for (String header : headers) {
        lines.append(header).append("\r\n");
      }
      return lines.toString();
    }
  }

  private final int port;
  private final List<Request> requests = new ArrayList<>();
  private final Set<Closeable> connections = ConcurrentHashMap.newKeySet();
  private final AtomicInteger accepted = new AtomicInteger();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final @Nullable SelfSigned tls;
  private volatile Script script;
  private @Nullable ServerSocket listener;
  private @Nullable ServerSocketChannel local;
  private @Nullable Thread acceptor;

  private AuthDaemon(int port, @Nullable SelfSigned tls, Script script) {
    this.port = port;
    this.tls = tls;
    this.script = script;
  }

  /// Starts one.
  public static AuthDaemon start(Script script) {
    AuthDaemon daemon = new AuthDaemon(FreePort.next(), null, script);
    daemon.listen();
    return daemon;
  }

  /// Starts one that is reached by TLS alone.
  public static AuthDaemon start(SelfSigned tls, Script script) {
    AuthDaemon daemon = new AuthDaemon(FreePort.next(), tls, script);
    daemon.listen();
    return daemon;
  }

  /// From now on it answers like this.
  public AuthDaemon script(Script other) {
    script = other;
    return this;
  }

  /// How many connections are open.
  public int open() {
    return connections.size();
  }

  /// Where it listens.
  public int port() {
    return port;
  }

  /// Listens again after [#refuse].
  public synchronized void listen() {
    try {
      ServerSocket socket = new ServerSocket();
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), QUEUE);
      listener = socket;
      acceptor = acceptAll(socket::accept, this::serve);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Answers at a socket in the file system, too, until it is closed.
  public synchronized AuthDaemon alsoAt(Path socket) {
    try {
      ServerSocketChannel here = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      here.bind(UnixDomainSocketAddress.of(socket), QUEUE);
      local = here;
      acceptAll(here::accept, this::serve);
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// From now on connections are refused, and those that are open are closed.
  public synchronized void refuse() {
    ServerSocket socket = listener;
    listener = null;
    if (socket != null && acceptor != null) {
      close(socket);
      try {
        acceptor.join(PATIENCE); // the port is free when it has ended
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
    connections.forEach(AuthDaemon::close);
  }

  /// All requests so far, in the order in which they were complete.
  public List<Request> requests() {
    synchronized (requests) {
      return List.copyOf(requests);
    }
  }

  /// Forgets the requests so far, and returns them.
  public List<Request> takeRequests() {
    synchronized (requests) {
      List<Request> taken = List.copyOf(requests);
      requests.clear();
      return taken;
    }
  }

  /// How many connections it has accepted.
  public int connections() {
    return accepted.get();
  }

  private <T> Thread acceptAll(AcceptLoop.Listener<T> socket, ObjIntConsumer<T> serve) {
    return thread(() ->
        AcceptLoop.run(
            socket,
            connection -> {
              int number = accepted.incrementAndGet();
              thread(() -> serve.accept(connection, number));
            }));
  }

  private static Thread thread(Runnable what) {
    return Thread.ofVirtual().name("auth-daemon").start(what);
  }

  private void serve(Socket accepted, int number) {
    try (Socket connection = tls == null ? accepted : tls.over(accepted)) {
      accepted.setTcpNoDelay(true);
      serve(accepted, connection.getInputStream(), connection.getOutputStream(), number);
    } catch (IOException _) {
      // who asked has gone
    }
  }

  private void serve(SocketChannel accepted, int number) {
    try (accepted) {
      serve(
          accepted, Channels.newInputStream(accepted), Channels.newOutputStream(accepted), number);
    } catch (IOException _) {
      // who asked has gone
    }
  }

  private void serve(Closeable accepted, InputStream from, OutputStream to, int number)
      throws IOException {
    connections.add(accepted);
    try {
      InputStream in = new BufferedInputStream(from);
      while (true) {
        String text = readRequest(in);
        if (text == null) {
          return;
        }
        Request request = new Request(text, number);
        synchronized (requests) {
          requests.add(request);
        }
        Answer answer = script.answer(request);
        if (!answer.after.isZero()
            && closed.await(answer.after.toMillis(), TimeUnit.MILLISECONDS)) {
          return;
        }
        to.write(answer.text.getBytes(StandardCharsets.ISO_8859_1));
        if (answer.then == Answer.Then.CLOSE) {
          return;
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } finally {
      connections.remove(accepted);
    }
  }

  private static @Nullable String readRequest(InputStream in) throws IOException {
    StringBuilder text = new StringBuilder();
    while (text.length() < MAX_REQUEST_BYTES) {
      int b = in.read();
      if (b < 0) {
        return null;
      }
      text.append((char) b);
      if (b == '\n' && text.length() >= 4 && text.substring(text.length() - 4).equals("\r\n\r\n")) {
        return text.toString();
      }
    }
    throw new IOException("an endless request");
  }

  private static void close(AutoCloseable what) {
    try {
      what.close();
    } catch (Exception _) {
      // it is gone either way
    }
  }

  @Override
  public void close() {
    closed.countDown();
    synchronized (this) {
      if (local != null) {
        close(local);
      }
    }
    refuse();
  }
}
