package dormouse.auth;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Tells whether two logins were made with the same name, for the same mail, with the same password, and keeps none of it:
/// HMAC-SHA-256 (RFC 2104) under a key made at start and known to this process alone. It is worth nothing to who reads it without the
/// key. Immutable; any thread.
public final class CredentialsDigest {
  private static final String ALGORITHM = "HmacSHA256";
  private static final Mac KEYED = keyed(); // copied for each use: to look one up is dearer

  private final byte[] digest;

  private CredentialsDigest(byte[] digest) {
    this.digest = digest;
  }

  /// Of credentials, which are not kept.
  public static CredentialsDigest of(Credentials credentials) {
    try {
      Mac mac = (Mac) KEYED.clone();
      update(mac, credentials.user().getBytes(UTF_8));
      update(mac, credentials.authzid().getBytes(UTF_8));
      update(mac, credentials.password());
      mac.update((byte) (credentials.token() ? 1 : 0));
      return new CredentialsDigest(mac.doFinal());
    } catch (CloneNotSupportedException e) {
      throw new IllegalStateException("cannot digest", e); // the JDK's own can
    }
  }

  /// With its length before it, so that no two sets of fields read the same.
  private static void update(Mac mac, byte[] field) {
    mac.update(ByteBuffer.allocate(Integer.BYTES).putInt(field.length).array());
    mac.update(field);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof CredentialsDigest its && MessageDigest.isEqual(digest, its.digest);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(digest);
  }

  @Override
  public String toString() {
    return "CredentialsDigest[hidden]";
  }

  private static Mac keyed() {
    byte[] key = new byte[32];
    new SecureRandom().nextBytes(key);
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(new SecretKeySpec(key, ALGORITHM));
      return mac;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK lacks " + ALGORITHM, e);
    }
  }
}
