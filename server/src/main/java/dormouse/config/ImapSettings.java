package dormouse.config;

/// What IMAP clients are offered behind their login, whatever their backend has.
///
/// @param compress whether COMPRESS=DEFLATE (RFC 4978) is
public record ImapSettings(boolean compress) {
  public static final ImapSettings DEFAULT = new ImapSettings(true);
}
