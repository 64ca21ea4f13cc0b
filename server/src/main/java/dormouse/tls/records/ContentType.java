package dormouse.tls.records;

import org.jspecify.annotations.Nullable;

/// What a record holds (RFC 8446 §5.1, RFC 5246 §6.2.1).
enum ContentType {
  CHANGE_CIPHER_SPEC(20),
  ALERT(21),
  HANDSHAKE(22),
  APPLICATION_DATA(23);

  final byte code;

  ContentType(int code) {
    this.code = (byte) code;
  }

  static @Nullable ContentType of(int code) {
    for (ContentType type : values()) {
      if (type.code == code) {
        return type;
      }
    }
    return null;
  }
}
