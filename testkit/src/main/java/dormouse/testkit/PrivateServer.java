package dormouse.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;

/// A server program of Debian in a directory of its own, as an ordinary user: where the tests are root's, as `nobody`. Stopped and
/// deleted at [#close]. Any thread.
final class PrivateServer implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String USER = "nobody";
  private static final boolean ROOT = System.getProperty("user.name", "").equals("root");

  private final Path home;
  private final ServerLog log = new ServerLog();
  private final Process process;

  private PrivateServer(Path home, List<String> command, Predicate<String> up) throws IOException {
    this.home = home;
    process =
        new ProcessBuilder(unprivileged(command))
            .directory(home.toFile())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    process.getOutputStream().close();
    log.follow(process.getErrorStream());
    try {
      log.await(0, up, PATIENCE);
    } catch (AssertionError e) {
      close();
      throw e;
    }
  }

  /// A directory that the server's user owns.
  static Path home(String name) {
    try {
      Path home = Files.createTempDirectory(name);
      Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwxr-xr-x"));
      own(home);
      return home;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Makes a file or a directory the server user's.
  static Path own(Path file) throws IOException {
    if (ROOT) {
      Files.setOwner(
          file, file.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(USER));
    }
    return file;
  }

  /// Runs a command to its end.
  static void run(Path home, String... command) {
    try {
      Process process =
          new ProcessBuilder(unprivileged(List.of(command)))
              .directory(home.toFile())
              .redirectErrorStream(true)
              .start();
      process.getOutputStream().close();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw new AssertionError(String.join(" ", command) + " failed:\n" + said);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /// Starts one that stays in the foreground, and returns when a line of its log says that it is up.
  static PrivateServer start(Path home, Predicate<String> up, String... command) {
    try {
      return new PrivateServer(home, List.of(command), up);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// `setpriv` becomes the program, so its process is the server's.
  private static List<String> unprivileged(List<String> command) {
    List<String> whole = new ArrayList<>();
    if (ROOT) {
      whole.addAll(List.of("setpriv", "--reuid", USER, "--regid", "nogroup", "--clear-groups"));
    }
    whole.addAll(command);
    return whole;
  }

  List<String> log() {
    return log.lines();
  }

  @Override
  public void close() {
    close(process::destroy);
  }

  /// Asks it by a signal to end, for servers to which SIGTERM is not enough: `INT` …
  void close(String signal) {
    close(() -> kill(signal));
  }

  /// Stops its process where it is: the kernel takes connections for it, and nobody answers.
  void freeze() {
    kill("STOP");
    Wait.until("it stands still", Duration.ofSeconds(30), this::isFrozen);
  }

  /// Whether all of its threads have heard of it: until then the others go on.
  private boolean isFrozen() {
    try (Stream<Path> threads =
        Files.list(Path.of("/proc", Long.toString(process.pid()), "task"))) {
      return threads.allMatch(PrivateServer::isStopped);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean isStopped(Path thread) {
    try {
      return Files.readAllLines(thread.resolve("status")).stream()
          .anyMatch(line -> line.startsWith("State:\tT"));
    } catch (IOException _) {
      return true; // it has ended
    }
  }

  /// Lets it go on.
  void thaw() {
    kill("CONT");
  }

  private void kill(String signal) {
    run(home, "kill", "-" + signal, Long.toString(process.pid()));
  }

  /// Ends its process and leaves its directory.
  void stop() {
    stop(process::destroy);
  }

  /// The same by a signal.
  void stop(String signal) {
    stop(() -> kill(signal));
  }

  private void stop(Runnable ask) {
    if (!process.isAlive()) {
      return;
    }
    List<ProcessHandle> children = process.descendants().toList();
    ask.run();
    try {
      if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        children.forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void close(Runnable ask) {
    stop(ask);
    try (Stream<Path> files = Files.walk(home)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
