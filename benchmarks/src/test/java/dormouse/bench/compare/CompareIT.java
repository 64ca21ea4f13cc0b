package dormouse.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `./bench` in miniature: that it runs, and that every byte which Dormouse says under load is right. No time is judged.
class CompareIT {
  private static final Path JAR = Path.of("../server/target/dormouse.jar");

  @BeforeAll
  static void numbersAreWrittenAsInC() {
    Locale.setDefault(Locale.ROOT);
  }

  @Test
  void everyAnswerIsRight(@TempDir Path folder) throws Exception {
    run(folder, "--tiny", "--stacks", "dormouse,dormouse-lending,dormouse-trusting");
    assertThat(folder.resolve("benchmarks/benchmarks.json")).isNotEmptyFile();
    assertThat(Files.readString(folder.resolve("benchmarks.md")))
        .contains(
            "## hold", "## login", "## storm", "## wake", "## deliver", "## status", "## stream")
        .contains(
            "\n| | Dormouse | Dormouse, trusting |\n",
            "## mixed",
            "\n| | Dormouse | Dormouse, lending |\n")
        .doesNotContain(" fell out of it"); // for who says nothing says nothing wrong
  }

  @Test
  void itStandsBesideItsPeers(@TempDir Path folder) throws Exception {
    run(folder, "--tiny", "--stacks", "dovecot,nginx,haproxy,dormouse,dormouse-attached", "status");
    assertThat(Files.readString(folder.resolve("benchmarks.md")))
        .contains(
            "| status | twenty at once: STATUS a second | ",
            "| | Dovecot | nginx | HAProxy | Dormouse | Dormouse, attached |");
  }

  private static void run(Path folder, String... arguments) throws Exception {
    Options options = Options.of(arguments);
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    boolean right =
        new Compare(options, new PrintStream(said, true, StandardCharsets.UTF_8)).run(JAR, folder);
    assertThat(said.toString(StandardCharsets.UTF_8).lines())
        .filteredOn(line -> line.startsWith("Dormouse") && line.contains(" wrong answers, "))
        .isNotEmpty()
        .allMatch(line -> line.contains(": 0 wrong answers, "));
    assertThat(right).isTrue();
  }
}
