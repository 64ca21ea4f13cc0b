package dormouse.imap.track;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// One response of a backend, taken apart on demand.
///
/// Immutable. Never fails on input: what is not there is `""`, `null` or -1.
public final class ResponseLine {
  private final Kind kind;
  private final String text;

  ResponseLine(Kind kind, String text) {
    this.kind = kind;
    this.text = text;
  }

  /// The response in `text`, a byte a character, without its final CRLF.
  public static ResponseLine parse(String text) {
    return new ResponseLine(ResponseHead.kindOf(text), text);
  }

  public Kind kind() {
    return kind;
  }

  /// All of it without the final CRLF, a byte a character (ISO 8859-1). Of [ResponseLines]: literals included, each
  /// behind its `{n}CRLF`. Of [ResponseTracker]: the first 8 KiB of a status line longer than that.
  public String text() {
    return text;
  }

  /// What stands first: the tag of a tagged line, `*` or `+`.
  public String tag() {
    return text.substring(0, endOfWord(0));
  }

  /// `OK`, `NO`, `BAD`, `BYE` or `PREAUTH`, whatever its case was, with or without a tag; else `""`.
  public String status() {
    return switch (kind) {
      case TAGGED -> {
        int from = next(endOfWord(0));
        yield text.substring(from, endOfWord(from)).toUpperCase(Locale.ROOT);
      }
      case OK, NO, BAD, BYE, PREAUTH -> kind.name();
      default -> "";
    };
  }

  /// Whether a tagged line says OK.
  public boolean isOk() {
    return status().equals("OK");
  }

  /// The response code without its brackets, `UIDVALIDITY 3`, of a status line; `null` if it has none.
  public @Nullable String code() {
    int end = endOfCode();
    return end < 0 ? null : text.substring(dataFrom() + 1, end);
  }

  /// The first word of the response code in upper case; `""` if there is none.
  public String codeName() {
    String code = code();
    if (code == null) {
      return "";
    }
    int space = code.indexOf(' ');
    return (space < 0 ? code : code.substring(0, space)).toUpperCase(Locale.ROOT);
  }

  /// What follows the first word of the response code; `""` if nothing does.
  public String codeArguments() {
    String code = code();
    int space = code == null ? -1 : code.indexOf(' ');
    return code == null || space < 0 ? "" : code.substring(space + 1);
  }

  /// Whether all users are to be shown it (RFC 9051 §7.1), whatever its status. A tagged line is an answer, and BYE the end of a connection:
  /// they are none.
  public boolean isAlert() {
    return switch (kind) {
      case OK, NO, BAD -> codeName().equals("ALERT");
      default -> false;
    };
  }

  /// The number of `* 3 EXISTS`, at most 18 digits; -1 if there is none.
  public long number() {
    return kind.numbered() ? Long.parseLong(text.substring(2, endOfWord(2))) : -1;
  }

  /// What follows the word that makes the kind: of `* 3 FETCH (UID 5)` it is `(UID 5)`, of `* FLAGS (\Seen)` it is
  /// `(\Seen)`, of a status line its code and text, of `+ idling` it is `idling`. `""` if nothing does.
  public String data() {
    return text.substring(dataFrom());
  }

  /// The text for humans of a status line, without its response code.
  public String message() {
    int end = endOfCode();
    return end < 0 ? data() : text.substring(next(end + 1));
  }

  @Override
  public String toString() {
    return text;
  }

  static String withoutLineEnd(String line) {
    int end = line.length();
    end -= end > 0 && line.charAt(end - 1) == '\n' ? 1 : 0;
    end -= end > 0 && end < line.length() && line.charAt(end - 1) == '\r' ? 1 : 0;
    return line.substring(0, end);
  }

  private int dataFrom() {
    int from = next(endOfWord(0));
    if (kind == Kind.CONTINUATION) {
      return text.startsWith("+ ") ? 2 : 1;
    }
    if (kind == Kind.OTHER && !text.startsWith("* ")) {
      return 0;
    }
    from = next(endOfWord(from));
    return kind.numbered() ? next(endOfWord(from)) : from;
  }

  /// Where `]` stands; -1 if there is no code.
  private int endOfCode() {
    int from = dataFrom();
    if (!kind.isStatus() || from >= text.length() || text.charAt(from) != '[') {
      return -1;
    }
    boolean quoted = false;
    for (int i = from + 1; i < text.length(); i++) {
      switch (text.charAt(i)) {
        case '"' -> quoted = !quoted;
        case '\\' -> i += quoted ? 1 : 0;
        case ']' -> {
          if (!quoted) {
            return i;
          }
        }
        default -> {}
      }
    }
    return -1;
  }

  private int endOfWord(int from) {
    int space = text.indexOf(' ', from);
    return space < 0 ? text.length() : space;
  }

  private int next(int end) {
    return end < text.length() && text.charAt(end) == ' ' ? end + 1 : end;
  }
}
