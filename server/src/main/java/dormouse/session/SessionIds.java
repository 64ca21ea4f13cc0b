package dormouse.session;

import java.security.SecureRandom;
import java.util.concurrent.atomic.AtomicLong;

/// Names for sessions: eight letters and digits, no two alike among the first 2^40 of a process, none telling how many
/// there were. Any thread.
///
/// A counter with a random start is multiplied by an odd number modulo 2^40, which maps no two counts to one name.
public final class SessionIds {
  private static final String ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"; // no l, o, 0, 1
  private static final int LENGTH = 8;
  private static final long STEP = 0x9E3779B97FL;

  private final AtomicLong count = new AtomicLong(new SecureRandom().nextLong());

  /// The next name.
  public String next() {
    long bits = count.getAndIncrement() * STEP;
    char[] id = new char[LENGTH];
    for (int i = 0; i < LENGTH; i++) {
      id[i] = ALPHABET.charAt((int) (bits >>> (5 * i)) & 31);
    }
    return new String(id);
  }
}
