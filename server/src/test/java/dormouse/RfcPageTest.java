package dormouse;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Holds `docs/rfc.md` against the files it names.
class RfcPageTest {
  private static final Path TYPES = Path.of("src/main/java/dormouse");
  private static final Path TRANSCRIPTS = Path.of("src/test/transcripts/imap");
  private static final Pattern NAME = Pattern.compile("`([^`]+)`");

  @Test
  void everyTypeIsThere() throws IOException {
    assertThat(cell(3))
        .isNotEmpty()
        .allSatisfy(type -> assertThat(TYPES.resolve(type + ".java")).exists());
  }

  @Test
  void everyTranscriptIsThere() throws IOException {
    assertThat(cell(4))
        .isNotEmpty()
        .allSatisfy(name -> assertThat(TRANSCRIPTS.resolve(name + ".txt")).exists());
  }

  private static List<String> cell(int column) throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("../docs/rfc.md"))) {
      return lines
          .filter(line -> line.startsWith("| ") && !line.startsWith("| section"))
          .map(line -> line.split("[|]", -1)[column])
          .flatMap(text -> NAME.matcher(text).results())
          .map((MatchResult found) -> found.group(1))
          .toList();
    }
  }
}
