package dormouse.config;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/// A file of keys for session tickets (RFC 5077 §4, RFC 8446 §4.6.1), which several Dormouses may have: one a line, 48 bytes in Base64. The
/// first makes tickets, all of them read. Empty lines and those that begin with `#` do not count. HAProxy: `tls-ticket-keys`, but for the order.
public final class TicketKeyFile {
  /// The key's name, which stands in the ticket; then what it is signed with, and what it is encrypted with.
  public static final int KEY_BYTES = 48;

  /// How much of it is its name.
  public static final int NAME_BYTES = 16;

  private static final int MAX_KEYS = 16;
  private static final int MAX_FILE_BYTES = 16 << 10;
  private static final String MAKE_ONE = "; make one with: openssl rand -base64 48";

  private TicketKeyFile() {}

  /// Its keys, at least one; the caller wipes them after use. Blocks.
  ///
  /// @throws IOException if the file cannot be read, or holds anything else; the message says where, and nothing of the keys
  public static List<byte[]> read(Path file) throws IOException {
    byte[] content = new byte[0];
    List<byte[]> keys = new ArrayList<>();
    try (var in = Files.newInputStream(file)) {
      content = in.readNBytes(MAX_FILE_BYTES + 1);
      if (content.length > MAX_FILE_BYTES) {
        throw new IOException(file + " is too long to hold keys of tickets");
      }
      take(content, file, keys);
      return keys;
    } catch (FileSystemException e) { // whose message is the file's name
      throw new IOException("the keys in " + file + " cannot be read: " + e, e);
    } catch (IOException e) {
      keys.forEach(key -> Arrays.fill(key, (byte) 0));
      throw e;
    } finally {
      Arrays.fill(content, (byte) 0);
    }
  }

  private static void take(byte[] content, Path file, List<byte[]> keys) throws IOException {
    int line = 0;
    for (int from = 0; from < content.length; ) {
      line++;
      int end = from;
      while (end < content.length && content[end] != '\n') {
        end++;
      }
      int last = end > from && content[end - 1] == '\r' ? end - 1 : end;
      if (last > from && content[from] != '#') {
        keys.add(key(content, from, last, "line " + line + " of " + file, keys));
      }
      from = end + 1;
    }
    if (keys.isEmpty()) {
      throw new IOException("there is no key in " + file + MAKE_ONE);
    }
    if (keys.size() > MAX_KEYS) {
      throw new IOException(
          "wanted at most " + MAX_KEYS + " keys, but there are " + keys.size() + " in " + file);
    }
  }

  private static byte[] key(byte[] content, int from, int to, String where, List<byte[]> before)
      throws IOException {
    byte[] digits = Arrays.copyOfRange(content, from, to);
    byte[] key;
    try {
      key = Base64.getDecoder().decode(digits);
    } catch (IllegalArgumentException _) {
      throw new IOException(where + " is not Base64" + MAKE_ONE);
    } finally {
      Arrays.fill(digits, (byte) 0);
    }
    int bytes = key.length;
    boolean known =
        bytes == KEY_BYTES
            && before.stream()
                .anyMatch(other -> Arrays.equals(other, 0, NAME_BYTES, key, 0, NAME_BYTES));
    if (bytes == KEY_BYTES && !known) {
      return key;
    }
    Arrays.fill(key, (byte) 0);
    throw new IOException(
        known
            ? where + " is a key that stands there before"
            : where + " holds " + bytes + " bytes, wanted " + KEY_BYTES + MAKE_ONE);
  }
}
