package dormouse.tls.records;

import io.netty.buffer.ByteBuf;

/// The alerts of TLS that Dormouse sends after a handshake (RFC 8446 §6, RFC 5246 §7.2). All but the first end the connection at once.
enum Alert {
  CLOSE_NOTIFY(0),
  UNEXPECTED_MESSAGE(10),
  BAD_RECORD_MAC(20),
  RECORD_OVERFLOW(22),
  ILLEGAL_PARAMETER(47),
  DECODE_ERROR(50),
  INTERNAL_ERROR(80),
  /// Of TLS 1.2 only (RFC 5246 §7.2.2). BoringSSL too ends the connection with it.
  NO_RENEGOTIATION(100);

  private static final int WARNING = 1;
  private static final int FATAL = 2;

  private final int description;

  Alert(int description) {
    this.description = description;
  }

  /// As TLS numbers it.
  int description() {
    return description;
  }

  /// Whether the peer only warns of something, and goes on.
  static boolean isWarning(ByteBuf alert) {
    int at = alert.readerIndex();
    return alert.getByte(at) == WARNING && alert.getByte(at + 1) != CLOSE_NOTIFY.description;
  }

  static Alert of(int description) {
    for (Alert alert : values()) {
      if (alert.description == description) {
        return alert;
      }
    }
    throw new IllegalArgumentException("alert " + description);
  }

  /// Level and description, as they are sent.
  byte[] bytes() {
    return new byte[] {(byte) (this == CLOSE_NOTIFY ? WARNING : FATAL), (byte) description};
  }
}
