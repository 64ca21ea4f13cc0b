package dormouse.imap.backend;

import dormouse.auth.LoginResult;
import dormouse.config.Units;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Where a backend sends a user instead of logging it in (RFC 2221 §4.1): `NO [REFERRAL imap://ann;AUTH=PLAIN@mx2.example.org/]`.
/// Immutable.
///
/// @param user the user's name there; `""` if it is not said
/// @param host by name or number
/// @param port 0 if it is the usual one
public record Referral(String user, String host, int port) {
  static final String CODE = "REFERRAL";

  private static final Pattern URL =
      Pattern.compile(
          "imap://(?:(?<user>[^;@/ ]{0,255})(?:;AUTH=[^@/ ]{1,64})?@)?"
              + "(?:\\[(?<v6>[0-9A-Fa-f:.]{2,45})]|(?<host>[A-Za-z0-9._-]{1,253}))(?::(?<port>\\d{1,5}))?/?",
          Pattern.CASE_INSENSITIVE);
  private static final int USUAL_PORT = 143;

  /// What a refused login refers to; null if that is nothing, or more than another server: a mailbox, for one.
  public static @Nullable Referral of(LoginResult result) {
    if (!(result instanceof LoginResult.Rejected(var code, _)) || !code.startsWith(CODE + " ")) {
      return null;
    }
    Matcher url = URL.matcher(code.substring(CODE.length() + 1));
    String user = url.matches() ? decoded(url.group("user")) : null;
    if (user == null) {
      return null;
    }
    int port = url.group("port") == null ? 0 : Integer.parseInt(url.group("port"));
    String host = url.group("host") == null ? Units.host(url.group("v6")) : url.group("host");
    return port > 65_535 ? null : new Referral(user, host, port == USUAL_PORT ? 0 : port);
  }

  /// A part of a URL (RFC 3986 §2.1), one char a byte and ASCII before; null if it is none.
  private static @Nullable String decoded(@Nullable String part) {
    if (part == null) {
      return "";
    }
    StringBuilder bytes = new StringBuilder();
    for (int i = 0; i < part.length(); i++) {
      char c = part.charAt(i);
      if (c == '%') {
        if (!part.substring(i).matches("(?s)%[0-9A-Fa-f]{2}.*")) {
          return null;
        }
        c = (char) Integer.parseInt(part, i + 1, i + 3, 16);
        i += 2;
      }
      bytes.append(c);
    }
    return new String(
        bytes.toString().getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
  }

  /// Whether it is for this login: under the same name, or for the same mailboxes.
  public boolean isFor(String login, String owner) {
    return user.isEmpty() || user.equals(login) || user.equals(owner);
  }
}
