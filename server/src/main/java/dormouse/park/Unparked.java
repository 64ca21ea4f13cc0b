package dormouse.park;

/// Why a quiet session keeps its channel; a label of `dormouse_unparked_total`.
public enum Unparked {
  /// The channel is none of epoll's.
  NO_EPOLL("no-epoll", false),
  /// BoringSSL carries its TLS; why, `dormouse_tls_handshakes_total` says.
  TLS_ENGINE("tls-engine", false),
  /// Its pipeline has more in it than parking knows of, as of a client that compresses.
  PIPELINE("pipeline", false),
  /// The table is full.
  FULL("full", false),
  /// Half a record was read, or something waits to be sent: it can be tried again when that is over.
  BUSY("busy", true);

  private final String label;
  private final boolean passing;

  Unparked(String label, boolean passing) {
    this.label = label;
    this.passing = passing;
  }

  /// As in metrics.
  public String label() {
    return label;
  }

  /// Whether it is over soon.
  public boolean isPassing() {
    return passing;
  }
}
