package dormouse.testkit;

import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The items of one FETCH response. Immutable.
///
/// @param seq the message's sequence number
/// @param items by name in upper case (`UID`, `BODY[]`), their values as sent: `(\Seen)`, `{5}\r\nhello`
record FetchItems(int seq, Map<String, String> items) {
  private static final Pattern HEAD = Pattern.compile("\\* (\\d+) FETCH \\((?s)(.*)\\)");

  /// Reads `* 3 FETCH (UID 7 FLAGS (\Seen))`; null if it is not well formed.
  static @Nullable FetchItems parse(String response) {
    var head = HEAD.matcher(response);
    if (!head.matches()) {
      return null;
    }
    var items = new LinkedHashMap<String, String>();
    var reader = new Reader(head.group(2));
    while (!reader.atEnd()) {
      String name = reader.name();
      String value = name == null ? null : reader.value();
      if (name == null || value == null || items.put(name, value) != null) {
        return null;
      }
    }
    return new FetchItems(Integer.parseInt(head.group(1)), items);
  }

  /// The UIDs of those of these responses that are FETCH with such an item.
  static Set<Long> uidsWith(String item, Collection<String> responses) {
    return responses.stream()
        .map(FetchItems::parse)
        .filter(fetch -> fetch != null && fetch.has(item))
        .map(fetch -> Objects.requireNonNull(fetch).uid())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  boolean has(String name) {
    return items.containsKey(name);
  }

  /// The UID, 0 if it was not sent.
  long uid() {
    return Long.parseLong(items.getOrDefault("UID", "0"));
  }

  /// The mod-sequence, 0 if it was not sent.
  long modseq() {
    String value = items.getOrDefault("MODSEQ", "(0)");
    return Long.parseLong(value.substring(1, value.length() - 1));
  }

  /// The flags in lower case without `\recent`; null if they were not sent.
  @Nullable Set<String> flags() {
    String value = items.get("FLAGS");
    return value == null ? null : flags(value);
  }

  /// Whether the message is `\Recent`; of use only where [#flags] were sent.
  boolean recent() {
    return items.getOrDefault("FLAGS", "").toLowerCase(Locale.ROOT).contains("\\recent");
  }

  /// The flags of a parenthesized list in lower case without `\recent`.
  static Set<String> flags(String list) {
    var flags = new TreeSet<String>();
    String inner = list.substring(1, list.length() - 1).toLowerCase(Locale.ROOT);
    Arrays.stream(inner.split(" ", -1)).filter(flag -> !flag.isEmpty()).forEach(flags::add);
    flags.remove("\\recent");
    return flags;
  }

  /// The octets of a string value (quoted or literal); null for NIL or if it was not sent.
  @Nullable String text(String name) {
    String value = items.get(name);
    if (value == null || value.equalsIgnoreCase("NIL")) {
      return null;
    }
    return value.startsWith("{")
        ? value.substring(value.indexOf('\n') + 1)
        : value.substring(1, value.length() - 1);
  }

  private static final class Reader {
    private final String text;
    private int at;

    Reader(String text) {
      this.text = text;
    }

    boolean atEnd() {
      return at >= text.length();
    }

    /// An item's name, with all of its brackets, and the space behind it.
    @Nullable String name() {
      int start = at;
      int depth = 0;
      for (; at < text.length(); at++) {
        char c = text.charAt(at);
        if (c == '[') {
          depth++;
        } else if (c == ']') {
          depth--;
        } else if (c == ' ' && depth == 0) {
          return text.substring(start, at++).toUpperCase(Locale.ROOT);
        }
      }
      return null;
    }

    /// A value and the space behind it.
    @Nullable String value() {
      int start = at;
      if (!skipValue()) {
        return null;
      }
      String value = text.substring(start, at);
      if (!atEnd() && text.charAt(at++) != ' ') {
        return null;
      }
      return value;
    }

    private boolean skipValue() {
      int depth = 0;
      while (at < text.length()) {
        char c = text.charAt(at);
        if (c == '"') {
          skipQuoted();
        } else if (c == '{') {
          skipLiteral();
        } else if (c == '(') {
          depth++;
          at++;
        } else if (c == ')') {
          depth--;
          at++;
        } else if (c == ' ' && depth == 0) {
          return true;
        } else {
          at++;
        }
      }
      return depth == 0 && at == text.length();
    }

    private void skipQuoted() {
      for (at++; at < text.length() && text.charAt(at) != '"'; at++) {
        if (text.charAt(at) == '\\') {
          at++;
        }
      }
      at++;
    }

    private void skipLiteral() {
      int end = text.indexOf("}\r\n", at);
      at = end + 3 + Integer.parseInt(text.substring(at + 1, end));
    }
  }
}
