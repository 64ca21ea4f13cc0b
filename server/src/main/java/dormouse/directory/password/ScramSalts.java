package dormouse.directory.password;

import dormouse.store.LastingFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;

/// Salts of SCRAM for users of whom none is stored: for as long as the secret is the same a name has the same, whether anybody has that name
/// or not, so that who asks twice learns nothing. Any thread.
public final class ScramSalts {
  /// How long a salt is of a user whose password is stored in clear.
  public static final int BYTES = 16;

  private static final int SECRET_BYTES = 32;

  private static volatile byte[] secret = random();

  private ScramSalts() {}

  private static byte[] random() {
    byte[] random = new byte[SECRET_BYTES];
    new SecureRandom().nextBytes(random);
    return random;
  }

  /// From now on the secret is what a file holds, which is made if it is not there: a restart does not change it, nor a loss of power, for who asks
  /// before and after would see another; nor does another node that has the same file say other salts. Blocks.
  ///
  /// @throws IOException if it can neither be read nor made, or holds no secret; then all stays as it was
  public static void keptIn(Path file) throws IOException {
    if (!Files.exists(file)) {
      LastingFile.write(file, random(), "rw-------");
    }
    byte[] kept = Files.readAllBytes(file);
    if (kept.length < SECRET_BYTES) {
      throw new IOException(file + " holds no secret of " + SECRET_BYTES + " bytes");
    }
    secret = kept;
  }

  /// The one of a name, as the links of the directory call it who are asked for its password.
  ///
  /// @param bytes how long it is to be
  public static byte[] of(String name, int bytes) {
    byte[] salt = new byte[bytes];
    for (int at = 0; at < bytes; at += SECRET_BYTES) {
      byte[] next = bytes("salt " + at + " of " + name);
      System.arraycopy(next, 0, salt, at, Math.min(next.length, bytes - at));
    }
    return salt;
  }

  /// Keys that no password has, of a user who has none.
  public static byte[] keyOf(String name) {
    return bytes("key of " + name);
  }

  private static byte[] bytes(String text) {
    return Primitives.hmac("HmacSHA256", secret, text.getBytes(StandardCharsets.UTF_8));
  }
}
