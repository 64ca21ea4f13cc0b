package dormouse.imap.sleep;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

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
