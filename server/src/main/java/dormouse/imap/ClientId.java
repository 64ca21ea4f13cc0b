package dormouse.imap;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What a client tells of itself with ID (RFC 2971): the limits, and what of it is kept. Pure functions.
///
/// Kept is a list that can be sent on as it is: quoted strings of visible ASCII and spaces, at most 1 KiB. Left out are
/// values of other bytes, and every field that begins with `x-`: between mail servers such fields say who the client is
/// (Dovecot, nginx: `x-originating-ip`), and no client may say that of itself.
final class ClientId {
  private static final int MAX_FIELDS = 30;
  private static final int MAX_FIELD_BYTES = 30;
  private static final int MAX_VALUE_BYTES = 1024;
  private static final int MAX_KEPT_LENGTH = 1024;

  private ClientId() {}

  /// The arguments of ID.
  ///
  /// @return what is kept, such as `("name" "Mutt")`; `""` if nothing is; `null` if they break the limits
  static @Nullable String parse(Arguments arguments) {
    if (!arguments.skip('(')) {
      return arguments.skipNil() ? "" : null;
    }
    StringBuilder kept = new StringBuilder();
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
      keep(kept, name, new String(value, ISO_8859_1));
    }
    return kept.isEmpty() ? "" : "(" + kept + ")";
  }

  private static void keep(StringBuilder kept, String field, String value) {
    if (field.regionMatches(true, 0, "x-", 0, 2)) {
      return;
    }
    String pair = quoted(field) + " " + quoted(value);
    boolean plain = pair.chars().allMatch(c -> c >= ' ' && c <= '~');
    if (plain && kept.length() + pair.length() + 3 <= MAX_KEPT_LENGTH) {
      kept.append(kept.isEmpty() ? "" : " ").append(pair);
    }
  }

  private static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
