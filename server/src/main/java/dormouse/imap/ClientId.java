package dormouse.imap;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What a client tells of itself with ID (RFC 2971). Immutable.
///
/// Fields that begin with `x-` stand apart: between mail servers they say who the client is (Dovecot, nginx:
/// `x-originating-ip`), and no client may say that of itself.
///
/// @param kept a list that can be sent on as it is, such as `("name" "Mutt")`: quoted strings of visible ASCII and spaces, at
///     most 1 KiB; `""` if nothing is left
/// @param hop the fields that begin with `x-`, by their names in lower case; only visible ASCII and spaces
record ClientId(String kept, Map<String, String> hop) {
  /// Nothing told.
  static final ClientId NONE = new ClientId("", Map.of());

  private static final int MAX_FIELDS = 30;
  private static final int MAX_FIELD_BYTES = 30;
  private static final int MAX_VALUE_BYTES = 1024;
  private static final int MAX_KEPT_LENGTH = 1024;

  /// The arguments of ID.
  ///
  /// @return `null` if they break the limits
  static @Nullable ClientId parse(Arguments arguments) {
    if (!arguments.skip('(')) {
      return arguments.skipNil() ? NONE : null;
    }
    StringBuilder kept = new StringBuilder();
    Map<String, String> hop = new LinkedHashMap<>();
    Set<String> fields = new HashSet<>();
    while (!arguments.skip(')')) {
      byte[] field = fields.isEmpty() || arguments.space() ? arguments.string() : null;
      if (field == null || field.length > MAX_FIELD_BYTES || !arguments.space()) {
        return null;
      }
      String name = new String(field, ISO_8859_1);
      if (!fields.add(name.toLowerCase(Locale.ROOT)) || fields.size() > MAX_FIELDS) {
        return null;
      }
      if (arguments.skipNil()) {
        continue;
      }
      byte[] value = arguments.string();
      if (value == null || value.length > MAX_VALUE_BYTES) {
        return null;
      }
      String text = new String(value, ISO_8859_1);
      if (!isPlain(name) || !isPlain(text)) {
        continue;
      }
      if (name.regionMatches(true, 0, "x-", 0, 2)) {
        hop.put(name.toLowerCase(Locale.ROOT), text);
      } else {
        keep(kept, name, text);
      }
    }
    return new ClientId(kept.isEmpty() ? "" : "(" + kept + ")", hop);
  }

  private static boolean isPlain(String text) {
    return text.chars().allMatch(c -> c >= ' ' && c <= '~');
  }

  private static void keep(StringBuilder kept, String field, String value) {
    String pair = quoted(field) + " " + quoted(value);
    if (kept.length() + pair.length() + 3 <= MAX_KEPT_LENGTH) {
      kept.append(kept.isEmpty() ? "" : " ").append(pair);
    }
  }

  private static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
