package dormouse.config;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/// A file that holds a secret as its only line, with or without a line end.
public final class SecretFile {
  private static final int MOST_BYTES = 1024;

  private SecretFile() {}

  /// The secret's bytes; the caller wipes them after use. Blocks.
  ///
  /// @throws IOException if the file cannot be read, or holds no secret; the message says which, and nothing of the secret
  public static byte[] read(Path file) throws IOException {
    byte[] content = new byte[0];
    try (var in = Files.newInputStream(file)) {
      content = in.readNBytes(MOST_BYTES + 3); // its line end is up to 2 bytes
      int length = content.length;
      if (length > 0 && content[length - 1] == '\n') {
        length--;
      }
      if (length > 0 && content[length - 1] == '\r') {
        length--;
      }
      if (length == 0) {
        throw new IOException(file + " holds no secret in its first line");
      }
      if (length > MOST_BYTES) {
        throw new IOException(file + " is longer than a secret of " + MOST_BYTES + " bytes");
      }
      for (int i = 0; i < length; i++) {
        if (content[i] == '\n' || content[i] == '\r' || content[i] == 0) {
          throw new IOException(file + " holds more than one line");
        }
      }
      return Arrays.copyOf(content, length);
    } catch (FileSystemException e) { // whose message is the file's name
      throw new IOException("the secret in " + file + " cannot be read: " + e, e);
    } finally {
      Arrays.fill(content, (byte) 0);
    }
  }
}
