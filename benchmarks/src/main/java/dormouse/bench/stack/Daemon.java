package dormouse.bench.stack;

import dormouse.testkit.Wait;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A server program in the foreground, with all processes below it; what it says goes to a file in its folder. Ends at [#close], and
/// when this process does ([AtEnd]). Any thread.
final class Daemon implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Process process;
  private final Path log;

  private Daemon(Process process, Path log) {
    this.process = process;
    this.log = log;
  }

  /// Starts one, and returns when it accepts connections at this port of 127.0.0.1; if it does not in a minute, it fails by a [SocketTimeoutException].
  ///
  /// @param home its folder
  static Daemon start(Path home, int port, List<String> command) {
    Path log = home.resolve("log");
    try {
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .directory(home.toFile())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
      Daemon started = AtEnd.start(builder, process -> new Daemon(process, log));
      started.process.getOutputStream().close();
      try {
        Wait.until(command.getFirst() + " accepts", PATIENCE, () -> started.accepts(port));
      } catch (AssertionError e) {
        boolean slow = started.process.isAlive();
        started.close();
        if (slow) {
          throw new UncheckedIOException(new SocketTimeoutException(e.getMessage()));
        }
        throw e;
      }
      return started;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private boolean accepts(int port) {
    if (!process.isAlive()) {
      throw new AssertionError("ended at once: " + said());
    }
    try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  private String said() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      return e.toString();
    }
  }

  /// The first of its processes.
  long pid() {
    return process.pid();
  }

  /// Asks it to end, and ends by force whatever of it is left after a while.
  @Override
  public void close() {
    List<ProcessHandle> children = process.descendants().toList();
    process.destroy();
    try {
      if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException _) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    ended(children);
  }

  /// Ends it by force, with all below it: Dovecot asked to end takes two seconds and a half.
  void kill() {
    List<ProcessHandle> children = process.descendants().toList();
    process.destroyForcibly(); // first: it would start others in their place
    ended(children);
  }

  /// Returns when it has ended and no child is left, be it by force.
  private void ended(List<ProcessHandle> children) {
    children.forEach(ProcessHandle::destroyForcibly);
    process.onExit().join();
    for (ProcessHandle child : children) {
      child.onExit().orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
    }
    AtEnd.closed(this);
  }
}
