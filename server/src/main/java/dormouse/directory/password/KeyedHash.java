package dormouse.directory.password;

import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// HMAC-SHA-256 (RFC 2104) under a key that is made here and known to nobody: who reads a hash learns nothing of a password from it. Immutable; any
/// thread.
public final class KeyedHash {
  private static final String HMAC = "HmacSHA256";

  private final SecretKeySpec key;
  private final Mac keyed; // copied for each use: to look one up is dearer

  public KeyedHash() {
    byte[] random = new byte[32];
    new SecureRandom().nextBytes(random);
    this.key = new SecretKeySpec(random, HMAC);
    this.keyed = lookUp();
  }

  /// With nothing hashed yet, for one thread.
  public Mac begin() {
    try {
      return (Mac) keyed.clone();
    } catch (CloneNotSupportedException _) { // as of a PKCS #11 token
      return lookUp();
    }
  }

  private Mac lookUp() {
    try {
      Mac mac = Mac.getInstance(HMAC);
      mac.init(key);
      return mac;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(HMAC, e); // every JDK has it
    }
  }
}
