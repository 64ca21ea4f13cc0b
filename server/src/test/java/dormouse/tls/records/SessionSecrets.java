package dormouse.tls.records;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// All that a connection's key log tells (NSS's format), and what follows from it: keys and IVs of both sides, also after a number
/// of key updates; each under a name and in every shape in which it may lie in memory. Immutable.
final class SessionSecrets {
  private static final int MIN_BYTES = 12; // an IV
  private static final int GENERATIONS = 2;

  private final List<Hidden> all = new ArrayList<>();

  /// @param bytes how it looks in memory
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Hidden(String name, byte[] bytes) {}

  /// @param who a name for it
  /// @param keyBytes of the suite
  /// @param hash of the suite: `SHA256`
  SessionSecrets(String who, List<String> keyLog, int keyBytes, String hash) {
    for (String line : keyLog) {
      String[] words = line.split(" ");
      if (words.length != 3 || line.startsWith("#")) {
        continue;
      }
      byte[] secret = HexFormat.of().parseHex(words[2]);
      String name = who + " " + words[0];
      hide(name, secret);
      shape(name + " as text", words[2].getBytes(StandardCharsets.US_ASCII));
      for (int i = 0; words[0].contains("_TRAFFIC_SECRET") && i <= GENERATIONS; i++) {
        hide(name + " generation " + i, secret);
        hide(name + " key " + i, expand(secret, "key", keyBytes, hash));
        hide(name + " iv " + i, expand(secret, "iv", 12, hash));
        secret = expand(secret, "traffic upd", secret.length, hash);
      }
    }
  }

  List<Hidden> all() {
    return List.copyOf(all);
  }

  private void hide(String name, byte[] secret) {
    shape(name, secret);
    shape(name + " in swapped words", swapped(secret));
    shape(name + " in a MAC's inner pad", padded(secret, 0x36));
    shape(name + " in a MAC's outer pad", padded(secret, 0x5c));
  }

  private void shape(String name, byte[] bytes) {
    int whole = Math.min(bytes.length, 16);
    if (bytes.length >= MIN_BYTES) {
      all.add(new Hidden(name, Arrays.copyOf(bytes, whole)));
      all.add(new Hidden(name, Arrays.copyOfRange(bytes, bytes.length - whole, bytes.length)));
    }
  }

  private static byte[] swapped(byte[] of) {
    ByteBuffer words = ByteBuffer.allocate(of.length);
    for (int i = 0; i + 4 <= of.length; i += 4) {
      words.putInt(Integer.reverseBytes(ByteBuffer.wrap(of).getInt(i)));
    }
    return words.array();
  }

  private static byte[] padded(byte[] of, int with) {
    byte[] padded = of.clone();
    for (int i = 0; i < padded.length; i++) {
      padded[i] ^= (byte) with;
    }
    return padded;
  }

  /// HKDF-Expand-Label, written apart from the product's.
  static byte[] expand(byte[] secret, String label, int bytes, String hash) {
    byte[] full = ("tls13 " + label).getBytes(StandardCharsets.US_ASCII);
    ByteBuffer info = ByteBuffer.allocate(full.length + 5);
    info.putShort((short) bytes).put((byte) full.length).put(full).put((byte) 0).put((byte) 1);
    try {
      Mac mac = Mac.getInstance("Hmac" + hash);
      mac.init(new SecretKeySpec(secret, mac.getAlgorithm()));
      return Arrays.copyOf(mac.doFinal(info.array()), bytes);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /// The names of those that lie somewhere in `memory`, in the order of their places.
  static List<String> foundIn(ByteBuffer memory, List<Hidden> wanted) {
    Map<Integer, List<Hidden>> byStart = new HashMap<>();
    for (Hidden secret : wanted) {
      byStart
          .computeIfAbsent(start(ByteBuffer.wrap(secret.bytes()), 0), _ -> new ArrayList<>())
          .add(secret);
    }
    BitSet starts = new BitSet(1 << 24);
    byStart.keySet().forEach(starts::set);
    Set<String> found = new LinkedHashSet<>();
    for (int at = 0; at + MIN_BYTES <= memory.limit(); at++) {
      if (starts.get(start(memory, at))) {
        for (Hidden secret : byStart.getOrDefault(start(memory, at), List.of())) {
          byte[] bytes = secret.bytes();
          if (at + bytes.length <= memory.limit()
              && memory.slice(at, bytes.length).equals(ByteBuffer.wrap(bytes))) {
            found.add(secret.name());
          }
        }
      }
    }
    return List.copyOf(found);
  }

  private static int start(ByteBuffer bytes, int at) {
    return ((bytes.get(at) & 0xff) << 16)
        | ((bytes.get(at + 1) & 0xff) << 8)
        | (bytes.get(at + 2) & 0xff);
  }
}
