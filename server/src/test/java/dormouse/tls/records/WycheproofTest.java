package dormouse.tls.records;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
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

/// Project Wycheproof's vectors of TLS 1.3's three ciphers, sealed and opened in the way of [Protection]: keys that can be forgotten, memory
/// outside the heap, the last byte sealed by itself.
class WycheproofTest {
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
    int first = Math.max(0, vector.content().length - 1);
    ByteBuf content = Unpooled.directBuffer(first + 1).writeBytes(vector.content(), 0, first);
    ByteBuf sealed = Unpooled.directBuffer(vector.sealed().length, vector.sealed().length);
    ByteBuffer to = sealed.nioBuffer(0, vector.sealed().length);
    cipher.update(content.nioBuffer(), to);
    byte[] last = Arrays.copyOfRange(vector.content(), first, vector.content().length);
    cipher.doFinal(ByteBuffer.wrap(last), to);
    assertThat(to.hasRemaining()).isFalse();
    return taken(content, sealed.writerIndex(to.position()));
  }

  private static byte[] open(Suite suite, Cipher cipher, Vector vector)
      throws GeneralSecurityException {
    begin(suite, cipher, Cipher.DECRYPT_MODE, vector);
    int bytes = vector.sealed().length;
    ByteBuf sealed = Unpooled.directBuffer(bytes).writeBytes(vector.sealed());
    ByteBuf opened = Unpooled.directBuffer(bytes, bytes);
    try {
      opened.writerIndex(cipher.doFinal(sealed.nioBuffer(), opened.nioBuffer(0, bytes)));
    } catch (AEADBadTagException e) {
      taken(sealed, opened);
      throw e;
    }
    return taken(sealed, opened);
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

  private static byte[] taken(ByteBuf first, ByteBuf second) {
    byte[] bytes = new byte[second.readableBytes()];
    second.readBytes(bytes);
    first.release();
    second.release();
    return bytes;
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
