package dormouse.bench;

import dormouse.bench.stack.AtEnd;
import dormouse.bench.stack.DormouseCommand;
import dormouse.bench.stack.Scratch;
import dormouse.testkit.FreePort;
import dormouse.testkit.Wait;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// A Dormouse in a process of its own, with the options of `packaging/dormouse` and those of `JAVA_OPTS`; it ends with this one. Any thread.
///
/// Unless `JAVA_OPTS` says otherwise its heap has a fixed size and is touched in advance, so that what its memory grows by
/// is what it takes outside the heap.
final class DormouseProcess implements AutoCloseable {
  private static final List<String> FIXED_HEAP =
      List.of("-Xms512m", "-Xmx512m", "-XX:+AlwaysPreTouch");
  private static final String SETTINGS = "dormouse.yaml";
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  private final Process process;
  private final Path home;
  private final int port;
  private final URI metrics;
  private final HttpClient http = HttpClient.newHttpClient();

  private DormouseProcess(Process process, Path home, int port, int admin) {
    this.process = process;
    this.home = home;
    this.port = port;
    this.metrics = URI.create("http://127.0.0.1:" + admin + "/metrics");
  }

  /// Starts one with one listener in TLS and these settings beside it; returns when it answers.
  ///
  /// @param settings YAML, without `listen`, `admin` and `runtime`
  static DormouseProcess start(Path jar, String settings) throws IOException {
    return start(jar, settings, "drain: 0s");
  }

  /// @param runtime one more setting of `runtime`
  static DormouseProcess start(Path jar, String settings, String runtime) throws IOException {
    return start(jar, settings, runtime, List.of());
  }

  /// @param options more for the JVM
  static DormouseProcess start(Path jar, String settings, String runtime, List<String> options)
      throws IOException {
    Path home = Files.createTempDirectory("dormouse-bench");
    int port = FreePort.next();
    int admin = FreePort.next();
    String own =
        """
        listen: [ { address: "127.0.0.1:%d" } ]
        admin: { address: "127.0.0.1:%d" }
        runtime: { state-dir: ., %s }
        """
            .formatted(port, admin, runtime);
    Path file = Files.writeString(home.resolve(SETTINGS), own + settings);
    List<String> all = Stream.concat(flags().stream(), options.stream()).toList();
    List<String> command = new ArrayList<>(DormouseCommand.of(jar, all));
    command.addAll(List.of("--config", file.toString()));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().put("STATE_DIRECTORY", home.toString());
    DormouseProcess started =
        AtEnd.start(builder, process -> new DormouseProcess(process, home, port, admin));
    Wait.until("Dormouse answers", PATIENCE, started::answers);
    return started;
  }

  /// What is added to the options of `packaging/dormouse`.
  static List<String> flags() {
    String options = System.getenv("JAVA_OPTS");
    return options == null || options.isBlank()
        ? FIXED_HEAP
        : Arrays.asList(options.strip().split(" +"));
  }

  private boolean answers() {
    if (!process.isAlive()) {
      throw new IllegalStateException("Dormouse ended with " + process.exitValue());
    }
    try {
      scrape();
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  long pid() {
    return process.pid();
  }

  /// IMAP in TLS.
  int port() {
    return port;
  }

  /// A sample of `/metrics`, summed over all series whose name and labels begin like this; 0 if there is none.
  long metric(String begin) {
    try {
      return scrape()
          .lines()
          .filter(line -> line.startsWith(begin))
          .mapToLong(line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
          .sum();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private String scrape() throws IOException {
    try {
      return http.send(
              HttpRequest.newBuilder(metrics).build(), HttpResponse.BodyHandlers.ofString())
          .body();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  @Override
  public synchronized void close() {
    process.destroy();
    try {
      if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
      Scratch.delete(home);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    AtEnd.closed(this);
  }
}
