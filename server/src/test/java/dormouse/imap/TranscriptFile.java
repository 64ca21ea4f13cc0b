package dormouse.imap;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// A conversation written down: one line a turn. `C:` the client says, `S:` the client hears, `F:` the backend hears, `B:` the
/// backend says, `@` the world moves, `#` a comment. The text behind the colon and one space is taken as it stands, CRLF is
/// not written.
record TranscriptFile(String name, List<Turn> turns) {
  private static final Path ALL = Path.of("src/test/transcripts");

  /// One line.
  ///
  /// @param number of the line in the file, from 1
  record Turn(int number, Who who, String text) {}

  enum Who {
    CLIENT_SAYS("C:"),
    CLIENT_HEARS("S:"),
    BACKEND_HEARS("F:"),
    BACKEND_SAYS("B:"),
    WORLD("@"),
    COMMENT("#");

    private final String sign;

    Who(String sign) {
      this.sign = sign;
    }
  }

  /// All files of a folder below `src/test/transcripts`, by name.
  static List<TranscriptFile> of(String folder) throws IOException {
    try (Stream<Path> files = Files.list(ALL.resolve(folder))) {
      return files
          .filter(file -> file.toString().endsWith(".txt"))
          .sorted()
          .map(TranscriptFile::read)
          .toList();
    }
  }

  /// Whether a backend takes part.
  boolean hasBackend() {
    return turns.stream()
        .anyMatch(turn -> turn.who() == Who.BACKEND_HEARS || turn.who() == Who.BACKEND_SAYS);
  }

  private static TranscriptFile read(Path file) {
    try {
      List<String> lines = Files.readAllLines(file, StandardCharsets.UTF_8);
      List<Turn> turns =
          Stream.iterate(0, i -> i + 1)
              .limit(lines.size())
              .filter(i -> !lines.get(i).isBlank())
              .map(i -> turn(file, i + 1, lines.get(i)))
              .filter(turn -> turn.who() != Who.COMMENT)
              .toList();
      return new TranscriptFile(String.valueOf(file.getFileName()), turns);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static Turn turn(Path file, int number, String line) {
    for (Who who : Who.values()) {
      if (line.startsWith(who.sign)) {
        String text = line.substring(who.sign.length());
        return new Turn(number, who, text.startsWith(" ") ? text.substring(1) : text);
      }
    }
    throw new IllegalArgumentException(file + ":" + number + ": who says this? " + line);
  }
}
