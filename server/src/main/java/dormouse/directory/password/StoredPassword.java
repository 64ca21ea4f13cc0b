package dormouse.directory.password;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A password as a directory stores it: in clear, hashed, or as what proves it. Immutable; any thread.
///
/// Written as in Dovecot and LDAP, with the scheme in braces before it: `{SHA512-CRYPT}$6$…`. Without braces, crypt(3)'s own
/// marks tell: `$6$`, `$5$`, `$2y$`, `$argon2id$`, and `*` or `!` before all else, by which an account is locked; what has none of
/// those is in the scheme that the caller says. So only behind `{PLAIN}` a password in clear may begin with such a mark.
public sealed interface StoredPassword
    permits ClearPassword,
        DigestPassword,
        ShaCrypt,
        Bcrypt,
        Argon2,
        ScramVerifier,
        StoredPassword.Absent,
        StoredPassword.Locked,
        StoredPassword.Unusable {
  Pattern SCHEME =
      Pattern.compile(
          "\\{(?<name>[A-Za-z0-9-]{1,32})(?:\\.(?<code>[A-Za-z0-9]{1,8}))?}(?<rest>.*)",
          Pattern.DOTALL);

  /// Whether this is the password. Slow on purpose for most schemes: not for an event loop.
  boolean matches(byte[] password);

  /// There is none, which lets nobody in, unless the user's facts say so.
  record Absent() implements StoredPassword {
    @Override
    public boolean matches(byte[] password) {
      return false;
    }
  }

  /// No password matches (passwd(5): `*`, `!…`).
  record Locked() implements StoredPassword {
    @Override
    public boolean matches(byte[] password) {
      return false;
    }
  }

  /// What nobody can check a password against.
  ///
  /// @param why for the operator; repeats nothing of it but the scheme
  record Unusable(String why) implements StoredPassword {
    @Override
    public boolean matches(byte[] password) {
      return false;
    }
  }

  /// Reads one; never fails, see [Unusable].
  ///
  /// @param scheme of what is written without any: `CRYPT`, `PLAIN` …
  static StoredPassword parse(String stored, String scheme) {
    Matcher braces = SCHEME.matcher(stored);
    if (braces.matches()) {
      String name = braces.group("name").toUpperCase(Locale.ROOT);
      return of(name, braces.group("code"), braces.group("rest"));
    }
    if (stored.isEmpty() || stored.startsWith("*") || stored.startsWith("!")) {
      return marked(stored);
    }
    if (stored.startsWith("$")) {
      return of("CRYPT", null, stored);
    }
    return of(scheme.toUpperCase(Locale.ROOT), null, stored);
  }

  private static StoredPassword marked(String stored) {
    return stored.isEmpty() ? new Absent() : new Locked();
  }

  private static StoredPassword of(String scheme, @Nullable String code, String rest) {
    StoredPassword read =
        switch (scheme) {
          case "PLAIN", "CLEARTEXT", "CLEAR" -> clear(code, rest);
          case "CRYPT", "SHA256-CRYPT", "SHA512-CRYPT", "BLF-CRYPT", "ARGON2I", "ARGON2ID" ->
              crypt(rest);
          case "SCRAM-SHA-256" -> ScramVerifier.parse(rest);
          case "SHA", "SHA1", "SSHA" -> digest("SHA-1", scheme, code, rest);
          case "SHA256", "SSHA256" -> digest("SHA-256", scheme, code, rest);
          case "SHA512", "SSHA512" -> digest("SHA-512", scheme, code, rest);
          default -> new Unusable("unknown password scheme " + scheme);
        };
    return read == null ? new Unusable("not what " + scheme + " looks like") : read;
  }

  private static @Nullable StoredPassword clear(@Nullable String code, String rest) {
    byte[] bytes = code == null ? rest.getBytes(StandardCharsets.UTF_8) : decode(code, rest);
    if (bytes == null) {
      return null;
    }
    return bytes.length == 0 ? new Absent() : new ClearPassword(bytes);
  }

  private static @Nullable StoredPassword crypt(String text) {
    if (text.isEmpty() || text.startsWith("*") || text.startsWith("!")) {
      return marked(text);
    }
    if (text.startsWith("$2")) {
      return Bcrypt.parse(text);
    }
    return text.startsWith("$argon2") ? Argon2.parse(text) : ShaCrypt.parse(text);
  }

  private static @Nullable StoredPassword digest(
      String algorithm, String scheme, @Nullable String code, String rest) {
    byte[] bytes = decode(code == null ? "B64" : code, rest);
    return bytes == null
        ? null
        : DigestPassword.of(algorithm, bytes, /* salted= */ scheme.startsWith("SS"));
  }

  private static byte @Nullable [] decode(String code, String text) {
    try {
      return switch (code.toUpperCase(Locale.ROOT)) {
        case "B64", "BASE64" -> Base64.getDecoder().decode(text);
        case "HEX" -> HexFormat.of().parseHex(text.toLowerCase(Locale.ROOT));
        default -> null;
      };
    } catch (IllegalArgumentException _) {
      return null;
    }
  }

  /// Compares in a time that tells nothing.
  static boolean same(byte[] one, byte[] other) {
    return MessageDigest.isEqual(one, other);
  }
}
