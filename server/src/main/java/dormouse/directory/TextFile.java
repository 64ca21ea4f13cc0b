package dormouse.directory;

import dormouse.directory.BadDirectoryFile.Fault;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// A file in UTF-8.
public final class TextFile {
  private TextFile() {}

  /// Reads all of it. Blocks.
  ///
  /// @throws BadDirectoryFile if it is not UTF-8
  public static String read(Path file) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file));
    CharBuffer chars = CharBuffer.allocate(bytes.remaining());
    boolean wrong =
        StandardCharsets.UTF_8.newDecoder().decode(bytes, chars, /* endOfInput= */ true).isError();
    String text = chars.flip().toString();
    if (wrong) {
      int line = (int) (text + "?").lines().count(); // as if the wrong byte were a character
      throw new BadDirectoryFile(file, List.of(new Fault(line, "wanted text in UTF-8")));
    }
    return text;
  }
}
