package dormouse.imap;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// A conversation written down: one line a turn. `C:` the client says, `S:` the client hears, `F:` the backend hears, `B:` the
/// backend says, `@` the world moves, `#` a comment. The text behind the colon and one space is taken as it stands, CRLF is
/// not written. `C2:`, `F3:` and so on are the second client, the third connection to the backend.
///
/// `@ as in parts/NAME` stands for all turns of that file.
record TranscriptFile(String name, List<Turn> turns) {
  private static final Path ALL = Path.of("src/test/transcripts");
  private static final Pattern LINE = Pattern.compile("([CSFB])([0-9]*):(?: (.*))?");

  /// One line.
  ///
  /// @param file that has the line
  /// @param number of the line in the file, from 1
  /// @param side which client or connection, from 1; 0 for the world
  record Turn(String file, int number, Who who, int side, String text) {
    @Override
    public String toString() {
      return who == Who.WORLD ? "@ " + text : who.sign + (side > 1 ? side : "") + ": " + text;
    }
  }

  enum Who {
    CLIENT_SAYS("C"),
    CLIENT_HEARS("S"),
    BACKEND_HEARS("F"),
    BACKEND_SAYS("B"),
    WORLD("@");

    private final String sign;

    Who(String sign) {
      this.sign = sign;
    }

    private static Who of(String sign) {
      return Stream.of(values()).filter(who -> who.sign.equals(sign)).findFirst().orElseThrow();
    }
  }

  /// All files of a folder below `src/test/transcripts`, by name.
  static List<TranscriptFile> of(String folder) throws IOException {
    try (Stream<Path> files = Files.list(ALL.resolve(folder))) {
      return files
          .filter(file -> file.toString().endsWith(".txt"))
          .sorted()
          .map(file -> new TranscriptFile(String.valueOf(file.getFileName()), read(file)))
          .toList();
    }
  }

  /// Whether a backend takes part.
  boolean hasBackend() {
    return turns.stream()
        .anyMatch(turn ->
            turn.who() == Who.BACKEND_HEARS
                || turn.who() == Who.BACKEND_SAYS
                || turn.text().endsWith(" logs in")
                || turn.text().startsWith("backend "));
  }

  private static List<Turn> read(Path file) {
    try {
      List<String> lines = Files.readAllLines(file, StandardCharsets.UTF_8);
      List<Turn> turns = new ArrayList<>();
      for (int i = 0; i < lines.size(); i++) {
        String line = lines.get(i);
        if (line.startsWith("@ as in ")) {
          turns.addAll(read(file.resolveSibling(line.substring(8) + ".txt")));
        } else if (!line.isBlank() && !line.startsWith("#")) {
          turns.add(turn(file, i + 1, line));
        }
      }
      return List.copyOf(turns);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Turn turn(Path file, int number, String line) {
    String name = String.valueOf(file.getFileName());
    if (line.startsWith("@ ")) {
      return new Turn(name, number, Who.WORLD, 0, line.substring(2));
    }
    Matcher parts = LINE.matcher(line);
    if (!parts.matches()) {
      throw new IllegalArgumentException(file + ":" + number + ": who says this? " + line);
    }
    String side = parts.group(2);
    String text = parts.group(3);
    return new Turn(
        name,
        number,
        Who.of(parts.group(1)),
        side.isEmpty() ? 1 : Integer.parseInt(side),
        text == null ? "" : text);
  }
}
