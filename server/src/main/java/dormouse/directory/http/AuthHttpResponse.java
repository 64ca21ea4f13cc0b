package dormouse.directory.http;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The head of an HTTP auth daemon's answer, read as nginx's mail proxy reads it: a status line may be there and says
/// nothing, header names are letters, digits and hyphens in any case, values end before their trailing spaces, and of two
/// headers of one name the later counts (nginx: `ngx_mail_auth_http_parse_header_line`). Immutable.
///
/// @param headers by name in lower case; text is ISO-8859-1, so that each char is one byte
/// @param statusLine without its end; "" if there was none
record AuthHttpResponse(String statusLine, Map<String, String> headers) {

  private static final String STATUS = "auth-status";

  /// Reads a head from its lines, which end in LF or CRLF; null if it is none.
  ///
  /// @param head up to and with the empty line
  static @Nullable AuthHttpResponse parse(byte[] head) {
    String text = new String(head, StandardCharsets.ISO_8859_1);
    Map<String, String> headers = new HashMap<>();
    String statusLine = "";
    int start = 0;
    while (start < text.length()) {
      int end = text.indexOf('\n', start);
      String line =
          text.substring(start, end > start && text.charAt(end - 1) == '\r' ? end - 1 : end);
      if (line.indexOf('\r') >= 0) {
        return null;
      }
      if (start == 0 && line.startsWith("HTTP/")) {
        statusLine = line;
      } else if (!line.isEmpty() && !take(line, headers)) {
        return null;
      }
      start = end + 1;
    }
    return new AuthHttpResponse(statusLine, Map.copyOf(headers));
  }

  private static boolean take(String line, Map<String, String> headers) {
    int colon = line.indexOf(':');
    String name = colon < 0 ? line : line.substring(0, colon);
    if (!isName(name)) {
      return false;
    }
    headers.merge(
        name.toLowerCase(Locale.ROOT),
        colon < 0 ? "" : trim(line.substring(colon + 1)),
        name.equalsIgnoreCase(STATUS) ? AuthHttpResponse::harder : (_, later) -> later);
    return true;
  }

  /// A refusal is not taken back by another `Auth-Status` in the same head, nor is WAIT by OK.
  private static String harder(String earlier, String later) {
    return hardness(later) < hardness(earlier) ? earlier : later;
  }

  private static int hardness(String status) {
    return switch (status) {
      case "OK" -> 0;
      case "WAIT" -> 1;
      default -> 2;
    };
  }

  private static boolean isName(String name) {
    return !name.isEmpty()
        && name.charAt(0) != '-'
        && name.chars()
            .allMatch(c ->
                (c >= 'a' && c <= 'z')
                    || (c >= 'A' && c <= 'Z')
                    || (c >= '0' && c <= '9')
                    || c == '-');
  }

  /// Spaces alone: nginx leaves tabs where they are.
  private static String trim(String value) {
    int start = 0;
    int end = value.length();
    while (start < end && value.charAt(start) == ' ') {
      start++;
    }
    while (end > start && value.charAt(end - 1) == ' ') {
      end--;
    }
    return value.substring(start, end);
  }

  /// A header by its name in lower case; null if it did not come.
  @Nullable String header(String name) {
    return headers.get(name);
  }

  /// The same, its bytes taken for UTF-8.
  @Nullable String text(String name) {
    byte[] bytes = bytes(name);
    return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
  }

  /// The same, as bytes.
  byte @Nullable [] bytes(String name) {
    String value = headers.get(name);
    return value == null ? null : value.getBytes(StandardCharsets.ISO_8859_1);
  }

  @Override
  public String toString() {
    return "AuthHttpResponse[" + statusLine + ", headers hidden]"; // Auth-Pass
  }

  /// How many bytes follow the head before the connection can be used again; -1 if it cannot (RFC 9112 §6.3, §9.3).
  long bodyBytes() {
    boolean closes =
        !statusLine.startsWith("HTTP/1.1 ")
            || headers.getOrDefault("connection", "").equalsIgnoreCase("close")
            || headers.containsKey("transfer-encoding");
    if (closes) {
      return -1;
    }
    String length = headers.getOrDefault("content-length", "");
    if (length.matches("\\d{1,9}")) {
      return Long.parseLong(length);
    }
    return statusLine.startsWith("HTTP/1.1 204 ") || statusLine.startsWith("HTTP/1.1 304 ")
        ? 0
        : -1;
  }
}
