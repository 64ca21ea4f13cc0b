package dormouse.auth;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/// What all mechanisms share: Base64 on the wire (RFC 4422), and which names and passwords are possible at all.
final class Sasl {
  /// The longest user name and authorization identity, in bytes of UTF-8 (RFC 4616 §2).
  static final int MAX_NAME_BYTES = 255;

  /// The longest password, in bytes: tokens are used as passwords, too.
  static final int MAX_PASSWORD_BYTES = 4096;

  private Sasl() {}

  /// The bytes behind a line of Base64, `null` if it is none.
  static byte @Nullable [] decode(byte[] line) {
    try {
      return Base64.getDecoder().decode(line);
    } catch (IllegalArgumentException notBase64) {
      return null;
    }
  }

  /// A line of Base64 for this.
  static String encode(String text) {
    return Base64.getEncoder().encodeToString(utf8(text));
  }

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /// Credentials from bytes as a client sent them, or `null` if they cannot be right: a name that is empty, too long, not
  /// UTF-8 or with a control character in it, a password that is too long or holds a NUL.
  ///
  /// @param authzid may be empty; one that equals the user is as good as none
  /// @param password not copied
  static @Nullable Credentials credentials(byte[] user, byte[] authzid, byte[] password) {
    String name = name(user);
    String as = name(authzid);
    if (name == null || name.isEmpty() || as == null || !isPassword(password)) {
      return null;
    }
    return new Credentials(name, as.equals(name) ? "" : as, password);
  }

  private static boolean isPassword(byte[] bytes) {
    if (bytes.length > MAX_PASSWORD_BYTES) {
      return false;
    }
    for (byte b : bytes) {
      if (b == 0) {
        return false;
      }
    }
    return true;
  }

  private static @Nullable String name(byte[] bytes) {
    if (bytes.length > MAX_NAME_BYTES) {
      return null;
    }
    try {
      String name = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      for (int i = 0; i < name.length(); i++) {
        if (Character.isISOControl(name.charAt(i))) {
          return null;
        }
      }
      return name;
    } catch (CharacterCodingException notUtf8) {
      return null;
    }
  }
}
