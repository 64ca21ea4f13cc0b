package dormouse.testkit;

import java.util.Locale;
import java.util.Set;

/// The command that a client waits for, as far as it decides what the server may say meanwhile. Immutable.
///
/// @param name without UID, in upper case; "" if no command runs
/// @param uid whether it is the UID form
/// @param text all of it, without the tag
record ModelCommand(String name, boolean uid, String text) {
  /// No command runs.
  static final ModelCommand NONE = new ModelCommand("", false, "");

  private static final Set<String> BY_SEQUENCE_NUMBER = Set.of("FETCH", "STORE", "SEARCH");

  static ModelCommand of(String text) {
    String[] words = text.toUpperCase(Locale.ROOT).split("[ \r]", 3);
    boolean uid = words[0].equals("UID");
    return new ModelCommand(uid ? words[1] : words[0], uid, text);
  }

  /// Whether EXPUNGE or VANISHED may be sent while it runs (RFC 9051 §7.5.1).
  boolean allowsExpunge() {
    return !name.isEmpty() && (uid || !BY_SEQUENCE_NUMBER.contains(name));
  }

  /// Whether its result is saved in `$` (RFC 5182).
  boolean saves() {
    return name.equals("SEARCH") && text.contains("RETURN (SAVE");
  }

  boolean selects() {
    return name.equals("SELECT") || name.equals("EXAMINE");
  }

  /// Whether FETCH responses without FLAGS may be its own.
  boolean fetches() {
    return name.equals("FETCH") || name.equals("STORE");
  }

  /// Whether `VANISHED (EARLIER)` may be sent while it runs.
  boolean asksForVanished() {
    return (selects() && text.contains("QRESYNC")) || text.contains("VANISHED");
  }

  /// Whether an untagged response of this name is an answer to it.
  boolean asksFor(String response) {
    return switch (response) {
      case "SEARCH", "ESEARCH" -> name.equals("SEARCH");
      case "ENABLED" -> name.equals("ENABLE");
      case "STATUS" -> name.equals("STATUS") || (name.equals("LIST") && text.contains("STATUS"));
      default -> name.equals(response);
    };
  }
}
