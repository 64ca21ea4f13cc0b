package dormouse.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The processes of a mail server that `testkit/unpack-servers` has unpacked, and a directory of its own. Any thread.
final class UnpackedServer {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final Path home;
  private final ServerLog log = new ServerLog();
  private @Nullable Process master;

  private UnpackedServer(Path home) {
    this.home = home;
  }

  /// Whose processes they are to be: [#ROOT] may choose.
  static final boolean ROOT = "root".equals(System.getProperty("user.name"));

  /// @param name what its directory begins with
  static UnpackedServer named(String name) {
    try {
      Path home = Files.createTempDirectory(name);
      Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwxr-xr-x"));
      return new UnpackedServer(home);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Where a server's files lie.
  static Path tree(String name) {
    String cache =
        Objects.requireNonNullElseGet(
            System.getenv("XDG_CACHE_HOME"), () -> System.getProperty("user.home") + "/.cache");
    Path tree = Path.of(ROOT ? "/var/cache" : cache, "dormouse", "servers", name);
    if (!Files.exists(tree.resolve("complete"))) {
      throw new IllegalStateException("no " + tree + ": testkit/unpack-servers makes it");
    }
    return tree;
  }

  /// What it stores, and where its settings are.
  Path home() {
    return home;
  }

  ServerLog log() {
    return log;
  }

  /// Starts it in a session of its own.
  void start(List<String> command, Map<String, String> environment) {
    try {
      var builder =
          new ProcessBuilder(
              Stream.concat(Stream.of("/usr/bin/setsid"), command.stream()).toList());
      builder.directory(home.toFile()).redirectErrorStream(true);
      builder.environment().putAll(environment);
      var started = builder.start();
      started.getOutputStream().close();
      log.follow(started.getInputStream());
      master = started;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Whether it was started and not ended.
  boolean runs() {
    var running = master;
    return running != null && running.isAlive();
  }

  /// Ends it: the first process, then whatever of it is left.
  ///
  /// @param others which processes of this machine are its own, but for the first and its descendants
  void stop(Predicate<ProcessHandle> others) {
    var running = master;
    if (running == null) {
      return;
    }
    List<ProcessHandle> children = running.descendants().toList();
    running.destroy();
    try {
      if (!running.waitFor(PATIENCE)) { // Cyrus's first process has been seen to spin instead
        running.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
    children.forEach(ProcessHandle::destroy);
    end(children, others);
  }

  /// Kills all its processes.
  void kill(Predicate<ProcessHandle> others) {
    var running = master;
    if (running == null) {
      return;
    }
    List<ProcessHandle> children = running.descendants().toList();
    running.destroyForcibly();
    end(children, others);
  }

  private void end(List<ProcessHandle> children, Predicate<ProcessHandle> others) {
    children.forEach(ProcessHandle::destroyForcibly);
    Wait.until(
        "all processes of the server end",
        PATIENCE,
        () -> {
          var left = ProcessHandle.allProcesses().filter(others).toList();
          left.forEach(ProcessHandle::destroyForcibly);
          return left.isEmpty() && children.stream().noneMatch(ProcessHandle::isAlive);
        });
    if (!log.awaitEnd(PATIENCE)) {
      throw new IllegalStateException("the server's processes do not end");
    }
    master = null;
  }

  /// Deletes all it stored.
  void delete() {
    try (var files = Files.walk(home)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Waits until somebody listens there.
  static void awaitListening(int port) {
    Wait.until(
        "the server listens",
        PATIENCE,
        () -> {
          try (var _ = ImapClient.connect(Endpoint.plain(port))) {
            return true;
          } catch (UncheckedIOException | AssertionError _) {
            return false;
          }
        });
  }
}
