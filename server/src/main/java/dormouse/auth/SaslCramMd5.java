package dormouse.auth;

import dormouse.directory.Proof;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// The CRAM-MD5 mechanism (RFC 2195): the server says something new, the client answers `user digest`.
final class SaslCramMd5 {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final int DIGEST_LENGTH = 32;

  private SaslCramMd5() {}

  /// What has never been said before, in the form of a Message-ID.
  static String newChallenge() {
    byte[] random = new byte[16];
    RANDOM.nextBytes(random);
    return "<" + HexFormat.of().formatHex(random) + "@dormouse>";
  }

  /// What an answer presents, `null` if it is malformed.
  static SaslExchange.Turn.@Nullable Present parse(String challenge, byte[] answer) {
    int space = answer.length - DIGEST_LENGTH - 1;
    if (space < 1 || answer[space] != ' ') {
      return null;
    }
    String digest =
        new String(answer, space + 1, DIGEST_LENGTH, StandardCharsets.US_ASCII)
            .toLowerCase(Locale.ROOT);
    Credentials names = Sasl.credentials(Arrays.copyOf(answer, space), new byte[0], new byte[0]);
    return names == null || !digest.matches("[0-9a-f]{32}")
        ? null
        : new SaslExchange.Turn.Present(names.user(), "", new Proof.CramMd5(challenge, digest));
  }
}
