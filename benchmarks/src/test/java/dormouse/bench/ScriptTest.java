package dormouse.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.bench.work.Workload;
import dormouse.bench.work.Workloads;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What `./bench` says before it starts anything.
class ScriptTest {
  @ParameterizedTest
  @ValueSource(strings = {"-h", "--help", "own", "own nothing"})
  void whoAsksOrIsWrongIsToldAllThereIs(String arguments) throws Exception {
    assertThat(said(arguments.split(" ")))
        .contains("./bench --quick ", "./bench own hold ", "./bench inner ", "JAVA_OPTS goes to")
        .doesNotContain("set -euo");
  }

  @Test
  void allWorkloadsAreNamed() throws Exception {
    assertThat(said("-h"))
        .contains(
            Workloads.ALL.stream()
                .map(Workload::name)
                .collect(Collectors.joining(" ", "some workloads: ", "\n")));
  }

  private static String said(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("./bench"));
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command)
            .directory(Path.of("..").toFile())
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isEqualTo(2);
    return said;
  }
}
