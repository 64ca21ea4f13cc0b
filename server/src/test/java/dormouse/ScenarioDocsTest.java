package dormouse;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// What `docs/scenarios.md` names as proof is there.
class ScenarioDocsTest {
  private static final int SCENARIOS = 48;
  private static final Pattern ROW = Pattern.compile("\\| T(\\d+) \\| (.+) \\| (.+) \\|");
  private static final Pattern NAMED = Pattern.compile("`([^`]+)`");
  private static final Path TESTS = Path.of("src", "test", "java");
  private static final Path TRANSCRIPTS = Path.of("src", "test", "transcripts", "imap");

  @Test
  void everyScenarioIsThereOnce() throws IOException {
    assertThat(rows().stream().map(row -> Integer.valueOf(row.group(1))))
        .containsExactlyElementsOf(IntStream.rangeClosed(1, SCENARIOS).boxed().toList());
  }

  @Test
  void everyTestAndTranscriptIsThere() throws IOException {
    for (Matcher row : rows()) {
      List<String> names =
          NAMED.matcher(row.group(3)).results().map(name -> name.group(1)).toList();
      boolean unproved = row.group(3).startsWith("not ");
      assertThat(names.isEmpty() || unproved).as(row.group()).isEqualTo(unproved);
      for (String name : names) {
        if (!unproved) {
          assertThat(exists(name)).as("T%s: %s", row.group(1), name).isTrue();
        }
      }
    }
  }

  private static List<Matcher> rows() throws IOException {
    List<Matcher> rows = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of("..", "docs", "scenarios.md"))) {
      Matcher row = ROW.matcher(line);
      if (row.matches()) {
        rows.add(row);
      }
    }
    return rows;
  }

  private static boolean exists(String name) throws IOException {
    if (name.endsWith(".txt")) {
      return Files.exists(TRANSCRIPTS.resolve(name));
    }
    String[] parts = name.split("\\.", -1);
    try (Stream<Path> files = Files.walk(TESTS)) {
      for (Path file : files.filter(one -> one.endsWith(parts[0] + ".java")).toList()) {
        if (Files.readString(file).contains("void " + parts[1] + "(")) {
          return true;
        }
      }
    }
    return false;
  }
}
