package dormouse.config;

/// What IMAP clients are offered behind their login, whatever their backend has.
///
/// @param compress whether COMPRESS=DEFLATE (RFC 4978) is
/// @param statusCache answers to STATUS that are kept
public record ImapSettings(boolean compress, StatusCacheSettings statusCache) {
  public static final ImapSettings DEFAULT = new ImapSettings(true, StatusCacheSettings.DEFAULT);
}
