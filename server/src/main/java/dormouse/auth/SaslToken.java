package dormouse.auth;

import dormouse.config.SaslMechanism;
import dormouse.directory.Proof;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// The mechanisms that carry an access token: OAUTHBEARER (RFC 7628 §3.1), `n,a=USER,` and then `auth=Bearer TOKEN` among
/// fields that end in 0x01; XOAUTH2, the same fields with `user=USER` first. Both end in one 0x01 more.
final class SaslToken {
  private static final char END = '\u0001';
  private static final int MAX_TOKEN_BYTES = 16 * 1024;
  private static final String BEARER = "bearer ";

  private SaslToken() {}

  /// What a message presents, `null` if it is malformed or names no user.
  static SaslExchange.Turn.@Nullable Present parse(SaslMechanism mechanism, byte[] message) {
    String text = new String(message, StandardCharsets.ISO_8859_1);
    if (!text.endsWith("\u0001\u0001")) {
      return null;
    }
    String user = null;
    String token = null;
    String[] fields = text.split(String.valueOf(END));
    for (int i = 0; i < fields.length; i++) {
      if (i == 0 && mechanism == SaslMechanism.OAUTHBEARER) {
        user = Gs2Header.userOf(fields[0]);
      } else if (i == 0 && fields[0].startsWith("user=")) {
        user = fields[0].substring("user=".length());
      } else if (fields[i].startsWith("auth=")) {
        token = token(fields[i].substring("auth=".length()));
      }
    }
    if (user == null || token == null) {
      return null;
    }
    byte[] bytes = token.getBytes(StandardCharsets.ISO_8859_1);
    Credentials names =
        Sasl.credentials(user.getBytes(StandardCharsets.ISO_8859_1), new byte[0], new byte[0]);
    return names == null || bytes.length > MAX_TOKEN_BYTES
        ? null
        : new SaslExchange.Turn.Present(names.user(), "", new Proof.Token(bytes));
  }

  /// The token of RFC 6750 §2.1: visible ASCII.
  private static @Nullable String token(String field) {
    if (!field.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
      return null;
    }
    String token = field.substring(BEARER.length()).strip();
    return token.matches("[!-~]+") ? token : null;
  }
}
