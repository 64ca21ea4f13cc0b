package dormouse.config;

/// How Dormouse comes to TLS on its connections to a backend.
public enum BackendTls {
  /// In clear. For backends on the machine itself or on a trusted wire.
  NONE(143),
  /// STARTTLS before anything else; a backend that does not offer it is not used.
  STARTTLS(143),
  /// TLS from the first byte.
  TLS(993);

  private final int usualPort;

  BackendTls(int usualPort) {
    this.usualPort = usualPort;
  }

  /// The port such a backend has when none is set.
  public int usualPort() {
    return usualPort;
  }
}
