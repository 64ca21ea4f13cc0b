package dormouse.tls.records;

/// Who carries a connection after its handshake, and if not Dormouse itself, why; a label of `dormouse_tls_handshakes_total`.
public enum Carrier {
  OWN("own"),
  /// BoringSSL's native library does not load here.
  ENGINE_NOT_NATIVE("engine-not-native"),
  /// `runtime.own-records` is false.
  ENGINE_BY_SETTINGS("engine-by-settings"),
  /// BoringSSL did not tell the secrets, or the suite is an unknown one.
  ENGINE_NO_SECRETS("engine-no-secrets");

  private final String label;

  Carrier(String label) {
    this.label = label;
  }

  /// As in metrics.
  public String label() {
    return label;
  }
}
