package dormouse.directory.password;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/// A password in clear, which alone can serve every mechanism. Immutable; any thread.
@SuppressWarnings("ArrayRecordComponent") // a secret is never compared as a record
public record ClearPassword(byte[] bytes) implements StoredPassword {
  private static final int ITERATIONS = 4096; // RFC 7677 §4

  @Override
  public boolean matches(byte[] password) {
    return StoredPassword.same(bytes, password);
  }

  /// Whether this is the password under which a challenge has this digest (RFC 2195 §2).
  ///
  /// @param digest hexadecimal digits, small
  public boolean answers(String challenge, String digest) {
    byte[] computed =
        Primitives.hmac("HmacMD5", bytes, challenge.getBytes(StandardCharsets.US_ASCII));
    return StoredPassword.same(
        HexFormat.of().formatHex(computed).getBytes(StandardCharsets.US_ASCII),
        digest.getBytes(StandardCharsets.US_ASCII));
  }

  /// What SCRAM needs of it. Slow.
  ///
  /// @param salt the user's, of [ScramSalts]
  public ScramVerifier verifier(byte[] salt) {
    return ScramVerifier.of(bytes, salt, ITERATIONS);
  }

  @Override
  public String toString() {
    return "ClearPassword[hidden]";
  }
}
