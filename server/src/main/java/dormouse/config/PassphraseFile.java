package dormouse.config;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// A file of pass phrases for private keys, one a line, to be tried in turn; empty lines do not count. nginx: `ssl_password_file`.
final class PassphraseFile {
  private static final int MAX_PHRASES = 16;
  private static final int MAX_FILE_BYTES = 16 << 10;

  private PassphraseFile() {}

  /// Its pass phrases, at least one; the caller wipes them after use. Blocks.
  ///
  /// @throws IOException if the file cannot be read, or holds none; the message has nothing of what it holds
  static List<byte[]> read(Path file) throws IOException {
    byte[] content = new byte[0];
    try (var in = Files.newInputStream(file)) {
      content = in.readNBytes(MAX_FILE_BYTES + 1);
      if (content.length > MAX_FILE_BYTES) {
        throw new IOException(file + " is too long to hold pass phrases");
      }
      return lines(content, file);
    } catch (FileSystemException e) { // whose message is the file's name
      throw new IOException("the pass phrases in " + file + " cannot be read: " + e, e);
    } finally {
      Arrays.fill(content, (byte) 0);
    }
  }

  private static List<byte[]> lines(byte[] content, Path file) throws IOException {
    List<byte[]> phrases = new ArrayList<>();
    for (int from = 0; from < content.length; ) {
      int end = from;
      while (end < content.length && content[end] != '\n') {
        end++;
      }
      int last = end > from && content[end - 1] == '\r' ? end - 1 : end;
      if (last > from) {
        phrases.add(Arrays.copyOfRange(content, from, last));
      }
      from = end + 1;
    }
    if (phrases.isEmpty()) {
      throw new IOException("there is no pass phrase in " + file);
    }
    if (phrases.size() > MAX_PHRASES) {
      phrases.forEach(phrase -> Arrays.fill(phrase, (byte) 0));
      throw new IOException(
          "wanted at most "
              + MAX_PHRASES
              + " pass phrases, but there are "
              + phrases.size()
              + " in "
              + file);
    }
    return phrases;
  }
}
