package dormouse.tls.records;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// What a client may send behind its handshake, well made or not: the same is heard however it is cut, and nothing but an alert comes of what is
/// broken.
class TlsRecordsFuzzTest {
  private static final int MAX_RECORDS = 60;

  @FuzzTest
  void cutsMakeNoDifference(byte[] script) {
    byte[] clients = Peer.secret(Suite.AES_128_GCM);
    byte[] servers = Peer.secret(Suite.AES_128_GCM);
    Peer whole = new Peer(Suite.AES_128_GCM, clients, servers, 0);
    byte[] sent = sent(whole, script);
    Peer cut = new Peer(Suite.AES_128_GCM, clients, servers, 0);
    List<byte[]> single = new ArrayList<>();
    for (byte b : sent) {
      single.add(new byte[] {b});
    }
    assertThat(cut.hears(single)).isEqualTo(whole.hears(List.of(sent)));
  }

  @FuzzTest
  void anyBytesAreHeardOrEnd(byte[] bytes) {
    assertThat(new Peer(Suite.CHACHA20_POLY1305).hears(List.of(bytes)))
        .allMatch(heard -> heard.equals("(closed)") || heard.matches("[A-Z_]+"));
  }

  /// Where nobody fuzzes: scripts by chance. A failure names its seed.
  @Test
  void cutsMakeNoDifferenceToScriptsByChance() {
    long seed = Long.getLong("dormouse.seed", System.nanoTime());
    Random random = new Random(seed);
    for (int round = 0; round < 100; round++) {
      byte[] script = new byte[1 + random.nextInt(40)];
      random.nextBytes(script);
      try {
        cutsMakeNoDifference(script);
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed " + seed + " round " + round, e);
      }
    }
  }

  /// Each two bytes are a record: what it is, and a number for it.
  private static byte[] sent(Peer by, byte[] script) {
    byte[] all = {};
    for (int i = 0; i + 1 < Math.min(script.length, 2 * MAX_RECORDS); i += 2) {
      int number = script[i + 1] & 0xff;
      byte[] some = Arrays.copyOfRange(script, i, Math.min(script.length, i + 1 + number % 8));
      all =
          TlsRecordsTest.join(
              all,
              switch (script[i] & 15) {
                case 0 -> by.data("");
                case 1 -> by.keyUpdate(0);
                case 2 -> by.keyUpdate(number % 3);
                case 3 -> by.padded("x".repeat(number), 1 + number);
                case 4 -> by.record(ContentType.HANDSHAKE, some);
                case 5 -> keyUpdateInTwo(by, 1 + number % 4);
                case 6 -> number % 4 == 0 ? by.record(ContentType.ALERT, some) : by.data("y");
                case 7 -> number % 4 == 0 ? some : by.data("z");
                case 8 -> number % 4 == 0 ? broken(by.data("broken"), number) : by.data("!");
                default -> by.data("x".repeat(1 + number));
              });
    }
    return all;
  }

  private static byte[] keyUpdateInTwo(Peer by, int at) {
    byte[] message = {24, 0, 0, 1, 0};
    byte[] first = by.record(ContentType.HANDSHAKE, Arrays.copyOf(message, at));
    byte[] second =
        by.record(ContentType.HANDSHAKE, Arrays.copyOfRange(message, at, message.length));
    by.sealing.update();
    return TlsRecordsTest.join(first, second);
  }

  private static byte[] broken(byte[] record, int at) {
    record[at % record.length] ^= 1;
    return record;
  }
}
