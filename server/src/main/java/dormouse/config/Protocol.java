package dormouse.config;

/// What clients speak on a listener.
public enum Protocol {
  /// RFC 9051, RFC 3501.
  IMAP
}
