package dormouse.imap.sleep;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/// Reads what a STATUS response (RFC 9051 §7.3.4) tells: `(MESSAGES 3 MAILBOXID (F212))`.
final class StatusItems {
  private StatusItems() {}

  /// The values by their items in upper case, in the order of the list; empty if it cannot be read.
  static Map<String, String> parse(String list) {
    Map<String, String> items = new LinkedHashMap<>();
    if (!list.startsWith("(") || !list.endsWith(")")) {
      return Map.of();
    }
    int end = list.length() - 1;
    int at = 1;
    while (at < end) {
      int space = list.indexOf(' ', at);
      if (space < 0 || space >= end) {
        return Map.of();
      }
      int next = endOfValue(list, space + 1, end);
      items.put(
          list.substring(at, space).toUpperCase(Locale.ROOT), list.substring(space + 1, next));
      at = next + 1;
    }
    return items;
  }

  /// The list again.
  static String text(Map<String, String> items) {
    return items.entrySet().stream()
        .map(item -> item.getKey() + " " + item.getValue())
        .collect(Collectors.joining(" ", "(", ")"));
  }

  /// Where the list opens behind a mailbox; the end if it does not.
  ///
  /// @param from where the mailbox begins
  static int openIn(String line, int from) {
    int open = line.indexOf(" (", endOfName(line, from));
    return open < 0 ? line.length() : open + 1;
  }

  /// Where the name of a mailbox ends that is an atom or a quoted string.
  static int endOfName(String line, int from) {
    if (!line.startsWith("\"", from)) {
      int space = line.indexOf(' ', from);
      return space < 0 ? line.length() : space;
    }
    int at = from + 1;
    while (at < line.length() && line.charAt(at) != '"') {
      at += line.charAt(at) == '\\' ? 2 : 1;
    }
    return Math.min(at + 1, line.length());
  }

  private static int endOfValue(String list, int from, int end) {
    int depth = 0;
    for (int i = from; i < end; i++) {
      switch (list.charAt(i)) {
        case '(' -> depth++;
        case ')' -> depth--;
        case ' ' -> {
          if (depth == 0) {
            return i;
          }
        }
        default -> {}
      }
    }
    return end;
  }
}
