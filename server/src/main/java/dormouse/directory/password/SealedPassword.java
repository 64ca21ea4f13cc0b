package dormouse.directory.password;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/// A password kept for as long as its session may have to log in again, so that no copy of it lies about in memory.
///
/// AES-256-GCM under a key made at start and known to this process alone. That keeps passwords out of logs, traces and
/// stray pieces of memory; who reads the whole process has the key too. Takes the password's length and 28 bytes, beside
/// two object headers. Lives on its session's event loop; [#seal] and the key are for any thread.
public final class SealedPassword {
  private static final String CIPHER = "AES/GCM/NoPadding";
  private static final int KEY_BYTES = 32;
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;
  private static final SecretKey KEY = newKey();
  private static final ThreadLocal<Cipher> CIPHERS =
      ThreadLocal.withInitial(SealedPassword::newCipher);

  /// Counts seals, in every nonce: under one key none may come twice, and random ones would some day.
  private static final AtomicLong SEALS = new AtomicLong();

  private static final int NONCE_PREFIX = new SecureRandom().nextInt();

  /// Nonce, then ciphertext and tag; empty once wiped.
  private byte[] sealed;

  private SealedPassword(byte[] sealed) {
    this.sealed = sealed;
  }

  /// Seals a copy of the password; the caller still wipes its own.
  public static SealedPassword seal(byte[] password) {
    byte[] nonce =
        ByteBuffer.allocate(NONCE_BYTES)
            .putInt(NONCE_PREFIX)
            .putLong(SEALS.incrementAndGet())
            .array();
    try {
      var cipher = cipher(Cipher.ENCRYPT_MODE, nonce);
      var sealed = Arrays.copyOf(nonce, NONCE_BYTES + cipher.getOutputSize(password.length));
      cipher.doFinal(password, 0, password.length, sealed, NONCE_BYTES);
      return new SealedPassword(sealed);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("cannot seal", e);
    }
  }

  /// The password in a fresh array, which the caller wipes after use.
  ///
  /// @throws IllegalStateException after [#wipe()]
  public byte[] open() {
    if (sealed.length == 0) {
      throw new IllegalStateException("wiped before");
    }
    try {
      return cipher(Cipher.DECRYPT_MODE, sealed)
          .doFinal(sealed, NONCE_BYTES, sealed.length - NONCE_BYTES);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("cannot open", e);
    }
  }

  /// Forgets the password. Wiping twice does no harm.
  public void wipe() {
    Arrays.fill(sealed, (byte) 0);
    sealed = new byte[0];
  }

  @Override
  public String toString() {
    return "SealedPassword[hidden]";
  }

  /// A copy of what [#ofSealed] makes it of again.
  public byte[] sealed() {
    return sealed.clone();
  }

  /// @param sealed from then on its own
  public static SealedPassword ofSealed(byte[] sealed) {
    return new SealedPassword(sealed);
  }

  private static Cipher cipher(int mode, byte[] beginningWithNonce)
      throws GeneralSecurityException {
    var cipher = CIPHERS.get();
    cipher.init(mode, KEY, new GCMParameterSpec(TAG_BITS, beginningWithNonce, 0, NONCE_BYTES));
    return cipher;
  }

  private static Cipher newCipher() {
    try {
      return Cipher.getInstance(CIPHER);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK lacks " + CIPHER, e);
    }
  }

  private static SecretKey newKey() {
    var key = new byte[KEY_BYTES];
    new SecureRandom().nextBytes(key);
    return new SecretKeySpec(key, "AES");
  }
}
