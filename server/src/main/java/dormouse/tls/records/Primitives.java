package dormouse.tls.records;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.FastThreadLocal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import org.jspecify.annotations.Nullable;

/// The ciphers and the MAC of a suite, shared by all connections of an event loop. Who says much has a cipher lent for a while, so that it
/// need not be given the same key for each record; there are so many of those and no more, and who has had one for longest gives it up
/// for the next.
///
/// Lives on one event loop, [#of] gives that loop's.
final class Primitives {
  private static final FastThreadLocal<Loop> OF_THIS_LOOP =
      new FastThreadLocal<>() {
        @Override
        protected Loop initialValue() {
          return new Loop();
        }
      };

  /// Some 1.5 KB each, made when they are needed.
  private static final int LENT = 256;

  /// So that no nonce comes twice with the key of zeros: a cipher refuses that.
  private static final AtomicLong FORGOTTEN = new AtomicLong();

  private static final byte[] NO_CONTEXT = {};
  private static final byte[] KEY_EXPANSION = "key expansion".getBytes(StandardCharsets.US_ASCII);

  /// More than the longest record.
  private static final int ROOM_BYTES = (1 << 14) + 512;

  /// Of all suites.
  private static final class Loop {
    final Map<Suite, Primitives> suites = new EnumMap<>(Suite.class);
    final byte[] from = new byte[ROOM_BYTES];
    final byte[] to = new byte[ROOM_BYTES];
    boolean forgetting;
  }

  private final Suite suite;
  private final Loop loop;
  private final Cipher sealing;
  private final Cipher opening;
  private final Mac mac;
  private final byte[] keyInfo;
  private final byte[] ivInfo;
  private final @Nullable Cipher[] lent = new @Nullable Cipher[LENT];
  private final @Nullable Protection[] borrowers = new @Nullable Protection[LENT];
  private int nextLent;
  final byte[] hashOfNothing;
  private boolean used; // with a secret, since they were forgotten

  private Primitives(Suite suite, Loop loop) {
    this.suite = suite;
    this.loop = loop;
    this.sealing = suite.newCipher();
    this.opening = suite.newCipher();
    this.mac = suite.newMac();
    this.hashOfNothing = suite.hash(new byte[0]);
    this.keyInfo = info("key", NO_CONTEXT, suite.keyBytes);
    this.ivInfo = info("iv", NO_CONTEXT, Suite.IV_BYTES);
  }

  static Primitives of(Suite suite) {
    Loop loop = OF_THIS_LOOP.get();
    Primitives here = loop.suites.get(suite);
    if (here == null) {
      here = new Primitives(suite, loop);
      loop.suites.put(suite, here);
    }
    return here;
  }

  Cipher sealing() {
    used = true;
    return sealing;
  }

  Cipher opening() {
    used = true;
    return opening;
  }

  /// What a cipher reads from, and in sealing writes to as well: with arrays the JDK's take a third of the time that they take with memory
  /// outside the heap. Until [#forgetSoon] it holds what was there last.
  byte[] from() {
    return loop.from;
  }

  /// What a cipher opens into.
  byte[] to() {
    return loop.to;
  }

  /// A cipher for this one alone, until it is taken away ([Protection#takeBack]) or [#giveBack].
  Cipher lend(Protection borrower) {
    int at = nextLent;
    nextLent = (at + 1) % LENT;
    Protection before = borrowers[at];
    if (before != null) {
      before.takeBack();
    }
    borrowers[at] = borrower;
    Cipher cipher = lent[at];
    if (cipher == null) {
      cipher = suite.newCipher();
      lent[at] = cipher;
    } else if (before != null) {
      forgetKey(cipher);
    }
    return cipher;
  }

  /// The borrower needs it no longer; the cipher forgets its key.
  void giveBack(Protection borrower, Cipher cipher) {
    for (int i = 0; i < LENT; i++) {
      if (borrowers[i] == borrower) {
        borrowers[i] = null;
        break;
      }
    }
    forgetKey(cipher);
  }

  /// Makes the ciphers and MACs of this loop forget whose keys they used last, once for all that leave in this turn of the loop: to
  /// be called when a connection has left it.
  static void forgetSoon(EventExecutor here) {
    Loop loop = OF_THIS_LOOP.get();
    if (here.isShuttingDown()) {
      forget(loop);
    } else if (!loop.forgetting) {
      loop.forgetting = true;
      here.execute(() -> forget(loop));
    }
  }

  private static void forget(Loop loop) {
    loop.forgetting = false;
    loop.suites.values().forEach(Primitives::forgetKeys);
  }

  private void forgetKeys() {
    if (!used) {
      return;
    }
    used = false;
    Arrays.fill(loop.from, (byte) 0);
    Arrays.fill(loop.to, (byte) 0);
    forgetKey(sealing);
    forgetKey(opening);
    forgetSecret();
  }

  private void forgetSecret() {
    try {
      mac.init(new TrafficKey(new byte[suite.secretBytes], suite.macAlgorithm));
      mac.doFinal(); // else its digest keeps what it gave last
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /// The JDK's zero the old key when they get another; what they have sealed with only when they are to seal again.
  private void forgetKey(Cipher cipher) {
    byte[] nonce = ByteBuffer.allocate(Suite.IV_BYTES).putLong(FORGOTTEN.incrementAndGet()).array();
    TrafficKey none = new TrafficKey(new byte[suite.keyBytes], suite.keyAlgorithm);
    try {
      cipher.init(Cipher.ENCRYPT_MODE, none, suite.nonce(nonce));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /// The key and the IV that follow from a secret (RFC 8446 §7.3); of TLS 1.2 they are it.
  Protection.Keys keys(byte[] secret) {
    if (suite.ofTls12()) {
      return new Protection.Keys(
          new TrafficKey(Arrays.copyOf(secret, suite.keyBytes), suite.keyAlgorithm),
          Arrays.copyOfRange(secret, suite.keyBytes, secret.length));
    }
    begin(secret);
    return new Protection.Keys(
        new TrafficKey(block(keyInfo, suite.keyBytes), suite.keyAlgorithm),
        block(ivInfo, Suite.IV_BYTES));
  }

  /// The secrets of both directions that follow from TLS 1.2's master secret (RFC 5246 §5, §6.3).
  ///
  /// @return the client's and the server's; owned by the caller
  byte[][] secrets(byte[] master, byte[] serverRandom, byte[] clientRandom) {
    byte[] seed =
        ByteBuffer.allocate(KEY_EXPANSION.length + serverRandom.length + clientRandom.length)
            .put(KEY_EXPANSION)
            .put(serverRandom)
            .put(clientRandom)
            .array();
    ByteBuffer block = ByteBuffer.allocate(2 * suite.secretBytes);
    begin(master);
    byte[] a = seed;
    while (block.hasRemaining()) {
      a = mac.doFinal(a);
      mac.update(a);
      byte[] more = mac.doFinal(seed);
      block.put(more, 0, Math.min(more.length, block.remaining()));
      Arrays.fill(more, (byte) 0);
    }
    block.flip();
    byte[][] secrets = {new byte[suite.secretBytes], new byte[suite.secretBytes]};
    int fixedBytes = suite.secretBytes - suite.keyBytes;
    for (byte[] secret : secrets) {
      block.get(secret, 0, suite.keyBytes);
    }
    for (byte[] secret : secrets) {
      block.get(secret, suite.keyBytes, fixedBytes);
    }
    Arrays.fill(block.array(), (byte) 0);
    forgetSecret(); // from which all of the connection, and its resumptions, follow
    return secrets;
  }

  /// HKDF-Expand-Label with an empty context (RFC 8446 §7.1, RFC 5869 §2.3).
  ///
  /// @param bytes at most as many as the hash has
  byte[] expand(byte[] secret, String label, int bytes) {
    return expand(secret, label, NO_CONTEXT, bytes);
  }

  /// The same with a context.
  byte[] expand(byte[] secret, String label, byte[] context, int bytes) {
    begin(secret);
    return block(info(label, context, bytes), bytes);
  }

  private void begin(byte[] secret) {
    used = true;
    try {
      mac.init(new TrafficKey(secret, suite.macAlgorithm));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /// The label, and the number of the first block of HKDF, which is the only one.
  private static byte[] info(String label, byte[] context, int bytes) {
    byte[] name = ("tls13 " + label).getBytes(StandardCharsets.US_ASCII);
    return ByteBuffer.allocate(5 + name.length + context.length)
        .putShort((short) bytes)
        .put((byte) name.length)
        .put(name)
        .put((byte) context.length)
        .put(context)
        .put((byte) 1)
        .array();
  }

  private byte[] block(byte[] info, int bytes) {
    mac.update(info);
    byte[] block = mac.doFinal();
    if (block.length == bytes) {
      return block;
    }
    byte[] expanded = Arrays.copyOf(block, bytes);
    Arrays.fill(block, (byte) 0);
    return expanded;
  }
}
