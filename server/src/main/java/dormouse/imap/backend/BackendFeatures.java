package dormouse.imap.backend;

/// What a logged-in backend can do, as far as Dormouse's own commands need it. Immutable.
///
/// @param search the command that lists all UIDs: `UID SEARCH RETURN (ALL) ALL` (RFC 4731) where offered, else
///     `UID SEARCH ALL`
public record BackendFeatures(ChangeTracking changes, String search, boolean idle, boolean enable) {
  public static BackendFeatures of(Capabilities capabilities) {
    boolean extendedSearch = capabilities.has("ESEARCH") || capabilities.has("IMAP4REV2");
    return new BackendFeatures(
        capabilities.changeTracking(),
        extendedSearch ? "UID SEARCH RETURN (ALL) ALL" : "UID SEARCH ALL",
        capabilities.has("IDLE") || capabilities.has("IMAP4REV2"),
        capabilities.has("ENABLE") || capabilities.has("IMAP4REV2"));
  }
}
