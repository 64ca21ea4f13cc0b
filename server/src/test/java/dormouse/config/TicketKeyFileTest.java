package dormouse.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TicketKeyFileTest {
  @TempDir Path directory = Path.of("");

  @Test
  void keysStandOneALine() throws IOException {
    for (String end : List.of("\n", "\r\n")) {
      List<byte[]> read = TicketKeyFile.read(file("# the new one", key(7), "", key(9)).apply(end));
      assertThat(read).containsExactly(bytes(7), bytes(9));
    }
    assertThat(TicketKeyFile.read(Files.writeString(directory.resolve("k"), key(7)))).hasSize(1);
    assertThat(TicketKeyFile.read(file(keys(16)).apply("\n"))).hasSize(16);
  }

  @Test
  void whatIsWrongIsToldWithItsLineAndWithoutTheKey() {
    String make = "; make one with: openssl rand -base64 48";
    isRefused("line 2 of %s is not Base64" + make, key(1), "secret!");
    isRefused("line 3 of %s holds 5 bytes, wanted 48" + make, key(1), "", "c2hvcnQ=");
    isRefused("line 1 of %s holds 80 bytes, wanted 48" + make, encoded(new byte[80]));
    isRefused("line 2 of %s is a key that stands there before", key(1), key(1));
    isRefused("there is no key in %s" + make, "# none");
    isRefused("there is no key in %s" + make);
    isRefused("wanted at most 16 keys, but there are 17 in %s", keys(17));
    isRefused("%s is too long to hold keys of tickets", "#".repeat(20_000));
  }

  @Test
  void aFileThatIsNotThereIsNamed() {
    Path nowhere = directory.resolve("nowhere");
    assertThatThrownBy(() -> TicketKeyFile.read(nowhere))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("the keys in " + nowhere + " cannot be read: ");
  }

  private void isRefused(String why, String... lines) {
    Path file = directory.resolve("keys");
    assertThatThrownBy(() -> TicketKeyFile.read(file(lines).apply("\n")))
        .isInstanceOf(IOException.class)
        .hasMessage(why.replace("%s", file.toString()));
  }

  private interface Written {
    Path apply(String lineEnd) throws IOException;
  }

  private Written file(String... lines) {
    return end ->
        Files.writeString(
            directory.resolve("keys"), lines.length == 0 ? "" : String.join(end, lines) + end);
  }

  private static String[] keys(int count) {
    return IntStream.range(0, count).mapToObj(TicketKeyFileTest::key).toArray(String[]::new);
  }

  private static String key(int value) {
    return encoded(bytes(value));
  }

  private static byte[] bytes(int value) {
    byte[] key = new byte[TicketKeyFile.KEY_BYTES];
    Arrays.fill(key, (byte) value);
    return key;
  }

  private static String encoded(byte[] key) {
    return Base64.getEncoder().encodeToString(key);
  }
}
