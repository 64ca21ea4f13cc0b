package dormouse.directory.step;

import dormouse.config.MapLinkSettings.Form;
import dormouse.directory.BadDirectoryFile.Fault;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/// A table of backends by user, in the lines of perdition's popmaps: `KEY: VALUE`, empty lines and those that begin with `#`
/// left out. Immutable.
final class PopMap {
  private static final Pattern LINE = Pattern.compile("(?<key>.*?)\\s*:\\s+(?<value>\\S+)\\s*");
  private static final Pattern TIGHT = Pattern.compile("(?<key>[^:]*?)\\s*:(?<value>\\S+)\\s*");
  private static final Pattern GROUP = Pattern.compile("\\$(\\d)");

  private record Rule(Pattern pattern, String value) {}

  private final Map<String, String> words = new HashMap<>();
  private final List<Rule> rules = new ArrayList<>();

  /// Reads lines.
  ///
  /// @param faults gets what is wrong, by the line's number from 1
  static PopMap read(List<String> lines, Form form, List<Fault> faults) {
    PopMap map = new PopMap();
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      if (!line.isBlank() && !line.startsWith("#")) {
        String wrong = map.add(line, form);
        if (wrong != null) {
          faults.add(new Fault(i + 1, wrong));
        }
      }
    }
    return map;
  }

  /// What is wrong with the line; null if nothing is.
  private @Nullable String add(String line, Form form) {
    Matcher parts = LINE.matcher(line);
    if (!parts.matches()) {
      parts = TIGHT.matcher(line);
    }
    if (!parts.matches() || parts.group("key").isEmpty()) {
      return "wanted a line such as `ann: mail.example.org:143`";
    }
    String key = parts.group("key");
    String value = parts.group("value");
    if (form == Form.WORDS) {
      words.putIfAbsent(key, value);
      return null;
    }
    try {
      Pattern pattern = Pattern.compile(key);
      int groups = pattern.matcher("").groupCount();
      if (GROUP.matcher(value).results().anyMatch(use -> number(use.group(1)) > groups)) {
        return "the value names a group that the pattern does not have";
      }
      rules.add(new Rule(pattern, value));
      return null;
    } catch (PatternSyntaxException e) {
      return "no regular expression: " + e.getDescription();
    }
  }

  /// The value of a key; null if there is none.
  @Nullable String find(String key) {
    String word = words.get(key);
    if (word != null) {
      return word;
    }
    for (Rule rule : rules) {
      Matcher found = rule.pattern.matcher(key);
      if (found.find()) {
        String filled =
            GROUP
                .matcher(rule.value)
                .replaceAll(use -> Matcher.quoteReplacement(group(found, number(use.group(1)))));
        return key.substring(0, found.start()) + filled; // as in perdition
      }
    }
    return null;
  }

  private static String group(Matcher found, int number) {
    String text = found.group(number);
    return text == null ? "" : text;
  }

  private static int number(String digit) {
    return Integer.parseInt(digit);
  }

  int size() {
    return words.size() + rules.size();
  }
}
