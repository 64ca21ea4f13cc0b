package dormouse.config;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Knows the backends of users by a table, whose lines are those of perdition's popmaps: `KEY: [USER@]HOST[:PORT]`.
///
/// @param lines in the settings themselves
/// @param file more of them behind those, read again when it changes
/// @param form whether keys are words or patterns
/// @param keys what is looked up, in turn, until something is found; perdition's letters behind a backslash: U the user as it
///     is, u before its domain, d its domain, D the delimiter of every user, i and p the client's address and port, I and P ours
/// @param renames whether the user before the `@` of a value is the user's name at the backend; else it is ignored
/// @param delimiter between user and domain, and between user and host
/// @param unknown what becomes of users who are not in the table
@Key("map")
public record MapLinkSettings(
    List<String> lines,
    @Nullable Path file,
    Form form,
    List<String> keys,
    boolean renames,
    String delimiter,
    Unknown unknown)
    implements LinkKind {
  /// Words, by the user as it is.
  public static final MapLinkSettings DEFAULT =
      new MapLinkSettings(List.of(), null, Form.WORDS, List.of("\\U"), false, "@", Unknown.NEXT);

  /// What keys are.
  public enum Form {
    /// Words, compared as they are.
    WORDS,
    /// Regular expressions of POSIX, found anywhere in what is looked up; the first that fits wins, and `$1` … in the value are its
    /// groups. Lines are read as perdition reads popmap.re.
    PATTERNS
  }

  /// What becomes of users who are not in the table.
  public enum Unknown {
    /// The next link is asked about them all the same.
    NEXT,
    /// They are not let in.
    REJECT
  }

  public MapLinkSettings {
    lines = List.copyOf(lines);
    keys = List.copyOf(keys);
    new Checks()
        .that(
            !keys.isEmpty()
                && keys.stream().allMatch(key -> key.matches("([^\\\\]|\\\\[UuDdiIpP\\\\])++")),
            "keys",
            "a list of what to look up, such as \\U or \\u\\D\\d, and no other letters behind a backslash")
        .that(delimiter.length() == 1, "delimiter", "one character")
        .done();
  }
}
