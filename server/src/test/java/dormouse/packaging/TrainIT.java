package dormouse.packaging;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.testkit.Endpoint;
import dormouse.testkit.FreePort;
import dormouse.testkit.ImapClient;
import dormouse.testkit.Wait;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What `packaging/dormouse` starts: an installed jar, with and without what it was trained with.
class TrainIT {
  private static final Path LAUNCHER =
      Path.of("../packaging/dormouse").toAbsolutePath().normalize();
  private static final Path BUILT = Path.of("target/dormouse.jar");
  private static final String SHARED = "source: shared objects file";

  @TempDir Path home = Path.of("");

  @Test
  void whatItWasTrainedWithIsUsedAndMissedByNobody() throws Exception {
    Path jar = home.resolve("dormouse.jar");
    Files.copy(BUILT, jar, StandardCopyOption.COPY_ATTRIBUTES);
    Path cache = home.resolve("dormouse.aot");

    assertThat(start(jar, "untrained")).noneMatch(this::isOurs);

    assertThat(run(jar, "", "train").waitFor(5, TimeUnit.MINUTES)).isTrue();
    assertThat(Files.readString(home.resolve("said"))).startsWith(cache + ": ");
    assertThat(cache).isNotEmptyFile();
    assertThat(start(jar, "trained"))
        .as("classes that came from the file")
        .anyMatch(line -> line.contains(" dormouse.imap.ImapDialogue "))
        .hasSizeGreaterThan(3000);

    Files.setLastModifiedTime(jar, FileTime.from(Instant.EPOCH)); // as another jar has another time
    assertThat(start(jar, "changed")).noneMatch(this::isOurs);
    Files.write(cache, new byte[100]);
    assertThat(start(jar, "broken")).noneMatch(this::isOurs);
    try (var files = Files.list(home)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .contains("dormouse.aot")
          .noneMatch(name -> name.startsWith("dormouse.aot."));
    }
  }

  /// After a short rehearsal, as it is told to end in it or when it is over.
  ///
  /// @param processes that it has started by then: the one that is trained, and the one that makes the file
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void toldToEndItLeavesNothing(int processes) throws Exception {
    Path jar = home.resolve("dormouse.jar");
    Files.copy(BUILT, jar, StandardCopyOption.COPY_ATTRIBUTES);
    Process training = run(jar, "-Djava.io.tmpdir=" + home + " -Ddormouse.rehearsal=1", "train");
    Wait.until(
        processes + " processes of its own",
        Duration.ofMinutes(3),
        () -> !training.isAlive() || training.descendants().count() >= processes);
    List<ProcessHandle> trained = training.descendants().toList();
    training.destroy();
    assertThat(training.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(trained).hasSizeGreaterThanOrEqualTo(processes).noneMatch(ProcessHandle::isAlive);
    try (var files = Files.list(home)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("dormouse.jar", "said");
    }
  }

  private boolean isOurs(String line) {
    return line.contains(" dormouse.");
  }

  /// Starts it, is greeted, has it stop: which classes came from a file of shared ones. The JVM must have said nothing.
  private List<String> start(Path jar, String name) throws Exception {
    int port = FreePort.next();
    Path classes = home.resolve(name);
    Path settings =
        Files.writeString(
            home.resolve("dormouse.yaml"),
            """
            listen: [ { address: "127.0.0.1:%d", tls: none } ]
            admin: { address: none }
            runtime: { state-dir: ., drain: 0s }
            backends: { mail: { address: "127.0.0.1:1", tls: none } }
            """
                .formatted(port));
    Process process =
        run(
            jar,
            "-Xlog:class+load:file=" + classes,
            "--config",
            settings.toString(),
            "--quiet",
            "--log",
            "warn");
    try {
      Wait.until("it accepts", Duration.ofMinutes(1), () -> !process.isAlive() || accepts(port));
      try (ImapClient client = ImapClient.connect(Endpoint.plain(port))) {
        assertThat(client.greeting()).endsWith("Dormouse ready");
      }
    } finally {
      process.destroy();
    }
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(Files.readAllLines(home.resolve("said")))
        .as("nothing from the JVM")
        .noneMatch(line -> line.matches("\\[.*|.*VM warning.*"));
    return Files.readAllLines(classes).stream().filter(line -> line.contains(SHARED)).toList();
  }

  private Process run(Path jar, String options, String... arguments) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(LAUNCHER.toString());
    builder.command().addAll(List.of(arguments));
    builder.environment().put("DORMOUSE_JAR", jar.toString());
    builder
        .environment()
        .put("JAVA", Path.of(System.getProperty("java.home"), "bin/java").toString());
    builder.environment().put("JAVA_OPTS", options);
    return builder
        .directory(home.toFile())
        .redirectErrorStream(true)
        .redirectOutput(home.resolve("said").toFile())
        .start();
  }

  private static boolean accepts(int port) {
    try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return true;
    } catch (IOException _) {
      return false;
    }
  }
}
