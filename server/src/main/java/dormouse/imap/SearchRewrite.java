package dormouse.imap;

import dormouse.imap.track.Command;
import dormouse.imap.track.Verb;
import dormouse.imap.view.LaggingNumbers;
import dormouse.imap.view.UidSet;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// The arguments of SEARCH, SORT or THREAD in which the client means what the backend does not (RFC 9051 §6.4.4, RFC 5256,
/// RFC 5032, RFC 7162 §3.1.5, RFC 8474, RFC 8514): numbers of a client that lags become the backend's, and only messages are
/// found that the client knows; and messages are `\Recent` of which the backend has forgotten it.
///
/// Used once.
final class SearchRewrite {
  private static final String NOTHING = "NOT ALL";
  private static final int MAX_DEPTH = 50;

  private final Verb verb;
  private final String text;
  private final @Nullable LaggingNumbers numbers;
  private final UidSet recent;
  private final StringBuilder out = new StringBuilder();
  private int at;

  /// @param numbers null if the client counts as the backend does
  /// @param recent messages that are `\Recent` to the client, but not to the backend
  SearchRewrite(Verb verb, String text, @Nullable LaggingNumbers numbers, UidSet recent) {
    this.verb = verb;
    this.text = text;
    this.numbers = numbers;
    this.recent = recent;
  }

  /// The arguments of a client that counts as the backend does; as they are where they cannot be read.
  static String withRecent(Command command, UidSet recent) {
    String text = command.argumentsText();
    String rewritten = new SearchRewrite(command.verb(), text, null, recent).rewritten();
    return rewritten == null ? text : rewritten;
  }

  /// Null if there is something in it whose arguments nobody knows.
  @Nullable String rewritten() {
    if (!head()) {
      return null;
    }
    if (numbers != null) {
      int left = numbers.left().size();
      out.append(left == 0 ? NOTHING : "1:" + left).append(' ');
    }
    if (!key(0)) {
      return null;
    }
    while (at < text.length()) {
      if (!space() || !key(0)) {
        return null;
      }
    }
    return out.toString();
  }

  /// What stands before the keys.
  private boolean head() {
    if (atWord("RETURN")) {
      int from = at;
      if (!(word() && space() && list() && space())
          || (numbers != null && !hasPlainResults(text.substring(from, at)))) {
        return false;
      }
    }
    return switch (verb) {
      case SORT -> list() && space() && word() && space();
      case THREAD -> word() && space() && word() && space();
      default -> !atWord("CHARSET") || (word() && space() && word() && space());
    };
  }

  /// Whether what the search returns is a set whose numbers can be told one by one, and in any order: no part of a result (RFC 5267 §4.4), and
  /// none that is sorted.
  private boolean hasPlainResults(String returns) {
    return verb != Verb.SORT && !returns.toUpperCase(Locale.ROOT).contains("PARTIAL");
  }

  private boolean key(int depth) {
    if (depth > MAX_DEPTH) {
      return false;
    }
    if (text.startsWith("(", at)) {
      return group(depth);
    }
    int from = at;
    String word = atom();
    if (word == null) {
      return false;
    }
    if (isSet(word)) {
      return set(word);
    }
    if (!recent.isEmpty() && aboutRecent(word)) {
      return true;
    }
    out.append(text, from, at);
    return switch (word.toUpperCase(Locale.ROOT)) {
      case "ALL", "ANSWERED", "DELETED", "DRAFT", "FLAGGED", "NEW", "OLD", "RECENT", "SEEN" -> true;
      case "UNANSWERED", "UNDELETED", "UNDRAFT", "UNFLAGGED", "UNSEEN" -> true;
      case "SAVEDATESUPPORTED" -> true;
      case "BCC", "BODY", "CC", "FROM", "SUBJECT", "TEXT", "TO", "KEYWORD", "UNKEYWORD" -> words(1);
      case "BEFORE", "ON", "SINCE", "SENTBEFORE", "SENTON", "SENTSINCE", "LARGER", "SMALLER" ->
          words(1);
      case "OLDER", "YOUNGER", "EMAILID", "THREADID", "SAVEDBEFORE", "SAVEDON", "SAVEDSINCE" ->
          words(1);
      case "HEADER" -> words(2);
      case "MODSEQ" -> words(text.startsWith(" \"", at) ? 3 : 1);
      case "UID" -> uids();
      case "NOT", "FUZZY" -> space() && key(depth + 1);
      case "OR" -> space() && key(depth + 1) && space() && key(depth + 1);
      default -> false;
    };
  }

  private boolean aboutRecent(String key) {
    String keys =
        switch (key.toUpperCase(Locale.ROOT)) {
          case "RECENT" -> "OR RECENT UID " + recent;
          case "NEW" -> "(UNSEEN OR RECENT UID " + recent + ")";
          case "OLD" -> "(OLD NOT UID " + recent + ")";
          default -> null;
        };
    if (keys != null) {
      out.append(keys);
    }
    return keys != null;
  }

  private boolean group(int depth) {
    out.append(text.charAt(at++));
    if (!key(depth + 1)) {
      return false;
    }
    while (!text.startsWith(")", at)) {
      if (!space() || !key(depth + 1)) {
        return false;
      }
    }
    out.append(text.charAt(at++));
    return true;
  }

  private static boolean isSet(String word) {
    return word.equals("$") || word.chars().allMatch(c -> "0123456789:,*".indexOf(c) >= 0);
  }

  private boolean set(String word) {
    if (numbers == null || word.equals("$")) {
      out.append(word);
      return true;
    }
    UidSet named = LaggedCommand.numbered(word, numbers.client().size());
    if (named == null) {
      return false;
    }
    UidSet there = numbers.toBackend(named);
    out.append(there.isEmpty() ? NOTHING : there.toString());
    return true;
  }

  /// `*` is the last message that the client knows.
  private boolean uids() {
    if (!space()) {
      return false;
    }
    String word = atom();
    if (word == null || !isSet(word)) {
      return false;
    }
    out.append(
        numbers == null
            ? word
            : word.replace("*", Long.toString(Math.max(1, numbers.client().last()))));
    return true;
  }

  // ── what the text consists of ──

  private boolean words(int count) {
    for (int i = 0; i < count; i++) {
      if (!space() || !word()) {
        return false;
      }
    }
    return true;
  }

  private boolean space() {
    if (!text.startsWith(" ", at)) {
      return false;
    }
    out.append(' ');
    at++;
    return true;
  }

  private boolean atWord(String word) {
    return text.regionMatches(true, at, word + " ", 0, word.length() + 1);
  }

  /// An atom, a quoted string or a literal, passed on.
  private boolean word() {
    int from = at;
    if (text.startsWith("\"", at)) {
      at = endOfQuoted();
    } else if (text.startsWith("{", at)) {
      at = endOfLiteral();
    } else if (atom() == null) {
      return false;
    }
    if (at < 0) {
      return false;
    }
    out.append(text, from, at);
    return true;
  }

  private int endOfQuoted() {
    for (int i = at + 1; i < text.length(); i++) {
      switch (text.charAt(i)) {
        case '\\' -> i++;
        case '"' -> {
          return i + 1;
        }
        default -> {}
      }
    }
    return -1;
  }

  private int endOfLiteral() {
    int close = text.indexOf("}\r\n", at);
    if (close < 0) {
      return -1;
    }
    String digits = text.substring(at + 1, close).replace("+", "");
    int from = close + "}\r\n".length();
    return digits.matches("[0-9]{1,9}") && Integer.parseInt(digits) <= text.length() - from
        ? from + Integer.parseInt(digits)
        : -1;
  }

  /// `(…)` of atoms, passed on.
  private boolean list() {
    int end = text.startsWith("(", at) ? text.indexOf(')', at) : -1;
    if (end < 0) {
      return false;
    }
    out.append(text, at, end + 1);
    at = end + 1;
    return true;
  }

  /// What stands up to the next space or parenthesis; null if that is nothing, or no atom.
  private @Nullable String atom() {
    int from = at;
    while (at < text.length() && " ()\"{\r\n".indexOf(text.charAt(at)) < 0) {
      at++;
    }
    boolean ends = at == text.length() || text.charAt(at) == ' ' || text.charAt(at) == ')';
    return at > from && ends ? text.substring(from, at) : null;
  }
}
