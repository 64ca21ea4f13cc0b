package dormouse.testkit;

/// What a [ModelClient] asks the server to enable.
public enum ModelMode {
  /// Nothing.
  PLAIN,
  /// CONDSTORE (RFC 7162): mod-sequences in every FETCH.
  CONDSTORE,
  /// QRESYNC (RFC 7162): VANISHED in place of EXPUNGE too.
  QRESYNC
}
