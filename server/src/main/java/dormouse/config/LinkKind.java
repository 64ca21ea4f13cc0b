package dormouse.config;

/// What a link of the directory is. Each kind is a record of this package, and its `@Key` is what the file calls it.
public sealed interface LinkKind
    permits BackendLinkSettings,
        HttpLinkSettings,
        FileLinkSettings,
        SqlLinkSettings,
        LdapLinkSettings,
        OAuth2LinkSettings,
        RewriteLinkSettings,
        MapLinkSettings {
  /// What the file calls it.
  default String key() {
    return RecordKey.kindName(getClass());
  }
}
