package dormouse.tls.records;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.math.BigInteger;
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

/// Records of every size, type and number, sealed as well by RFC 8446 §5.2 and §5.3 written down again with Bouncy Castle's ciphers. A failure names
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

      ByteBuf sealed = Unpooled.directBuffer(inner.length + Protection.OVERHEAD_BYTES);
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
    String hash = suite.secretBytes == 48 ? "SHA384" : "SHA256";
    byte[] key = SessionSecrets.expand(secret, "key", suite.keyBytes, hash);
    byte[] iv = SessionSecrets.expand(secret, "iv", 12, hash);
    byte[] nonce = new BigInteger(1, iv).xor(BigInteger.valueOf(number)).toByteArray();
    byte[] twelve = new byte[12];
    int length = Math.min(nonce.length, 12);
    System.arraycopy(nonce, nonce.length - length, twelve, 12 - length, length);

    int bytes = inner.length + 16;
    byte[] record = {23, 3, 3, (byte) (bytes >> 8), (byte) bytes};
    AEADCipher cipher =
        suite == Suite.CHACHA20_POLY1305
            ? new ChaCha20Poly1305()
            : GCMBlockCipher.newInstance(AESEngine.newInstance());
    cipher.init(true, new AEADParameters(new KeyParameter(key), 128, twelve, record));
    byte[] whole = Arrays.copyOf(record, record.length + bytes);
    int at = record.length;
    at += cipher.processBytes(inner, 0, inner.length, whole, at);
    cipher.doFinal(whole, at);
    return whole;
  }

  private static String hex(ByteBuf bytes) {
    byte[] copy = new byte[bytes.readableBytes()];
    bytes.getBytes(bytes.readerIndex(), copy);
    return HexFormat.of().formatHex(copy);
  }
}
