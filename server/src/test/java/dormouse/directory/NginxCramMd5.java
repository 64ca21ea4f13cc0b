package dormouse.directory;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// A client of one connection that answers challenges of CRAM-MD5 (RFC 2195), and leaves out of what is compared what is another each time:
/// the challenge, and the digest that is made of it.
final class NginxCramMd5 {
  private static final String ANSWER = "CRAM-MD5 ";

  private final Map<String, String> others = new LinkedHashMap<>();
  private String salt = "";

  /// A line of a row that answers the challenge before it.
  static String answer(String user, String password) {
    return ANSWER + password + "\0" + user;
  }

  /// What a client says for a line of a row.
  String said(String line) {
    if (!line.startsWith(ANSWER)) {
      return line;
    }
    String[] words = line.substring(ANSWER.length()).split("\0");
    String digest = digest(words[0]);
    others.put(digest, "(digest)");
    return base64(words[1] + " " + digest);
  }

  /// What it hears, its challenge left out.
  String heard(String line) {
    String said = line.startsWith("+ ") ? decoded(line.substring(2)) : "";
    if (!said.startsWith("<") || !said.endsWith(">")) {
      return line;
    }
    salt = said;
    others.put(said, "(challenge)");
    return "+ (challenge)";
  }

  /// A request of the daemon, without what is another each time.
  String without(String request) {
    String text = request;
    for (Map.Entry<String, String> other : others.entrySet()) {
      text = text.replace(other.getKey(), other.getValue());
    }
    return text;
  }

  private static String decoded(String base64) {
    try {
      return new String(Base64.getDecoder().decode(base64), StandardCharsets.ISO_8859_1);
    } catch (IllegalArgumentException _) {
      return "";
    }
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  private String digest(String password) {
    try {
      Mac mac = Mac.getInstance("HmacMD5");
      mac.init(new SecretKeySpec(password.getBytes(StandardCharsets.ISO_8859_1), "HmacMD5"));
      return HexFormat.of().formatHex(mac.doFinal(salt.getBytes(StandardCharsets.ISO_8859_1)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e); // every JDK has it
    }
  }
}
