package dormouse.tls.records;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Project Wycheproof's vectors of TLS 1.3's three ciphers, sealed and opened in the way of [Protection]: keys that can be forgotten, sealed where the
/// content lies, opened from one array into another, by ciphers that had another key before.
class WycheproofTest {
  private static final int ROOM_BYTES = 1 << 10; // more than the longest vector

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Vector(
      String number,
      byte[] key,
      byte[] nonce,
      byte[] additional,
      byte[] content,
      byte[] sealed,
      boolean opens) {
    static Vector of(String line) {
      String[] words = line.split(" ");
      return new Vector(
          words[0],
          bytes(words[1]),
          bytes(words[2]),
          bytes(words[3]),
          bytes(words[4]),
          bytes(words[5]),
          words[6].equals("valid"));
    }

    private static byte[] bytes(String digits) {
      return digits.equals("-") ? new byte[0] : HexFormat.of().parseHex(digits);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "AES_128_GCM, aes-gcm, 67",
    "AES_256_GCM, aes-gcm, 66",
    "CHACHA20_POLY1305, chacha20-poly1305, 316"
  })
  void isSealedAndOpenedAsItShallBe(Suite suite, String file, int count) throws Exception {
    List<Vector> vectors =
        vectors(file).filter(vector -> vector.key().length == suite.keyBytes).toList();
    assertThat(vectors).hasSize(count);
    Cipher opening = suite.newCipher();
    for (Vector vector : vectors) {
      if (vector.opens()) {
        assertThat(hex(seal(suite, vector))).as(vector.number()).isEqualTo(hex(vector.sealed()));
        assertThat(hex(open(suite, opening, vector)))
            .as(vector.number())
            .isEqualTo(hex(vector.content()));
      } else {
        assertThat(opensAtAll(suite, opening, vector)).as(vector.number()).isFalse();
      }
    }
  }

  private static byte[] seal(Suite suite, Vector vector) throws GeneralSecurityException {
    Cipher cipher = suite.newCipher(); // the JDK's would refuse nonces that come again
    begin(suite, cipher, Cipher.ENCRYPT_MODE, vector);
    byte[] room = Arrays.copyOf(vector.content(), ROOM_BYTES);
    int sealed = cipher.doFinal(room, 0, vector.content().length, room, 0);
    return Arrays.copyOf(room, sealed);
  }

  private static byte[] open(Suite suite, Cipher cipher, Vector vector)
      throws GeneralSecurityException {
    begin(suite, cipher, Cipher.DECRYPT_MODE, vector);
    byte[] from = Arrays.copyOf(vector.sealed(), ROOM_BYTES);
    byte[] to = new byte[ROOM_BYTES];
    int opened = cipher.doFinal(from, 0, vector.sealed().length, to, 0);
    return Arrays.copyOf(to, opened);
  }

  private static boolean opensAtAll(Suite suite, Cipher cipher, Vector vector)
      throws GeneralSecurityException {
    try {
      open(suite, cipher, vector);
      return true;
    } catch (AEADBadTagException _) {
      return false;
    }
  }

  private static void begin(Suite suite, Cipher cipher, int mode, Vector vector)
      throws GeneralSecurityException {
    TrafficKey key = new TrafficKey(vector.key().clone(), suite.keyAlgorithm);
    cipher.init(mode, key, suite.nonce(vector.nonce()));
    cipher.updateAAD(vector.additional());
    key.destroy();
  }

  private static Stream<Vector> vectors(String file) throws IOException {
    try (InputStream in =
        WycheproofTest.class.getResourceAsStream("/wycheproof/" + file + ".txt")) {
      String text =
          new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.US_ASCII);
      return text.lines().filter(line -> !line.startsWith("#")).map(Vector::of);
    }
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }
}
