package dormouse.testkit;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/// Ports that stay free while their server is down.
///
/// They lie below the range that Linux gives to outgoing connections (32768 and up), so that no client
/// takes one between a stop and the restart. They come in lots, and whoever listens on the first port of a lot has
/// the others to give: a process holds its lots until it ends, so that no other takes their ports either. Any thread.
public final class FreePort {
  private static final int FIRST = 10_000;
  private static final int LOT = 250;
  private static final int LOTS = 88;

  private static final List<ServerSocket> HELD = new ArrayList<>();
  private static int next;
  private static int end; // of the lot that is being given

  private FreePort() {}

  /// A port that nobody listens on, never given twice by this process, and by no other while this one runs.
  public static synchronized int next() {
    while (true) {
      while (next < end) {
        int port = next++;
        if (isFree(port)) {
          return port;
        }
      }
      takeLot();
    }
  }

  private static void takeLot() {
    int any = ThreadLocalRandom.current().nextInt(LOTS);
    for (int i = 0; i < LOTS; i++) {
      int first = FIRST + (any + i) % LOTS * LOT;
      try {
        HELD.add(new ServerSocket(first, 1, InetAddress.getLoopbackAddress()));
        next = first + 1;
        end = first + LOT;
        return;
      } catch (IOException _) {
        // another's, or ours already
      }
    }
    throw new IllegalStateException("no free ports from " + FIRST + " to " + (FIRST + LOTS * LOT));
  }

  /// Whether nobody listens there on the loopback interface just now.
  public static boolean isFree(int port) {
    try (var _ = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  /// Waits until whoever has this port has closed.
  public static void awaitFree(int port) {
    Wait.until("port " + port + " is free", Duration.ofSeconds(30), () -> isFree(port));
  }
}
