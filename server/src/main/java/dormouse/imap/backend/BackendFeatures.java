package dormouse.imap.backend;

import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// What a logged-in backend can do, as far as Dormouse's own commands and its answers to sleeping clients need it.
/// Immutable.
///
/// @param search the command that lists all UIDs: `UID SEARCH RETURN (ALL) ALL` (RFC 4731) where offered, else
///     `UID SEARCH ALL`
/// @param unselect whether UNSELECT (RFC 3691) is known
/// @param listStatus whether LIST can tell the STATUS of many mailboxes (RFC 5819)
/// @param enables what ENABLE (RFC 5161) can switch on, in upper case
public record BackendFeatures(
    ChangeTracking changes,
    String search,
    boolean idle,
    boolean unselect,
    boolean listStatus,
    Set<String> enables) {
  public static BackendFeatures of(Capabilities capabilities) {
    boolean rev2 = capabilities.has("IMAP4REV2");
    return new BackendFeatures(
        capabilities.changeTracking(),
        capabilities.has("ESEARCH") || rev2 ? "UID SEARCH RETURN (ALL) ALL" : "UID SEARCH ALL",
        capabilities.has("IDLE") || rev2,
        capabilities.has("UNSELECT") || rev2,
        (capabilities.has("LIST-EXTENDED") && capabilities.has("LIST-STATUS")) || rev2,
        capabilities.has("ENABLE") || rev2 ? enables(capabilities) : Set.of());
  }

  /// All that IANA lists for ENABLE. QRESYNC contains CONDSTORE (RFC 7162 §3.2.3).
  private static Set<String> enables(Capabilities capabilities) {
    return Stream.of(
            "CONDSTORE",
            "QRESYNC",
            "UTF8=ACCEPT",
            "UTF8=ONLY",
            "IMAP4REV2",
            "METADATA",
            "METADATA-SERVER",
            "UIDONLY")
        .filter(name ->
            capabilities.has(name) || (name.equals("CONDSTORE") && capabilities.has("QRESYNC")))
        .collect(Collectors.toUnmodifiableSet());
  }
}
