package dormouse;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// What `docs/scenarios.md` names as proof is there, and what it links to of `docs/settings.md`.
class ScenarioDocsTest {
  private static final int SCENARIOS = 48;
  private static final Pattern ROW = Pattern.compile("\\| T(\\d+) \\| (.+) \\| (.+) \\|");
  private static final Pattern NAMED = Pattern.compile("`([^`]+)`");
  private static final Pattern PROVED =
      Pattern.compile("\\| (?!T\\d+ )(.+) \\| (.*) \\| (`.+`) \\|");
  private static final Pattern LINK = Pattern.compile("\\[[^]]+\\]\\(settings\\.md#([a-z-]+)\\)");
  private static final Path DOCS = Path.of("..", "docs");
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

  @Test
  void everyOtherProofAndItsSettingsAreThere() throws IOException {
    List<String> anchors =
        Files.readAllLines(DOCS.resolve("settings.md")).stream()
            .filter(line -> line.startsWith("#"))
            .map(line -> line.replaceFirst("#+ ", "").toLowerCase(Locale.ROOT))
            .map(line -> line.replace(".", "").replace(' ', '-'))
            .toList();
    List<Matcher> proved = rows(PROVED);
    assertThat(proved).hasSizeGreaterThan(30);
    for (Matcher row : proved) {
      LINK.matcher(row.group(2))
          .results()
          .forEach(link -> assertThat(anchors).as(row.group()).contains(link.group(1)));
      NAMED
          .matcher(row.group(3))
          .results()
          .forEach(name -> assertThat(existsNow(name.group(1))).as(name.group(1)).isTrue());
    }
  }

  private static boolean existsNow(String name) {
    try {
      return exists(name);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<Matcher> rows() throws IOException {
    return rows(ROW);
  }

  private static List<Matcher> rows(Pattern form) throws IOException {
    List<Matcher> rows = new ArrayList<>();
    for (String line : Files.readAllLines(DOCS.resolve("scenarios.md"))) {
      Matcher row = form.matcher(line);
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
        if (parts.length == 1 || Files.readString(file).contains(" " + parts[1] + "(")) {
          return true;
        }
      }
    }
    return false;
  }
}
