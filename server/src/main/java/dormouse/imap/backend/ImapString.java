package dormouse.imap.backend;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Writes strings the way IMAP takes them (RFC 9051 §4.3). Texts here stand for raw bytes, one char a byte.
public final class ImapString {
  private static final int MAX_TEXT_LENGTH =
      1000; // about as nginx: a daemon's text may name a page to look at

  private ImapString() {}

  /// The bytes of `text` in UTF-8, one char a byte.
  public static String utf8(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }

  /// A text of whatever origin as the end of a response: it ends no line, starts no response code, and is not endless. In UTF-8.
  ///
  /// @param text not empty; as people write it
  public static String oneLine(String text) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < text.length() && line.length() < MAX_TEXT_LENGTH; i++) {
      char c = text.charAt(i);
      line.append(Character.isISOControl(c) ? '?' : c);
    }
    return utf8(line.charAt(0) == '[' ? "(" + line.substring(1) : line.toString());
  }

  /// Whether [#quoted] can carry it to any server: no CR, LF, NUL, and nothing outside ASCII.
  public static boolean quotable(String bytes) {
    return bytes.chars().allMatch(c -> c != '\r' && c != '\n' && c > 0 && c < 0x80);
  }

  public static String quoted(String bytes) {
    return '"' + bytes.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }

  /// A parenthesized list of quoted strings: the arguments of ID (RFC 2971).
  public static String list(List<String> strings) {
    return strings.stream().map(ImapString::quoted).collect(Collectors.joining(" ", "(", ")"));
  }

  /// The mailbox named by the first argument of SELECT, EXAMINE and the like, in the one form that Dormouse uses to
  /// name it again: `INBOX`, or a quoted string.
  ///
  /// @param arguments atom, quoted string or literal first; one char a byte
  /// @return null if it cannot be read
  public static @Nullable String mailbox(String arguments) {
    String name = firstString(arguments);
    if (name == null) {
      return null;
    }
    return name.equalsIgnoreCase("INBOX") ? "INBOX" : quoted(name);
  }

  /// The same form of a mailbox whose name is known as people write it.
  public static String mailboxNamed(String name) {
    return name.equalsIgnoreCase("INBOX") ? "INBOX" : quoted(inUtf7(utf8(name)));
  }

  private static @Nullable String firstString(String arguments) {
    if (arguments.startsWith("\"")) {
      StringBuilder text = new StringBuilder();
      for (int i = 1; i < arguments.length(); i++) {
        char c = arguments.charAt(i);
        if (c == '"') {
          return text.toString();
        }
        text.append(c == '\\' && i + 1 < arguments.length() ? arguments.charAt(++i) : c);
      }
      return null;
    }
    if (arguments.startsWith("{")) {
      int start = arguments.indexOf('\n') + 1;
      String digits = arguments.substring(1, Math.max(1, arguments.indexOf('}'))).replace("+", "");
      if (start == 0 || digits.isEmpty() || !digits.chars().allMatch(Character::isDigit)) {
        return null;
      }
      long end = start + Long.parseLong(digits.substring(0, Math.min(9, digits.length())));
      return end <= arguments.length() ? arguments.substring(start, (int) end) : null;
    }
    int end = arguments.indexOf(' ');
    String atom = end < 0 ? arguments : arguments.substring(0, end);
    return atom.isEmpty() ? null : atom;
  }

  /// A mailbox name in UTF-8 as it is written in modified UTF-7 (RFC 3501 §5.1.3).
  public static String inUtf7(String mailbox) {
    String name = new String(mailbox.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    StringBuilder out = new StringBuilder();
    int i = 0;
    while (i < name.length()) {
      int end = i;
      while (end < name.length() && name.charAt(end) >= 0x80) {
        end++;
      }
      if (end > i) {
        byte[] units = name.substring(i, end).getBytes(StandardCharsets.UTF_16BE);
        String base64 = Base64.getEncoder().withoutPadding().encodeToString(units);
        out.append('&').append(base64.replace('/', ',')).append('-');
        i = end;
        continue;
      }
      char c = name.charAt(i++);
      out.append(c == '&' ? "&-" : String.valueOf(c));
    }
    return out.toString();
  }
}
