package dormouse.proxy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A field of a PROXY header of version 2: its type, and its value as a range of the header's bytes.
///
/// @param at where its value begins
@SuppressWarnings("ArrayRecordComponent") // a range of one array, never compared
record Tlv(int type, byte[] bytes, int at, int length) {
  static final int AUTHORITY = 0x02;
  static final int CRC32C = 0x03;
  static final int UNIQUE_ID = 0x05;
  static final int SSL = 0x20;
  static final int SSL_VERSION = 0x21;
  static final int SSL_CN = 0x22;
  static final int SSL_CIPHER = 0x23;

  /// What stands in an SSL field before the fields within it: a byte of flags, and the result of the verification.
  static final int SSL_FIXED_BYTES = 5;

  /// The flag of an SSL field that the client speaks TLS.
  static final int CLIENT_SSL = 1;

  private static final int HEAD_BYTES = 3;

  /// The fields in a range; null if one goes beyond its end.
  static @Nullable List<Tlv> all(byte[] bytes, int from, int to) {
    List<Tlv> all = new ArrayList<>();
    for (int at = from; at < to; ) {
      if (to - at < HEAD_BYTES) {
        return null;
      }
      int length = (bytes[at + 1] & 0xFF) << 8 | (bytes[at + 2] & 0xFF);
      if (length > to - at - HEAD_BYTES) {
        return null;
      }
      all.add(new Tlv(bytes[at] & 0xFF, bytes, at + HEAD_BYTES, length));
      at += HEAD_BYTES + length;
    }
    return all;
  }

  /// The first of a type.
  static Optional<Tlv> first(List<Tlv> tlvs, int type) {
    return tlvs.stream().filter(tlv -> tlv.type == type).findFirst();
  }

  byte[] value() {
    return Arrays.copyOfRange(bytes, at, at + length);
  }
}
