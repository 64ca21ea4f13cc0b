package dormouse.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `.mvn/alone.sh`, with a file of our own.
class AloneTest {
  private static final int REFUSED = 75;

  @TempDir private Path folder;
  private final List<Process> started = new ArrayList<>();

  @AfterEach
  void end() {
    started.forEach(Process::destroyForcibly);
  }

  @Test
  void theSecondIsRefusedAtOnceAndToldOfTheFirst() throws Exception {
    Process first = runs();
    Process second = bench("echo runs");
    assertThat(said(second))
        .isEqualTo(
            "Another ./bench runs (pid %d, or what it has started): one at a time."
                .formatted(first.pid()));
    assertThat(second.waitFor()).isEqualTo(REFUSED);
    assertThat(first.isAlive()).isTrue();
  }

  @Test
  void whoIsKilledLeavesNothingBehind() throws Exception {
    runs().destroyForcibly().waitFor();
    assertThat(said(bench("echo runs"))).isEqualTo("runs");
  }

  @Test
  void whatAKilledOneHasStartedRunsYet() throws Exception {
    Process first = bench("sleep 600 & echo runs $!; wait");
    long child = Long.parseLong(line(first).replace("runs ", ""));
    first.destroyForcibly().waitFor();
    ProcessHandle left = ProcessHandle.of(child).orElseThrow();
    try {
      assertThat(bench("echo runs").waitFor()).isEqualTo(REFUSED);
    } finally {
      left.destroyForcibly();
      left.onExit().join();
    }
    assertThat(said(bench("echo runs"))).isEqualTo("runs");
  }

  /// One that is in the middle.
  private Process runs() throws IOException {
    Process process = bench("echo runs; read -r _");
    assertThat(line(process)).isEqualTo("runs");
    return process;
  }

  private Process bench(String what) throws IOException {
    Process process =
        new ProcessBuilder(
                "bash",
                "-euc",
                ". ../.mvn/alone.sh; alone %s; %s".formatted(folder.resolve("cache/lock"), what))
            .redirectErrorStream(true)
            .start();
    started.add(process);
    return process;
  }

  private static String line(Process process) throws IOException {
    BufferedReader reader = process.inputReader(StandardCharsets.UTF_8);
    return String.valueOf(reader.readLine());
  }

  private static String said(Process process) throws IOException {
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
  }
}
