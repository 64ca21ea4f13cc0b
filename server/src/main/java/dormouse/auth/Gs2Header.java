package dormouse.auth;

import org.jspecify.annotations.Nullable;

/// The header that newer mechanisms begin with (RFC 5801 §4): `n,a=USER,`.
///
/// @param binding how the channel is bound: `n`, `y`, or `p=` and its kind
/// @param authzid whose mail it is to be, one char a byte; empty if it is not said
/// @param length of the header, in chars
record Gs2Header(String binding, String authzid, int length) {
  /// Reads one from the start of a message; `null` if there is none.
  static @Nullable Gs2Header parse(String message) {
    int first = message.indexOf(',');
    int second = message.indexOf(',', first + 1);
    if (first < 1 || second < 0) {
      return null;
    }
    String binding = message.substring(0, first);
    String named = message.substring(first + 1, second);
    if (!binding.matches("n|y|p=[A-Za-z0-9.-]{1,64}")
        || !(named.isEmpty() || named.startsWith("a="))) {
      return null;
    }
    String authzid = named.isEmpty() ? "" : saslName(named.substring(2));
    return authzid == null ? null : new Gs2Header(binding, authzid, second + 1);
  }

  /// The user in a header that stands alone; `null` if it is none or names nobody.
  static @Nullable String userOf(String text) {
    Gs2Header header = parse(text);
    return header == null || header.length != text.length() || header.authzid.isEmpty()
        ? null
        : header.authzid;
  }

  /// A name with `=2C` for a comma and `=3D` for an equals sign (RFC 5801 §4); `null` if it is none.
  static @Nullable String saslName(String text) {
    String plain = text.replace("=2C", "").replace("=3D", "");
    return plain.indexOf('=') >= 0 || plain.indexOf(',') >= 0
        ? null
        : text.replace("=2C", ",").replace("=3D", "=");
  }
}
