package dormouse.directory.step;

import java.util.HashSet;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/// An extended regular expression of POSIX (XBD §9.4), as glibc reads it in the C locale, made one of Java: what both write alike and mean
/// differently is written anew. Lives while one expression is read.
///
/// - Between brackets there are classes (`[:alpha:]`), and a backslash, `[` and `&&` stand for themselves.
/// - A second `+` or `?` behind a repetition repeats once more: in Java it would say how greedy the first one is.
/// - glibc's own `\w`, `\b`, `\<` and their like are there; before other letters and digits a backslash is a fault, for what Java means by
///   `\d` nobody here means.
///
/// Text is compared by characters, not bytes. It has no line ends, which perdition would heed (`REG_NEWLINE`): names have no control
/// characters. What the alternatives of a match share out among its groups is not decided here: [PopMap].
final class PosixPattern {
  private static final int MOST_DEPTH = 100;
  private static final int MOST_TIMES = 32767; // RE_DUP_MAX
  private static final String REPEATS = "*+?{";
  private static final Pattern PLACES = Pattern.compile("\\\\[bBAz](\\(.*\\))?");

  private final String text;
  private final StringBuilder java = new StringBuilder();
  private final Set<Integer> closed = new HashSet<>();
  private int at;
  private int groups;

  private PosixPattern(String text) {
    this.text = text;
  }

  /// @throws PatternSyntaxException saying what is wrong
  static Pattern compile(String text) {
    PosixPattern pattern = new PosixPattern(text);
    pattern.alternatives(0);
    return Pattern.compile(pattern.java.toString(), Pattern.UNIX_LINES);
  }

  /// Reads up to the end, or to the `)` of a group.
  private void alternatives(int depth) {
    int repeatable = -1; // where in `java` stands what a repetition would repeat; -1: nothing does
    boolean repeated = false;
    while (at < text.length()) {
      int c = next();
      int begin = java.length();
      if (c == ')' && depth > 0) {
        java.append(')');
        return;
      }
      if (c == '|' || c == '^' || c == '$') {
        java.appendCodePoint(c);
        repeatable = -1;
        continue;
      }
      if (REPEATS.indexOf(c) >= 0) {
        if (repeatable < 0) {
          throw wrong("nothing stands before the " + Character.toString(c));
        }
        if (repeated) {
          java.insert(repeatable, "(?:").append(')');
        }
        java.append(c == '{' ? interval() : Character.toString(c));
        repeated = true;
        continue;
      }
      switch (c) {
        case '(' -> group(depth);
        case '[' -> brackets();
        case '\\' -> escape();
        case '.' -> java.append('.');
        default -> literal(c);
      }
      repeatable = consumes(begin) ? begin : -1;
      repeated = false;
    }
    if (depth > 0) {
      throw wrong("a ( without its )");
    }
  }

  /// Whether what has been written since takes characters, and is no place between two such as `\b`.
  private boolean consumes(int begin) {
    return !PLACES.matcher(java).region(begin, java.length()).matches();
  }

  private void group(int depth) {
    if (depth == MOST_DEPTH) {
      throw wrong("more than " + MOST_DEPTH + " groups in each other");
    }
    int number = ++groups;
    java.append('(');
    alternatives(depth + 1);
    closed.add(number);
  }

  private String interval() {
    int end = text.indexOf('}', at);
    String counts = end < 0 ? "" : text.substring(at, end);
    if (!counts.matches("\\d*,\\d*|\\d+") || counts.equals(",")) {
      throw wrong("a { that is no {2}, {2,} or {2,5}");
    }
    for (String count : counts.split(",")) {
      if (count.length() > 5 || (!count.isEmpty() && Integer.parseInt(count) > MOST_TIMES)) {
        throw wrong("a { with more than " + MOST_TIMES);
      }
    }
    at = end + 1;
    return "{" + (counts.startsWith(",") ? "0" : "") + counts + "}";
  }

  private void escape() {
    if (at == text.length()) {
      throw wrong("a \\ at the end");
    }
    int c = next();
    switch (c) {
      case 'w', 'W', 's', 'S', 'b', 'B' -> java.append('\\').appendCodePoint(c);
      case '<' -> java.append("\\b(?=\\w)");
      case '>' -> java.append("\\b(?<=\\w)");
      case '`' -> java.append("\\A");
      case '\'' -> java.append("\\z");
      case '1', '2', '3', '4', '5', '6', '7', '8', '9' -> {
        if (!closed.contains(c - '0')) {
          throw wrong("\\" + Character.toString(c) + " is a group that is not there");
        }
        java.append("(?:\\").appendCodePoint(c).append(')');
      }
      default -> {
        if (Character.isLetterOrDigit(c)) {
          throw wrong("\\" + Character.toString(c) + " means nothing in POSIX");
        }
        literal(c);
      }
    }
  }

  /// What stands between `[` and `]`.
  private void brackets() {
    java.append('[');
    if (take('^')) {
      java.append('^');
    }
    boolean first = true;
    while (first || !take(']')) {
      first = false;
      String named = named(':');
      if (named != null) {
        java.append(classOf(named));
        if (at("-") && !at("-]")) {
          throw wrong("[:" + named + ":] begins no range");
        }
        continue;
      }
      int from = element();
      if (!at("-") || at("-]")) {
        literal(from);
        continue;
      }
      at++;
      if (at("[:")) {
        throw wrong("a class ends no range");
      }
      int to = element();
      if (to < from || (at("-") && !at("-]"))) {
        throw wrong("a range that is none between [ and ]");
      }
      literal(from);
      java.append('-');
      literal(to);
    }
    java.append(']');
  }

  private int element() {
    for (char mark : new char[] {'.', '='}) {
      String named = named(mark);
      if (named != null) {
        if (named.codePointCount(0, named.length()) != 1) {
          throw wrong("[" + mark + named + mark + "] is no character");
        }
        return named.codePointAt(0);
      }
    }
    if (at == text.length()) {
      throw wrong("a [ without its ]");
    }
    return next();
  }

  /// The name in `[:name:]` and its like; null if there is none here.
  private @Nullable String named(char mark) {
    if (!at("[" + mark)) {
      return null;
    }
    int end = text.indexOf(mark + "]", at + 2);
    if (end < 0) {
      throw wrong("a [" + mark + " without its " + mark + "]");
    }
    String name = text.substring(at + 2, end);
    at = end + 2;
    return name;
  }

  private String classOf(String name) {
    return switch (name) {
      case "alpha" -> "\\p{Alpha}";
      case "digit" -> "\\p{Digit}";
      case "alnum" -> "\\p{Alnum}";
      case "upper" -> "\\p{Upper}";
      case "lower" -> "\\p{Lower}";
      case "space" -> "\\p{Space}";
      case "blank" -> "\\p{Blank}";
      case "punct" -> "\\p{Punct}";
      case "print" -> "\\p{Print}";
      case "graph" -> "\\p{Graph}";
      case "cntrl" -> "\\p{Cntrl}";
      case "xdigit" -> "\\p{XDigit}";
      default -> throw wrong("there is no class [:" + name + ":]");
    };
  }

  /// A character that means nothing but itself.
  private void literal(int c) {
    if (c < 128 && !Character.isLetterOrDigit(c)) {
      java.append('\\');
    }
    java.appendCodePoint(c);
  }

  private boolean at(String what) {
    return text.startsWith(what, at);
  }

  private boolean take(char c) {
    boolean there = at < text.length() && text.charAt(at) == c;
    if (there) {
      at++;
    }
    return there;
  }

  private int next() {
    int c = text.codePointAt(at);
    at += Character.charCount(c);
    return c;
  }

  private PatternSyntaxException wrong(String why) {
    return new PatternSyntaxException(why, text, -1);
  }
}
