package dormouse.config;

/// How a name and a password are said to a backend.
public enum BackendMechanism {
  /// By AUTHENTICATE PLAIN where the backend offers it, else by IMAP's own LOGIN command.
  AUTO,
  /// By AUTHENTICATE PLAIN (RFC 4616) and nothing else.
  PLAIN,
  /// By AUTHENTICATE LOGIN and nothing else; a name and a password, and so no master user beside the user.
  LOGIN
}
