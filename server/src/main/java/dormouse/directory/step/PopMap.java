package dormouse.directory.step;

import dormouse.config.MapLinkSettings.Form;
import dormouse.directory.BadDirectoryFile.Fault;
import dormouse.directory.step.BoundedMatch.TooHard;
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
///
/// Patterns are those of popmap.re, read as perdition reads them ([QuotedLine], [PosixPattern]). The first line that fits counts; of it, as in
/// POSIX, the match that begins first, and of those the longest. How several groups share out one match is what backtracking finds first,
/// as in Java: POSIX would have each group, from the left, as long as can be, and glibc does not do that either.
final class PopMap {
  private static final Pattern LINE = Pattern.compile("(?<key>.*?)\\s*:\\s+(?<value>\\S+)\\s*");
  private static final Pattern TIGHT = Pattern.compile("(?<key>[^:]*?)\\s*:(?<value>\\S+)\\s*");
  private static final Pattern GROUP = Pattern.compile("\\$(\\d)");
  private static final String WANTED = "wanted a line such as `ann: mail.example.org:143`";

  private record Rule(String key, Pattern pattern, String value) {}

  private final Map<String, String> words = new HashMap<>();
  private final List<Rule> rules = new ArrayList<>();

  /// Reads lines.
  ///
  /// @param faults gets what is wrong, by the line's number from 1
  static PopMap read(List<String> lines, Form form, List<Fault> faults) {
    PopMap map = new PopMap();
    for (int i = 0; i < lines.size(); i++) {
      int number = i + 1;
      String wrong;
      if (form == Form.WORDS) {
        wrong = map.addWord(lines.get(i));
      } else {
        String line = lines.get(i);
        QuotedLine read = QuotedLine.of(line);
        while (read.goesOn() && i + 1 < lines.size()) {
          line = line.substring(0, line.length() - 1) + lines.get(++i);
          read = QuotedLine.of(line);
        }
        wrong = map.addRule(read);
      }
      if (wrong != null) {
        faults.add(new Fault(number, wrong));
      }
    }
    return map;
  }

  /// What is wrong with the line; null if nothing is.
  private @Nullable String addWord(String line) {
    if (line.isBlank() || line.startsWith("#")) {
      return null;
    }
    Matcher parts = LINE.matcher(line);
    if (!parts.matches()) {
      parts = TIGHT.matcher(line);
    }
    if (!parts.matches() || parts.group("key").isEmpty()) {
      return WANTED;
    }
    words.putIfAbsent(parts.group("key"), parts.group("value"));
    return null;
  }

  private @Nullable String addRule(QuotedLine line) {
    if (line.wrong() != null || line.words().isEmpty()) {
      return line.wrong();
    }
    String key = line.words().getFirst().replaceFirst(":$", "");
    if (line.words().size() != 2 || key.isEmpty()) {
      return WANTED;
    }
    String value = line.words().getLast();
    try {
      Pattern pattern = PosixPattern.compile(key);
      int groups = pattern.matcher("").groupCount();
      if (GROUP.matcher(value).results().anyMatch(use -> number(use.group(1)) > groups)) {
        return "the value names a group that the pattern does not have";
      }
      rules.add(new Rule(key, pattern, value));
      return null;
    } catch (PatternSyntaxException e) {
      return "no regular expression: " + e.getDescription();
    }
  }

  /// The value of a key; null if there is none.
  ///
  /// @throws TooHard if a pattern takes too long, and it cannot be told
  @Nullable String find(String key) throws TooHard {
    String word = words.get(key);
    if (word != null) {
      return word;
    }
    for (Rule rule : rules) {
      String value = BoundedMatch.of(rule.key, rule.pattern, key, match -> found(rule, key, match));
      if (value != null) {
        return value;
      }
    }
    return null;
  }

  private static @Nullable String found(Rule rule, String key, Matcher match) {
    if (!match.find()) {
      return null;
    }
    String before = key.substring(0, match.start()); // it stays, as in perdition
    return before + filled(rule.value, match, key.length());
  }

  private static String filled(String value, Matcher found, int end) {
    Matcher uses = GROUP.matcher(value);
    if (!uses.find()) {
      return value;
    }
    lengthen(found, end);
    return uses.replaceAll(use -> Matcher.quoteReplacement(group(found, number(use.group(1)))));
  }

  /// Makes a match the longest that begins where it does.
  private static void lengthen(Matcher found, int end) {
    int start = found.start();
    int least = found.end();
    found.useAnchoringBounds(false).useTransparentBounds(true);
    for (int to = end; to >= least; to--) {
      if (found.region(start, to).matches()) {
        return;
      }
    }
    throw new IllegalStateException(
        "a match that is none any more"); // it matched as far as `least`
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
