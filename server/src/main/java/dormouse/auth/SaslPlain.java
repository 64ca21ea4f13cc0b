package dormouse.auth;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The PLAIN mechanism (RFC 4616): one message, `[authzid] NUL authcid NUL passwd`.
final class SaslPlain {
  private SaslPlain() {}

  /// The credentials in a message, `null` if it is malformed. The message is left as it is: who has it wipes it.
  static @Nullable Credentials parse(byte[] message) {
    int first = indexOfNul(message, 0);
    int second = first < 0 ? -1 : indexOfNul(message, first + 1);
    if (second < 0) {
      return null;
    }
    return Sasl.credentials(
        Arrays.copyOfRange(message, first + 1, second),
        Arrays.copyOf(message, first),
        Arrays.copyOfRange(message, second + 1, message.length));
  }

  private static int indexOfNul(byte[] bytes, int from) {
    for (int i = from; i < bytes.length; i++) {
      if (bytes[i] == 0) {
        return i;
      }
    }
    return -1;
  }
}
