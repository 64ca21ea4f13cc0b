package dormouse.directory.password;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;

/// Salts of SCRAM for users of whom none is stored: for as long as this process lives a name has the same, whether anybody has that name or
/// not, so that who asks twice learns nothing. Any thread.
public final class ScramSalts {
  private static final int SALT_BYTES = 16;
  private static final byte[] SECRET = new byte[32];

  static {
    new SecureRandom().nextBytes(SECRET);
  }

  private ScramSalts() {}

  /// The one of a name, as the client says it: what a link makes of that, only a user who is there can show.
  public static byte[] of(String name) {
    return Arrays.copyOf(bytes("salt of " + name), SALT_BYTES);
  }

  /// Keys that no password has, of a user who has none.
  public static byte[] keyOf(String name) {
    return bytes("key of " + name);
  }

  private static byte[] bytes(String text) {
    return Primitives.hmac("HmacSHA256", SECRET, text.getBytes(StandardCharsets.UTF_8));
  }
}
