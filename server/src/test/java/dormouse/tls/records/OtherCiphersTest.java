package dormouse.tls.records;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.bouncycastle.crypto.CryptoException;
import org.bouncycastle.crypto.engines.AESEngine;
import org.bouncycastle.crypto.modes.AEADCipher;
import org.bouncycastle.crypto.modes.ChaCha20Poly1305;
import org.bouncycastle.crypto.modes.GCMBlockCipher;
import org.bouncycastle.crypto.params.AEADParameters;
import org.bouncycastle.crypto.params.KeyParameter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Records of every size, type and number, sealed as well by RFC 8446 §5.2 and §5.3, and RFC 5246 §6.2.3.3, written down again with Bouncy Castle's ciphers. A failure names
/// its seed.
class OtherCiphersTest {
  private static final int ROUNDS = 200;

  @ParameterizedTest
  @EnumSource
  void sealAlikeAndOpen(Suite suite) throws Exception {
    long seed = Long.getLong("dormouse.seed", System.nanoTime());
    Random random = new Random(seed);
    for (int round = 0; round < ROUNDS; round++) {
      String what = "seed " + seed + " round " + round;
      byte[] secret = Peer.secret(suite);
      long number = random.nextLong() >>> random.nextInt(1, 64);
      byte[] inner = new byte[1 + random.nextInt(random.nextInt(10) == 0 ? 16_385 : 200)];
      random.nextBytes(inner);
      if (suite.ofTls12()) {
        inner[inner.length - 1] = (byte) (20 + random.nextInt(4));
      }

      ByteBuf sealed = Unpooled.directBuffer(inner.length + suite.overheadBytes);
      new Protection(suite, secret.clone(), number)
          .seal(Unpooled.wrappedBuffer(inner), inner.length - 1, inner[inner.length - 1], sealed);
      byte[] theirs = sealedByOthers(suite, secret, number, inner);
      assertThat(hex(sealed)).as(what).isEqualTo(HexFormat.of().formatHex(theirs));

      sealed.skipBytes(Protection.HEADER_BYTES);
      ByteBuf opened = Unpooled.directBuffer(sealed.readableBytes());
      new Protection(suite, secret, number).open(sealed, sealed.readableBytes(), opened);
      assertThat(hex(opened)).as(what).isEqualTo(HexFormat.of().formatHex(inner));
      sealed.release();
      opened.release();
    }
  }

  private static byte[] sealedByOthers(Suite suite, byte[] secret, long number, byte[] inner)
      throws CryptoException {
    if (suite.ofTls12()) {
      return sealedByOthersOfTls12(suite, secret, number, inner);
    }
    String hash = suite.secretBytes == 48 ? "SHA384" : "SHA256";
    byte[] key = SessionSecrets.expand(secret, "key", suite.keyBytes, hash);
    byte[] iv = SessionSecrets.expand(secret, "iv", 12, hash);
    byte[] nonce = new BigInteger(1, iv).xor(BigInteger.valueOf(number)).toByteArray();
    byte[] twelve = new byte[12];
    int length = Math.min(nonce.length, 12);
    System.arraycopy(nonce, nonce.length - length, twelve, 12 - length, length);

    int bytes = inner.length + 16;
    byte[] record = {23, 3, 3, (byte) (bytes >> 8), (byte) bytes};
    AEADParameters with = new AEADParameters(new KeyParameter(key), 128, twelve, record);
    return sealed(cipher(suite), with, record, inner, inner.length);
  }

  /// The secret is the key and the IV, or with AES the first four bytes of the nonce; the type stands behind the content.
  private static byte[] sealedByOthersOfTls12(Suite suite, byte[] secret, long number, byte[] inner)
      throws CryptoException {
    int content = inner.length - 1;
    byte[] key = Arrays.copyOf(secret, suite.keyBytes);
    byte type = inner[content];
    ByteBuffer additional = ByteBuffer.allocate(13).putLong(number).put(type);
    additional.put((byte) 3).put((byte) 3).putShort((short) content);
    ByteBuffer record = ByteBuffer.allocate(13).put(type).put((byte) 3).put((byte) 3);
    ByteBuffer nonce = ByteBuffer.allocate(12);
    if (suite.name().contains("CHACHA20")) {
      nonce.putInt(0).putLong(number);
      for (int i = 0; i < 12; i++) {
        nonce.array()[i] ^= secret[32 + i];
      }
      record.putShort((short) (content + 16));
    } else {
      nonce.put(secret, suite.keyBytes, 4).putLong(number);
      record.putShort((short) (8 + content + 16)).putLong(number);
    }
    AEADParameters with =
        new AEADParameters(new KeyParameter(key), 128, nonce.array(), additional.array());
    byte[] head = Arrays.copyOf(record.array(), record.position());
    return sealed(cipher(suite), with, head, inner, content);
  }

  private static AEADCipher cipher(Suite suite) {
    return suite.name().contains("CHACHA20")
        ? new ChaCha20Poly1305()
        : GCMBlockCipher.newInstance(AESEngine.newInstance());
  }

  private static byte[] sealed(
      AEADCipher cipher, AEADParameters with, byte[] head, byte[] content, int bytes)
      throws CryptoException {
    cipher.init(true, with);
    byte[] whole = Arrays.copyOf(head, head.length + bytes + 16);
    int at = head.length;
    at += cipher.processBytes(content, 0, bytes, whole, at);
    cipher.doFinal(whole, at);
    return whole;
  }

  private static String hex(ByteBuf bytes) {
    byte[] copy = new byte[bytes.readableBytes()];
    bytes.getBytes(bytes.readerIndex(), copy);
    return HexFormat.of().formatHex(copy);
  }
}
