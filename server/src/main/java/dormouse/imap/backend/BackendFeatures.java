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
  /// Of a backend that offers these.
  ///
  /// @param capabilities upper case
  static BackendFeatures of(Set<String> capabilities) {
    boolean rev2 = capabilities.contains("IMAP4REV2");
    return new BackendFeatures(
        changes(capabilities),
        capabilities.contains("ESEARCH") || rev2 ? "UID SEARCH RETURN (ALL) ALL" : "UID SEARCH ALL",
        capabilities.contains("IDLE") || rev2,
        capabilities.contains("UNSELECT") || rev2,
        capabilities.containsAll(Set.of("LIST-EXTENDED", "LIST-STATUS")) || rev2,
        capabilities.contains("ENABLE") || rev2 ? enables(capabilities) : Set.of());
  }

  /// What can be known of a mailbox's changes (HIBERNATION §3.0).
  private static ChangeTracking changes(Set<String> capabilities) {
    if (capabilities.contains("QRESYNC")) {
      return ChangeTracking.QRESYNC;
    }
    return capabilities.contains("CONDSTORE") ? ChangeTracking.CONDSTORE : ChangeTracking.NONE;
  }

  /// All that IANA lists for ENABLE. QRESYNC contains CONDSTORE (RFC 7162 §3.2.3).
  private static Set<String> enables(Set<String> capabilities) {
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
            capabilities.contains(name)
                || (name.equals("CONDSTORE") && capabilities.contains("QRESYNC")))
        .collect(Collectors.toUnmodifiableSet());
  }
}
