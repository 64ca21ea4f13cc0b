package dormouse.directory.password;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What proves a password by SCRAM-SHA-256 (RFC 5802 §3, RFC 7677) and is not the password: Dovecot's
/// `{SCRAM-SHA-256}4096,SALT,STOREDKEY,SERVERKEY`, each in Base64. Immutable; any thread.
///
/// @param iterations of PBKDF2
/// @param storedKey what the client's proof is held against
/// @param serverKey what proves to the client that we know it
@SuppressWarnings("ArrayRecordComponent") // a secret is never compared as a record
public record ScramVerifier(int iterations, byte[] salt, byte[] storedKey, byte[] serverKey)
    implements StoredPassword {
  private static final String HMAC = "HmacSHA256";
  private static final int KEY_BYTES = 32;
  private static final int MOST_ITERATIONS = 10_000_000;
  private static final Pattern FORM =
      Pattern.compile(
          "(?<iterations>\\d{1,8}),(?<salt>[A-Za-z0-9+/=]{4,256}),(?<stored>[A-Za-z0-9+/=]{44}),(?<server>[A-Za-z0-9+/=]{44})");

  static @Nullable ScramVerifier parse(String text) {
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      return null;
    }
    int iterations = Integer.parseInt(form.group("iterations"));
    try {
      Base64.Decoder base64 = Base64.getDecoder();
      ScramVerifier verifier =
          new ScramVerifier(
              iterations,
              base64.decode(form.group("salt")),
              base64.decode(form.group("stored")),
              base64.decode(form.group("server")));
      boolean possible =
          iterations > 0
              && iterations <= MOST_ITERATIONS
              && verifier.storedKey.length == KEY_BYTES
              && verifier.serverKey.length == KEY_BYTES;
      return possible ? verifier : null;
    } catch (IllegalArgumentException _) {
      return null;
    }
  }

  /// The one of a password. As slow as its iterations are many.
  public static ScramVerifier of(byte[] password, byte[] salt, int iterations) {
    byte[] salted = Primitives.pbkdf2(password, salt, iterations);
    byte[] clientKey = hmac(salted, "Client Key");
    return new ScramVerifier(
        iterations,
        salt,
        Primitives.digest("SHA-256").digest(clientKey),
        hmac(salted, "Server Key"));
  }

  @Override
  public boolean matches(byte[] password) {
    return StoredPassword.same(storedKey, of(password, salt, iterations).storedKey);
  }

  private static byte[] hmac(byte[] key, String message) {
    return Primitives.hmac(HMAC, key, message.getBytes(StandardCharsets.US_ASCII));
  }

  @Override
  public String toString() {
    return "ScramVerifier[hidden]";
  }
}
