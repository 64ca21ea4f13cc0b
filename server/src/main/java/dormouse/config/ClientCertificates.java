package dormouse.config;

/// Whether clients are asked for a certificate of their own.
public enum ClientCertificates {
  /// They are not asked.
  NONE,
  /// They are asked, and may have none. One that was not signed as it should be ends the handshake.
  OPTIONAL,
  /// They are asked, and may have none, or one that whoever has signed; nginx: `optional_no_ca`.
  ANY,
  /// Who has none does not come in.
  REQUIRED
}
