package dormouse.auth;

import dormouse.directory.Proof;
import dormouse.tls.records.ChannelBindings;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The first message of SCRAM (RFC 5802 §7): a header, `n=USER,r=NONCE`, and extensions that we would have to know.
final class SaslScram {
  private static final Pattern BARE = // `*+`: no stack for each extension
      Pattern.compile("n=(?<user>[^,]+),r=(?<nonce>[!-+\\x2d-~]{8,256})(?:,[A-Za-z]=[^,]*)*+");

  private static final byte[] NOTHING = {};

  private SaslScram() {}

  /// What a message presents.
  ///
  /// @param plus whether the channel is to be bound (RFC 5802 §6)
  /// @param offersPlus whether the client was told that it could be: then it is not true that it could not
  static SaslExchange.Turn parse(
      byte[] message, boolean plus, boolean offersPlus, ChannelBindings bindings) {
    String text = new String(message, StandardCharsets.ISO_8859_1);
    Gs2Header header = Gs2Header.parse(text);
    if (header == null) {
      return SaslExchange.IMPOSSIBLE;
    }
    byte[] bound = bound(header.binding(), plus, offersPlus, bindings);
    if (bound == null) {
      return new SaslExchange.Turn.Failed("The channel cannot be bound like this");
    }
    String bare = text.substring(header.length());
    Matcher form = BARE.matcher(bare);
    String user = form.matches() ? Gs2Header.saslName(form.group("user")) : null;
    if (user == null) {
      return SaslExchange.IMPOSSIBLE;
    }
    Credentials names =
        Sasl.credentials(
            user.getBytes(StandardCharsets.ISO_8859_1),
            header.authzid().getBytes(StandardCharsets.ISO_8859_1),
            new byte[0]);
    return names == null
        ? SaslExchange.IMPOSSIBLE
        : new SaslExchange.Turn.Present(
            names.user(),
            names.authzid(),
            new Proof.Scram(
                text.substring(0, header.length()) + new String(bound, StandardCharsets.ISO_8859_1),
                bare,
                form.group("nonce")));
  }

  /// What the client has to show of the channel; null if what it says of that is not true, or not possible.
  private static byte @Nullable [] bound(
      String how, boolean plus, boolean offersPlus, ChannelBindings bindings) {
    if (plus) {
      return how.startsWith("p=") ? bindings.of(how.substring(2)) : null;
    }
    return how.equals("n") || (how.equals("y") && !offersPlus) ? NOTHING : null;
  }
}
