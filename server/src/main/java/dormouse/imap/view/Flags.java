package dormouse.imap.view;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// The flags of a message, as one text in one spelling: `\Flagged \Seen $Forwarded Work`.
///
/// Canonical flags are separated by one space: first those with a backslash, then the keywords, each group sorted without
/// regard to case, none twice, without `\Recent`, which belongs to a session and not to the message (RFC 3501 §2.3.2).
/// System flags are spelled as in RFC 9051 §2.3.2, keywords as the backend does. Any thread.
public final class Flags {
  private static final Map<String, String> SYSTEM_FLAGS =
      Map.of(
          "\\answered", "\\Answered",
          "\\deleted", "\\Deleted",
          "\\draft", "\\Draft",
          "\\flagged", "\\Flagged",
          "\\seen", "\\Seen");

  private static final Comparator<String> ORDER =
      Comparator.comparing((String flag) -> !flag.startsWith("\\"))
          .thenComparing(String.CASE_INSENSITIVE_ORDER);

  /// Texts seen lately, each in the one place its hash gives it. A mailbox knows few combinations of flags, and sharing their
  /// texts is what keeps flag maps small. Slots are written without a lock: a lost entry is only made again.
  private static final @Nullable Seen[] LATELY = new Seen[1024];

  private static final int LONGEST_REMEMBERED = 256;

  private Flags() {}

  /// The canonical text of the flags in `flagsText`: what stands between the parentheses of a FETCH's FLAGS.
  public static String canonical(String flagsText) {
    if (flagsText.isEmpty()) {
      return "";
    }
    int slot = (flagsText.hashCode() * 0x9E37_79B9) >>> 22;
    var seen = LATELY[slot];
    if (seen != null && seen.text.equals(flagsText)) {
      return seen.canonical;
    }
    String canonical = sorted(flagsText);
    if (flagsText.length() <= LONGEST_REMEMBERED) {
      LATELY[slot] = new Seen(flagsText, canonical);
    }
    return canonical;
  }

  /// Whether two texts, canonical or not, name the same flags. Flags have no case (RFC 9051 §2.3.2).
  public static boolean equal(String a, String b) {
    return a.equals(b) || canonical(a).equalsIgnoreCase(canonical(b));
  }

  private static String sorted(String flagsText) {
    var flags = new TreeSet<String>(ORDER);
    Arrays.stream(flagsText.split(" ", -1))
        .filter(flag -> !flag.isEmpty() && !flag.equalsIgnoreCase("\\Recent"))
        .map(flag -> SYSTEM_FLAGS.getOrDefault(flag.toLowerCase(Locale.ROOT), flag))
        .forEach(flags::add);
    String canonical = String.join(" ", flags);
    return canonical.equals(flagsText) ? flagsText : canonical;
  }

  private record Seen(String text, String canonical) {}
}
