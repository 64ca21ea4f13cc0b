package dormouse.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// A mail server that says exactly what a test tells it to, one connection at a time.
///
/// Connections wait in the listen queue, unanswered, until [#accept] takes them: a server that stalls.
/// For one thread at a time, except [#close].
public final class StandInBackend implements AutoCloseable {
  private static final int QUEUE = 100;

  private final int port;
  private final @Nullable SelfSigned tls;
  private @Nullable ServerSocket listener;

  private StandInBackend(int port, @Nullable SelfSigned tls) {
    this.port = port;
    this.tls = tls;
  }

  /// Listens on a free port of 127.0.0.1.
  public static StandInBackend start() {
    return new StandInBackend(FreePort.next(), null).listen();
  }

  /// The same, its connections able to use TLS by this certificate.
  public static StandInBackend start(SelfSigned tls) {
    return new StandInBackend(FreePort.next(), tls).listen();
  }

  /// Where it listens.
  public int port() {
    return port;
  }

  /// Listens again after [#refuse].
  public StandInBackend listen() {
    try {
      var socket = new ServerSocket();
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), QUEUE);
      listener = socket;
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// From now on connections are refused; accepted ones stay.
  public void refuse() {
    var socket = listener;
    if (socket == null) {
      return;
    }
    try {
      socket.close();
      listener = null;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// The next connection, waited for; nothing is said on it yet.
  public StandInConnection accept() {
    return accept(ImapClient.PATIENCE);
  }

  /// The next connection, waited for no longer than this.
  public StandInConnection accept(Duration within) {
    var connection = acceptOrNull(within);
    if (connection == null) {
      throw new AssertionError("no connection within " + within);
    }
    return connection;
  }

  /// Fails if a connection comes within this time.
  public void expectNoConnection(Duration during) {
    var connection = acceptOrNull(during);
    if (connection != null) {
      connection.close();
      throw new AssertionError("a connection came");
    }
  }

  private @Nullable StandInConnection acceptOrNull(Duration within) {
    var socket = listener;
    if (socket == null) {
      throw new IllegalStateException("it refuses connections now");
    }
    try {
      socket.setSoTimeout((int) Math.max(1, within.toMillis()));
      var accepted = socket.accept();
      accepted.setTcpNoDelay(true);
      return new StandInConnection(accepted, tls);
    } catch (SocketTimeoutException _) {
      return null;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Stops listening; accepted connections are their takers' to close.
  @Override
  public void close() {
    refuse();
  }
}
