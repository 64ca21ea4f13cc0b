package dormouse.imap;

import dormouse.testkit.FreePort;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.channels.ServerSocketChannel;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The backend of a [SessionStage], which says what the test wants, and perhaps a second one elsewhere: plain sockets on loopback.
/// Their connections have numbers, from 1, in the order in which they are taken. Blocks; for one thread.
final class StageBackends implements AutoCloseable {
  private static final int ACCEPT_MILLIS = 10_000;

  private final int port;
  private @Nullable ServerSocket first; // null while it refuses
  private final @Nullable ServerSocket second;
  private final List<SpokenLines> connections = new ArrayList<>();
  private final Set<Integer> atSecond = new HashSet<>();
  private boolean cameEarly; // the last connection was taken before anybody asked for it

  /// @param elsewhere whether there is a second one
  StageBackends(boolean elsewhere) {
    ServerSocket listening = listen(FreePort.next()); // nobody else's while it refuses
    this.first = listening;
    this.port = listening.getLocalPort();
    this.second = elsewhere ? listen(0) : null;
  }

  /// Its connections have channels, by which they can say what fits.
  private static ServerSocket listen(int port) {
    try {
      ServerSocket socket = ServerSocketChannel.open().socket();
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      return socket;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  int port() {
    return port;
  }

  boolean hasSecond() {
    return second != null;
  }

  int portElsewhere() {
    return Objects.requireNonNull(second, "there is one backend only").getLocalPort();
  }

  /// From now on the first one takes no connections.
  void refuse() {
    if (first != null) {
      close(first);
    }
    first = null;
  }

  /// It takes them again.
  void listen() {
    first = listen(port);
  }

  /// Takes the next connection to any of them; returns its number, or 0 if none comes.
  int accept() {
    return takenEarly() ? count() : accept(ACCEPT_MILLIS);
  }

  /// The same at the second one.
  int acceptElsewhere() {
    return takenEarly() ? count() : accept(second, ACCEPT_MILLIS);
  }

  private boolean takenEarly() {
    boolean taken = cameEarly;
    cameEarly = false;
    return taken;
  }

  /// Takes a connection that waits already; returns whether there was one.
  boolean acceptsAtOnce() {
    return accept(1) > 0;
  }

  /// The same, and [#accept] then returns its number.
  boolean acceptsEarly() {
    cameEarly = cameEarly || acceptsAtOnce();
    return cameEarly;
  }

  private int accept(int withinMillis) {
    int number = accept(first, withinMillis);
    return number > 0 ? number : accept(second, 1);
  }

  private int accept(@Nullable ServerSocket listening, int withinMillis) {
    if (listening == null) {
      return 0;
    }
    try {
      listening.setSoTimeout(withinMillis);
      connections.add(new SpokenLines(listening.accept()));
      if (listening.equals(second)) {
        atSecond.add(count());
      }
      return count();
    } catch (SocketTimeoutException _) {
      return 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// How many connections were taken.
  int count() {
    return connections.size();
  }

  SpokenLines connection(int number) {
    if (number > count()) {
      throw new AssertionError("there is no connection " + number + " yet");
    }
    return connections.get(number - 1);
  }

  /// All that were taken.
  List<SpokenLines> connections() {
    return connections;
  }

  /// Whether a connection reached the second one.
  boolean isElsewhere(int number) {
    return atSecond.contains(number);
  }

  private static void close(ServerSocket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Takes no more connections.
  @Override
  public void close() {
    refuse();
    if (second != null) {
      close(second);
    }
  }
}
