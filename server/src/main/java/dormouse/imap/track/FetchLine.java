package dormouse.imap.track;

import org.jspecify.annotations.Nullable;

/// What a FETCH response says of one message, as far as we ask.
///
/// Immutable.
///
/// @param seq its sequence number
/// @param uid 0 if not told
/// @param flags the text between the parentheses of FLAGS, `\Seen $Junk`; `null` if not told
/// @param modseq 0 if not told
/// @param more whether it tells anything else
public record FetchLine(long seq, long uid, @Nullable String flags, long modseq, boolean more) {

  /// The FETCH response in `line`; `null` if it is none, or cannot be read to its end (RFC 9051 §7.5.2).
  public static @Nullable FetchLine parse(ResponseLine line) {
    if (line.kind() != Kind.FETCH) {
      return null;
    }
    long uid = 0;
    String flags = null;
    long modseq = 0;
    boolean more = false;
    var items = new Items(line.text(), line.text().length() - line.data().length());
    while (items.next()) {
      if (items.nameIs("UID")) {
        uid = number(items.value());
      } else if (items.nameIs("FLAGS")) {
        flags = inside(items.value());
      } else if (items.nameIs("MODSEQ")) {
        modseq = number(inside(items.value()));
      } else {
        more = true;
      }
    }
    boolean read = items.ended && uid >= 0 && modseq >= 0;
    return read ? new FetchLine(line.number(), uid, flags, modseq, more) : null;
  }

  /// A number of up to 19 digits; -1 if it is none, or above 2^63-1 (RFC 7162 §4).
  private static long number(String text) {
    if (text.isEmpty() || text.length() > 19) {
      return -1;
    }
    long number = 0;
    for (int i = 0; i < text.length(); i++) {
      int digit = text.charAt(i) - '0';
      if (digit < 0 || digit > 9) {
        return -1;
      }
      number = number * 10 + digit;
    }
    return number < 0 ? -1 : number;
  }

  private static String inside(String value) {
    boolean list = value.startsWith("(") && value.endsWith(")");
    return list ? value.substring(1, value.length() - 1) : value;
  }

  /// Walks over `(name value name value)`.
  private static final class Items {
    private final String text;
    private int at;
    private int nameFrom;
    private int nameEnd;
    private int valueFrom;
    private boolean ended;

    Items(String text, int from) {
      this.text = text;
      at = charAt(from) == '(' ? from + 1 : text.length();
    }

    boolean next() {
      while (charAt(at) == ' ') {
        at++;
      }
      if (charAt(at) == ')') {
        ended = at == text.length() - 1;
        return false;
      }
      nameFrom = at;
      boolean more = skip(true);
      nameEnd = at;
      while (more && charAt(at) == ' ') {
        at++;
      }
      valueFrom = at;
      return more && skip(false);
    }

    boolean nameIs(String name) {
      return nameEnd - nameFrom == name.length()
          && text.regionMatches(true, nameFrom, name, 0, name.length());
    }

    String value() {
      return text.substring(valueFrom, at);
    }

    /// Goes to the space or parenthesis that ends a name or a value; false if there is none.
    private boolean skip(boolean name) {
      int depth = 0;
      int brackets = 0;
      for (; at < text.length(); at++) {
        char c = text.charAt(at);
        boolean top = depth == 0 && brackets == 0;
        if (top && (c == ' ' || c == ')')) {
          return true;
        }
        switch (c) {
          case '(' -> depth++;
          case ')' -> depth--;
          case '[' -> brackets += name ? 1 : 0;
          case ']' -> brackets -= brackets > 0 ? 1 : 0;
          case '"' -> skipQuoted();
          case '{' -> skipLiteral();
          default -> {}
        }
      }
      return false;
    }

    /// Leaves `at` on the closing quote, or beyond the end.
    private void skipQuoted() {
      for (at++; at < text.length() && text.charAt(at) != '"'; at++) {
        at += text.charAt(at) == '\\' ? 1 : 0;
      }
    }

    /// Leaves `at` on the literal's last byte, or beyond the end, or where it is if no literal begins.
    private void skipLiteral() {
      int close = at + 1;
      while (close < text.length() && Character.isDigit(text.charAt(close))) {
        close++;
      }
      long bytes = number(text.substring(at + 1, close));
      int lf = charAt(close + 1) == '\r' ? close + 2 : close + 1;
      if (charAt(close) == '}' && charAt(lf) == '\n' && bytes >= 0) {
        at = lf + (int) Math.min(bytes, text.length() - lf);
      }
    }

    private int charAt(int index) {
      return index < text.length() ? text.charAt(index) : -1;
    }
  }
}
