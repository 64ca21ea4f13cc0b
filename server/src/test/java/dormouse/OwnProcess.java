package dormouse;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.testkit.Wait;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A Dormouse in a process of its own, whose log is a file beside its settings. For one thread.
final class OwnProcess implements AutoCloseable {
  static final Duration SOON = Duration.ofSeconds(30);

  private final Process process;
  private final Path log;

  private OwnProcess(Process process, Path log) {
    this.process = process;
    this.log = log;
  }

  /// Starts to serve what a settings file says.
  static OwnProcess serving(Path file) throws IOException {
    Path log = file.resolveSibling("log");
    Process process =
        command("--config", file.toString(), "--quiet").redirectOutput(log.toFile()).start();
    return new OwnProcess(process, log);
  }

  /// The command line, both of whose outputs are one.
  static ProcessBuilder command(String... arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC", // they live for a moment
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Dlogback.configurationFile=" + Path.of("src/main/resources/logback.xml").toUri(),
                "-cp",
                System.getProperty("java.class.path"),
                "dormouse.Main"));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectErrorStream(true);
  }

  /// @param name as `TERM`
  void signal(String name) throws IOException, InterruptedException {
    Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start();
    assertThat(kill.waitFor()).isZero();
  }

  /// Waits until so many lines have been logged that contain this.
  void awaitLog(String wanted, long count) {
    Wait.until(
        count + " of " + wanted,
        SOON,
        () -> {
          try (var lines = Files.lines(log)) {
            return lines.filter(line -> line.contains(wanted)).count() >= count;
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  /// What it has of the machine's memory, once its garbage is collected.
  long residentBytes() throws IOException, InterruptedException {
    String pid = Long.toString(process.pid());
    Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
    Process collects =
        new ProcessBuilder(jcmd.toString(), pid, "GC.run")
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertThat(collects.waitFor()).isZero();
    try (var lines = Files.lines(Path.of("/proc", pid, "status"))) {
      String resident = lines.filter(line -> line.startsWith("VmRSS:")).findFirst().orElseThrow();
      return Long.parseLong(resident.replaceAll("\\D", "")) << 10;
    }
  }

  /// Waits for its end; returns how it ended.
  int awaitEnd() throws InterruptedException {
    assertThat(process.waitFor(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
    return process.exitValue();
  }

  /// Tells it to end, if it has not, and waits for that; it is killed if it does not.
  @Override
  public void close() {
    process.destroy();
    process.onExit().completeOnTimeout(process, SOON.toSeconds(), TimeUnit.SECONDS).join();
    boolean ended = !process.isAlive();
    process.destroyForcibly();
    assertThat(ended).as("ended when it was told to").isTrue();
  }
}
