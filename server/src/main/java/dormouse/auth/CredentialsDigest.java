package dormouse.auth;

import static java.nio.charset.StandardCharsets.UTF_8;

import dormouse.directory.password.KeyedHash;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;
import javax.crypto.Mac;

/// Tells whether two logins were made with the same name, for the same mail, with the same password, and keeps none of it:
/// a [KeyedHash] under a key made at start. It is worth nothing to who reads it without the key. Immutable; any thread.
public final class CredentialsDigest {
  private static final KeyedHash KEYED = new KeyedHash();

  private final byte[] digest;

  private CredentialsDigest(byte[] digest) {
    this.digest = digest;
  }

  /// Of credentials, which are not kept.
  public static CredentialsDigest of(Credentials credentials) {
    Mac mac = KEYED.begin();
    update(mac, credentials.user().getBytes(UTF_8));
    update(mac, credentials.authzid().getBytes(UTF_8));
    update(mac, credentials.password());
    mac.update((byte) (credentials.token() ? 1 : 0));
    return new CredentialsDigest(mac.doFinal());
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
}
