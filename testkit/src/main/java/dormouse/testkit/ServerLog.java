package dormouse.testkit;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/// What a child process writes, line by line, and its end; of very many lines the last. Any thread.
final class ServerLog {
  private static final int MOST = 40_000;

  private final List<String> lines = new ArrayList<>();
  private int dropped;
  private boolean open;

  /// Reads this stream on a thread of its own until it ends, after what was read before. No virtual one: a read of a pipe keeps its
  /// carrier, of which there are few.
  synchronized void follow(InputStream stream) {
    open = true;
    Thread.ofPlatform().daemon().name("server-log").start(() -> read(stream));
  }

  private void read(InputStream stream) {
    try (var reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        add(line);
      }
    } catch (IOException e) {
      add("(log lost: " + e + ")");
    }
    synchronized (this) {
      open = false;
      notifyAll();
    }
  }

  private synchronized void add(String line) {
    lines.add(line);
    if (lines.size() > MOST) {
      lines.subList(0, MOST / 2).clear();
      dropped += MOST / 2;
    }
    notifyAll();
  }

  /// Number of lines so far.
  synchronized int size() {
    return dropped + lines.size();
  }

  /// All lines so far that it still has.
  synchronized List<String> lines() {
    return List.copyOf(lines);
  }

  /// Those at or after index `from` that it still has.
  synchronized List<String> lines(int from) {
    return List.copyOf(lines.subList(Math.max(0, from - dropped), lines.size()));
  }

  /// The first matching line at or after index `from`; fails if the process ends or time runs out first.
  synchronized String await(int from, Predicate<String> wanted, Duration within) {
    long deadline = System.nanoTime() + within.toNanos();
    int next = from;
    while (true) {
      for (; next < size(); next++) {
        String line = lines.get(Math.max(0, next - dropped));
        if (wanted.test(line)) {
          return line;
        }
      }
      if (!open || !waitUntil(deadline)) {
        String why = open ? "not within " + within.toMillis() + " ms" : "the server has ended";
        throw new AssertionError(
            "the wanted log line did not come: " + why + "\n" + String.join("\n", tail()));
      }
    }
  }

  /// Whether the stream has ended by then: every process that held it is gone.
  synchronized boolean awaitEnd(Duration within) {
    long deadline = System.nanoTime() + within.toNanos();
    while (open) {
      if (!waitUntil(deadline)) {
        return false;
      }
    }
    return true;
  }

  private List<String> tail() {
    return lines.subList(Math.max(0, lines.size() - 40), lines.size());
  }

  /// Waits for a notification; false if the deadline has passed.
  @SuppressWarnings("WaitNotInLoop") // its callers loop
  private boolean waitUntil(long deadline) {
    long leftMillis = (deadline - System.nanoTime()) / 1_000_000;
    if (leftMillis <= 0) {
      return false;
    }
    try {
      wait(leftMillis);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
