package dormouse.listen;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.text.Normalizer;
import java.util.Locale;
import java.util.regex.Pattern;

/// Names for addresses, networks and users that fit into flat tables: 64 bits of a hash with a secret of this process, so that
/// nobody outside can make two of them alike. 0 is never one. Any thread.
public final class SecretKeys {
  private static final int SECRET_BYTES = 32;
  private static final Pattern MARKS = Pattern.compile("[\\p{Mn}\\p{Me}\\p{Cf}]+");

  private final MessageDigest secret; // that has digested the secret; copied for each use

  public SecretKeys() {
    byte[] bytes = new byte[SECRET_BYTES];
    new SecureRandom().nextBytes(bytes);
    try {
      secret = MessageDigest.getInstance("SHA-256");
      secret.update(bytes);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every JDK has it
    }
  }

  /// One client's address: of IPv6 the /64, within which devices change theirs.
  public long address(InetAddress address) {
    return prefix('a', address, 32, 64);
  }

  /// Those that are likely to be one customer's or one site's: an IPv4 /24, an IPv6 /48.
  public long network(InetAddress address) {
    return prefix('n', address, 24, 48);
  }

  /// A user, whatever the case of the name, its accents, and spaces around it.
  public long user(String user) {
    return key('u', plain(user).getBytes(UTF_8));
  }

  /// A name without what MariaDB's usual collations take for no difference: case, marks on letters, and what is not seen; and without spaces around
  /// what is left, which make no other name to LDAP either.
  public static String plain(String user) {
    if (isPrintableAscii(user)) { // of which only the case makes no difference
      return user.strip().toLowerCase(Locale.ROOT);
    }
    String apart = Normalizer.normalize(user, Normalizer.Form.NFKD);
    String letters = MARKS.matcher(apart).replaceAll("").strip();
    return letters.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT).replace('\u03c2', '\u03c3');
  }

  private static boolean isPrintableAscii(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) < ' ' || text.charAt(i) > '~') {
        return false;
      }
    }
    return true;
  }

  /// A user at an address.
  public long device(String user, InetAddress address) {
    return pair('d', user(user), address(address));
  }

  /// What a listener counts.
  public long listener(int number) {
    return pair('l', number, 0);
  }

  private long prefix(char kind, InetAddress address, int bits4, int bits6) {
    byte[] bytes = address.getAddress();
    int kept = (bytes.length == 4 ? bits4 : bits6) / 8;
    return key(
        kind, ByteBuffer.allocate(1 + kept).put((byte) bytes.length).put(bytes, 0, kept).array());
  }

  private long pair(char kind, long first, long second) {
    return key(kind, ByteBuffer.allocate(16).putLong(first).putLong(second).array());
  }

  private long key(char kind, byte[] of) {
    try {
      MessageDigest digest = (MessageDigest) secret.clone();
      digest.update((byte) kind);
      long key = ByteBuffer.wrap(digest.digest(of)).getLong();
      return key == 0 ? 1 : key;
    } catch (CloneNotSupportedException e) {
      throw new IllegalStateException(e); // the JDK's own can
    }
  }
}
