package dormouse.auth;

import dormouse.directory.Proof;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The first message of SCRAM (RFC 5802 §7): a header, `n=USER,r=NONCE`, and extensions that we would have to know.
final class SaslScram {
  private static final Pattern BARE =
      Pattern.compile("n=(?<user>[^,]+),r=(?<nonce>[!-+\\x2d-~]{8,256})(?:,[A-Za-z]=[^,]*)*");

  private SaslScram() {}

  /// What a message presents, `null` if it is malformed, or wants the channel to be bound, which we do not offer.
  static SaslExchange.Turn.@Nullable Present parse(byte[] message) {
    String text = new String(message, StandardCharsets.ISO_8859_1);
    Gs2Header header = Gs2Header.parse(text);
    if (header == null || header.binding().startsWith("p=")) {
      return null;
    }
    String bare = text.substring(header.length());
    Matcher form = BARE.matcher(bare);
    String user = form.matches() ? Gs2Header.saslName(form.group("user")) : null;
    if (user == null) {
      return null;
    }
    Credentials names =
        Sasl.credentials(
            user.getBytes(StandardCharsets.ISO_8859_1),
            header.authzid().getBytes(StandardCharsets.ISO_8859_1),
            new byte[0]);
    return names == null
        ? null
        : new SaslExchange.Turn.Present(
            names.user(),
            names.authzid(),
            new Proof.Scram(text.substring(0, header.length()), bare, form.group("nonce")));
  }
}
