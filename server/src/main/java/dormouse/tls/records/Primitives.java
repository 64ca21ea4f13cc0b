package dormouse.tls.records;

import io.netty.util.concurrent.FastThreadLocal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import javax.crypto.Cipher;
import javax.crypto.Mac;

/// The ciphers and the MAC of a suite, shared by all connections of an event loop: a connection keeps none of its own.
///
/// Lives on one event loop, [#of] gives that loop's.
final class Primitives {
  private static final FastThreadLocal<Map<Suite, Primitives>> OF_THIS_LOOP =
      new FastThreadLocal<>() {
        @Override
        protected Map<Suite, Primitives> initialValue() {
          return new EnumMap<>(Suite.class);
        }
      };

  private static final byte[] NO_CONTEXT = {};

  private final Suite suite;
  private final Cipher sealing;
  private final Cipher opening;
  private final Mac mac;
  final byte[] hashOfNothing;
  private boolean used; // with a secret, since they were forgotten
  private long forgotten;

  private Primitives(Suite suite) {
    this.suite = suite;
    this.sealing = suite.newCipher();
    this.opening = suite.newCipher();
    this.mac = suite.newMac();
    this.hashOfNothing = suite.hash(new byte[0]);
  }

  static Primitives of(Suite suite) {
    return OF_THIS_LOOP.get().computeIfAbsent(suite, Primitives::new);
  }

  Cipher sealing() {
    used = true;
    return sealing;
  }

  Cipher opening() {
    used = true;
    return opening;
  }

  /// Makes the ciphers and MACs of this loop forget whose keys they used last: to be called when a connection has left it.
  static void forget() {
    OF_THIS_LOOP.get().values().forEach(Primitives::forgetKeys);
  }

  /// The JDK's zero the old key when they get another.
  private void forgetKeys() {
    if (!used) {
      return;
    }
    used = false;
    byte[] nonce = ByteBuffer.allocate(Suite.IV_BYTES).putLong(++forgotten).array();
    TrafficKey none = new TrafficKey(new byte[suite.keyBytes], suite.keyAlgorithm);
    try {
      sealing.init(Cipher.ENCRYPT_MODE, none, suite.nonce(nonce));
      opening.init(Cipher.DECRYPT_MODE, none, suite.nonce(nonce));
      mac.init(new TrafficKey(new byte[suite.secretBytes], suite.macAlgorithm));
      mac.doFinal(); // else its digest keeps what it gave last
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /// HKDF-Expand-Label with an empty context (RFC 8446 §7.1, RFC 5869 §2.3).
  ///
  /// @param bytes at most as many as the hash has
  byte[] expand(byte[] secret, String label, int bytes) {
    return expand(secret, label, NO_CONTEXT, bytes);
  }

  /// The same with a context.
  byte[] expand(byte[] secret, String label, byte[] context, int bytes) {
    byte[] name = ("tls13 " + label).getBytes(StandardCharsets.US_ASCII);
    used = true;
    try {
      mac.init(new TrafficKey(secret, suite.macAlgorithm));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
    mac.update((byte) (bytes >> 8));
    mac.update((byte) bytes);
    mac.update((byte) name.length);
    mac.update(name);
    mac.update((byte) context.length);
    mac.update(context);
    mac.update((byte) 1); // the first block of HKDF, and the only one
    byte[] block = mac.doFinal();
    if (block.length == bytes) {
      return block;
    }
    byte[] expanded = Arrays.copyOf(block, bytes);
    Arrays.fill(block, (byte) 0);
    return expanded;
  }
}
