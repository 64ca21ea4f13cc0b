package dormouse.cli;

import dormouse.ops.Metrics;
import dormouse.ops.Metrics.State;
import java.io.PrintWriter;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// One line that tells, once a second, how many clients there are and how many of them sleep:
/// `clients 3 · attached 1 · asleep 2 · backend connections 1`. On a terminal it is rewritten in place, elsewhere it is
/// a new line and printed only when it has changed.
public final class LiveLine implements AutoCloseable {
  /// To the start of the terminal's line, and wipe it. A log line that begins with it does not end up behind the live one.
  public static final String WIPE = "\r\u001b[K";

  private final Metrics metrics;
  private final PrintWriter out;
  private final boolean terminal;
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("live-line").factory());
  private @Nullable String shown;

  LiveLine(Metrics metrics, PrintWriter out, boolean terminal) {
    this.metrics = metrics;
    this.out = out;
    this.terminal = terminal;
  }

  /// Begins to show it.
  ///
  /// @param terminal whether `out` is a terminal
  public static LiveLine start(Metrics metrics, PrintWriter out, boolean terminal) {
    LiveLine line = new LiveLine(metrics, out, terminal);
    line.clock.scheduleAtFixedRate(line::show, 0, 1, TimeUnit.SECONDS);
    return line;
  }

  /// Shows no more, and leaves the terminal at the start of an empty line.
  @Override
  public void close() {
    clock.shutdownNow();
    if (terminal) {
      out.print(WIPE);
      out.flush();
    }
  }

  void show() {
    String line = line();
    if (terminal) {
      out.print(WIPE + line);
    } else if (!line.equals(shown)) {
      out.println(line);
    }
    shown = line;
    out.flush();
  }

  private String line() {
    long attached = metrics.sessions(State.ATTACHED);
    long asleep = metrics.sessions(State.HIBERNATED);
    long clients =
        attached + asleep + metrics.sessions(State.GREETING) + metrics.sessions(State.WAKING);
    return "clients "
        + clients
        + " · attached "
        + attached
        + " · asleep "
        + asleep
        + " · backend connections "
        + metrics.backendConnections();
  }
}
