package dormouse.tls.records;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Watches in tests, where assertions are on, over the one mistake that must never be made: to seal two records with one key and one
/// number. It knows all connections of the process, for a connection that is parked and comes back has other objects, and
/// keys only by a hash. Any thread.
final class SealedOnce {
  private static final int MAX_SECRETS = 1 << 17; // then it begins anew
  private static final Map<ByteBuffer, Long> LAST = new ConcurrentHashMap<>();

  private SealedOnce() {}

  /// Takes a record down.
  ///
  /// @param secret from which the key follows
  /// @return false if this number, or a later one, has been sealed with it
  static boolean takeDown(byte[] secret, long number) {
    if (LAST.size() > MAX_SECRETS) {
      LAST.clear();
    }
    Long before = LAST.put(hash(secret), number);
    return before == null || before < number;
  }

  /// Begins anew: for a test that looks at the memory which is in use.
  static void forget() {
    LAST.clear();
  }

  private static ByteBuffer hash(byte[] secret) {
    try {
      return ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(secret));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e); // every JDK has it
    }
  }
}
