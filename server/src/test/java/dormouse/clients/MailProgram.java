package dormouse.clients;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// Runs mail programs one after the other, each as a process with nothing but its own home. Blocks.
final class MailProgram {
  private static final Duration DEADLINE = Duration.ofSeconds(60);

  private final Path home;

  /// @param home a directory of its own
  MailProgram(Path home) {
    this.home = home;
  }

  Path home() {
    return home;
  }

  /// Writes a file of the home, with this text as it is (ISO-8859-1).
  Path file(String name, String text) {
    try {
      Path file = home.resolve(name);
      Files.createDirectories(file.getParent());
      return Files.writeString(file, text, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// What it printed, without what it complained of; must end well within a minute.
  ///
  /// @throws AssertionError with all that it said, if it does not
  String run(String... command) {
    try {
      Path out = home.resolve("stdout");
      Path err = home.resolve("stderr");
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .directory(home.toFile())
              .redirectOutput(out.toFile())
              .redirectError(err.toFile());
      builder.environment().clear();
      builder
          .environment()
          .putAll(
              Map.of(
                  "HOME", home.toString(),
                  "PATH", "/usr/bin:/bin:/usr/local/bin:/opt/homebrew/bin",
                  "LC_ALL", "C.UTF-8",
                  "TERM", "xterm"));
      Process process = builder.start();
      process.getOutputStream().close();
      boolean ended = process.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS);
      if (!ended) {
        List<ProcessHandle> all = process.descendants().toList();
        process.destroyForcibly();
        all.forEach(ProcessHandle::destroyForcibly);
        process.waitFor();
      }
      String said = Files.readString(out, StandardCharsets.ISO_8859_1);
      if (!ended || process.exitValue() != 0) {
        throw new AssertionError(
            Arrays.toString(command)
                + (ended ? " exited with " + process.exitValue() : " did not end")
                + "\n"
                + said
                + "\n"
                + Files.readString(err, StandardCharsets.ISO_8859_1));
      }
      return said;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
