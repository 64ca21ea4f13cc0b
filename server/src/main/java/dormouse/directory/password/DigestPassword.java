package dormouse.directory.password;

import java.security.MessageDigest;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// A digest of a password and its salt, if it has any: what old LDAP directories hold (RFC 2307 §5.3). Fast, and so weak.
/// Immutable; any thread.
@SuppressWarnings("ArrayRecordComponent") // a secret is never compared as a record
record DigestPassword(String algorithm, byte[] digest, byte[] salt) implements StoredPassword {

  /// @param bytes the digest, and behind it the salt
  static @Nullable DigestPassword of(String algorithm, byte[] bytes, boolean salted) {
    int length = Primitives.digest(algorithm).getDigestLength();
    if (salted ? bytes.length <= length : bytes.length != length) {
      return null;
    }
    return new DigestPassword(
        algorithm, Arrays.copyOf(bytes, length), Arrays.copyOfRange(bytes, length, bytes.length));
  }

  @Override
  public boolean matches(byte[] password) {
    MessageDigest of = Primitives.digest(algorithm);
    of.update(password);
    of.update(salt);
    return StoredPassword.same(digest, of.digest());
  }

  @Override
  public String toString() {
    return "DigestPassword[hidden]";
  }
}
