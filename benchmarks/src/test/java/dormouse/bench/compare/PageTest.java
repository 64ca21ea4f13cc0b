package dormouse.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.bench.load.Latencies;
import dormouse.bench.stack.StackKind;
import dormouse.bench.work.Figures;
import dormouse.bench.work.Measure;
import dormouse.bench.work.Workload;
import dormouse.bench.work.Workloads;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PageTest {
  private static final Workload HOLD = Workloads.ALL.getFirst();
  private static final Measure FRONT =
      new Measure(HOLD.name(), "of it the front's", "KiB", false, true);

  private final Figures figures = new Figures();

  @BeforeAll
  static void numbersAreWrittenAsInC() {
    Locale.setDefault(Locale.ROOT);
  }

  @Test
  void aFigureBelowZeroIsBelowTheNoise() {
    rounds(StackKind.HAPROXY_HIBERNATE, 16, 17, 15);
    rounds(StackKind.DORMOUSE, -0.5, 0.25, 0.125);
    rounds(StackKind.DORMOUSE_ATTACHED, -47.5, -103, -29.3);
    assertThat(row())
        .isEqualTo(
            "| of it the front's, KiB | **16** ×1 (15–17) | **0.125** ×0.008 (below the"
                + " noise–0.250) | **below the noise** (in all rounds) |");
    assertThat(Page.standings(List.of(HOLD), figures))
        .contains("| hold | of it the front's, KiB | HAProxy, hibernating | 16 | 0.125 |  |");
  }

  @Test
  void aPeerBelowTheNoiseIsNotDividedBy() {
    rounds(StackKind.PERDITION_HIBERNATE, -0.5);
    rounds(StackKind.DORMOUSE, 4);
    assertThat(row()).isEqualTo("| of it the front's, KiB | **below the noise** | **4** |");
    assertThat(Page.standings(List.of(HOLD), figures))
        .contains("| hold | of it the front's, KiB | all of them | below the noise | 4 |  |");
  }

  @Test
  void aHighPercentileStandsBetweenTheLeastAndTheMostOfTheRounds() {
    for (long millis : new long[] {1, 2, 4}) {
      Latencies latencies = new Latencies();
      for (int i = 0; i < 100; i++) {
        latencies.add(millis * 1_000_000);
      }
      figures.pool(FRONT, StackKind.DORMOUSE, 99, latencies);
    }
    assertThat(row()).isEqualTo("| of it the front's, KiB | **4.00** (1.00–4.00) |");
  }

  @Test
  void whatTheMachineCouldNotGiveIsTold(@TempDir Path folder) throws IOException {
    Machine machine =
        new Machine("a processor", 1, "Linux", "0", List.of("Java 25"), "cafe", "Linux gives 128");
    new Page(Options.of("--tiny"), machine, figures, 1, Map.of()).write(folder);
    assertThat(Files.readString(folder.resolve("benchmarks.md")))
        .contains("its load was 0 when the run began. Java 25. Linux gives 128.\n");
    assertThat(Files.readString(folder.resolve("benchmarks/benchmarks.json")))
        .contains("\"notes\": [\"Linux gives 128\"]");
  }

  private void rounds(StackKind stack, double... numbers) {
    for (double each : numbers) {
      figures.add(FRONT, stack, each);
    }
  }

  private String row() {
    return Page.section(HOLD, figures, "")
        .lines()
        .filter(line -> line.startsWith("| of it"))
        .findFirst()
        .orElseThrow();
  }
}
