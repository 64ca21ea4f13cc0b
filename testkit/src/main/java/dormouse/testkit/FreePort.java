package dormouse.testkit;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/// Ports that stay free while their server is down.
///
/// They lie below the range that Linux gives to outgoing connections (32768 and up), so that no client
/// takes one between a stop and the restart. Any thread.
public final class FreePort {
  private static final int FIRST = 10_000;
  private static final int LAST = 32_000;
  private static final int TRIES = 1000;

  private static final Set<Integer> GIVEN = new HashSet<>();

  private FreePort() {}

  /// A port that nobody listens on, never given twice by this process.
  public static synchronized int next() {
    for (int i = 0; i < TRIES; i++) {
      int port = ThreadLocalRandom.current().nextInt(FIRST, LAST);
      if (!GIVEN.contains(port) && free(port)) {
        GIVEN.add(port);
        return port;
      }
    }
    throw new IllegalStateException("no free port between " + FIRST + " and " + LAST);
  }

  private static boolean free(int port) {
    try (var _ = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return true;
    } catch (IOException _) {
      return false;
    }
  }
}
