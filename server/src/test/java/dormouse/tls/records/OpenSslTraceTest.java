package dormouse.tls.records;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What OpenSSL 3.0's `s_client -keylogfile` and `s_server -num_tickets 0` said to one another, as it went over the wire: RFC 8448 has no trace with
/// SHA-384 or ChaCha20, and none with new keys. Each side says a line, KeyUpdate, another line and close_notify.
class OpenSslTraceTest {
  private record Said(
      Suite suite, String secret, String nextSecret, String content, List<String> records) {}

  private static final List<Said> ALL =
      List.of(
          new Said(
              Suite.AES_128_GCM,
              "020c6bb542e6bd02f440bdc417d8b48cceaed37652a85bd7593d1f334d457a02",
              "7dcbf0593b355b2167ab8c03d5666ea50129d64872b1666dbcfd6c047ee6faf8",
              "NOOP\n",
              List.of(
                  "1703030018b95aa80d5b2caf47dd171e12a6fef723ec939c3a33f8775e",
                  "17030300168b0cc0096bfb728ce46ef741f3cbe88abd6f7792df9a",
                  "17030300185171c99ccbbc829fedce766906d8b1d6aca81709e1256ea1",
                  "1703030013ce2b7d3ac44130dd938a1410aa757a4dbfab8e")),
          new Said(
              Suite.AES_128_GCM,
              "bd2ae59708e806f954ca9ef613986ebc1cdc134eef5e6b4cc725289aa30e18ad",
              "624b21545e84b11f236a33ee47794daddb084605ab073c91614c88aeb0efed42",
              "OK\n",
              List.of(
                  "17030300168f931f4ac183f208348cf42d73b28a691f04509df021",
                  "1703030016ff576f92b54d5addecc5265266e7834f57570916e8f7",
                  "17030300162c95a927ade2c5aa413122f6f4c192500d51b2d5c7ea",
                  "1703030013642d9f3423618043d863d1283e28ce39c9fbf2")),
          new Said(
              Suite.AES_256_GCM,
              "5755575420f3ca2babc465e28f78e76dabc96870c2bd43e1172c4927a607288b7aff4fa7d6cf09c58fd1cf81cb493b54",
              "cbb6b68c4b7b082d56a80d35690a7d09c7491576c3186ecf03f7f791948a6898b7b1a644000817510dc4b0a71d6b44d9",
              "NOOP\n",
              List.of(
                  "17030300187a3068a9b8374d33dab5bbafe40318cd0f45cd1c316a3c33",
                  "1703030016cbe297cde90c7ee30a36825b7e998c9d5593ee00f359",
                  "17030300182727ae75497a2278f5cb306cbd19c6516f52cac1a8094c4c",
                  "17030300131406d93b269a99d14f5ece674559d3f56dc759")),
          new Said(
              Suite.AES_256_GCM,
              "976a0faed2b022188f60141f6c4d5529814e47e8c868bbc9e6d86ff8aaea653e8b77651bab4286e1075f8efb537e12ae",
              "876321c03099118a96548e9a19282c5511bb77344d3402f17d92334bad3ece1dbfe8df77e72689e901e1908fcc65e8a4",
              "OK\n",
              List.of(
                  "17030300165e534a19952574a7c83c52dad7d48f50494bbde65bea",
                  "1703030016143eeec987f6484ad8043a77c946de67ff914d4c697a",
                  "17030300163f56cf7127cceefa8c9abeced9431d46f97197f829a8",
                  "170303001301ecfdbdd79378fc55d3f2f34c8c39332316f1")),
          new Said(
              Suite.CHACHA20_POLY1305,
              "79769ea3762443037c9c368930da6e543038a55e53550c970574ba42d05e629a",
              "32f3e6c734fdfa1d9815ad50bb3d9899a9c08d676a099483236ab02f8dbd982b",
              "NOOP\n",
              List.of(
                  "170303001879aa0ed2de0bbe515fbdd30c8f28681da1217aa9f6b9865e",
                  "17030300167f7eb1efd8ee77465616be67d27a1144cd8f7c16bfd7",
                  "17030300180632c704c761343f8a6769d19e8092fccf8a8fd06f30ded6",
                  "1703030013a2d27cf067c7efa2336fc17af2bce961931290")),
          new Said(
              Suite.CHACHA20_POLY1305,
              "7872f21a92036eb694bf50b92e8d933619fcdae79ad3a6e59a3ec42b55e24f42",
              "e3120c917a68005f3a8723d6327e78e81837ec76b21fafae47f8edafc894c05e",
              "OK\n",
              List.of(
                  "1703030016a56c5d903cb4dc59a22649f945f56e63439d2adfb0ba",
                  "1703030016e09ba3977356872473ed0a0edc9f3179b8b0feb35fbf",
                  "1703030016ca857e21651ce60514fe10ab902dbb0a7bcc4e9a01ce",
                  "1703030013e883fce6e384ca1ffc1cc03abafcacb6846367")));

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.MATCH_NONE, names = "ECDHE.*") // TLS 1.3's
  void isOpened(Suite suite) throws BadRecordException {
    for (Said said : of(suite)) {
      Protection opening = new Protection(suite, bytes(said.secret()), 0);
      for (int i = 0; i < said.records().size(); i++) {
        ByteBuf record = Unpooled.directBuffer().writeBytes(bytes(said.records().get(i)));
        record.skipBytes(Protection.HEADER_BYTES);
        ByteBuf opened = Unpooled.directBuffer(record.readableBytes());
        opening.open(record, record.readableBytes(), opened);
        assertThat(hex(opened)).isEqualTo(inner(said).get(i));
        record.release();
        opened.release();
        update(opening, i, said);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.MATCH_NONE, names = "ECDHE.*") // TLS 1.3's
  void isSealedAlike(Suite suite) {
    for (Said said : of(suite)) {
      Protection sealing = new Protection(suite, bytes(said.secret()), 0);
      for (int i = 0; i < said.records().size(); i++) {
        byte[] inner = bytes(inner(said).get(i));
        ByteBuf sealed = Unpooled.directBuffer(256);
        sealing.seal(
            Unpooled.wrappedBuffer(inner), inner.length - 1, inner[inner.length - 1], sealed);
        assertThat(hex(sealed)).isEqualTo(said.records().get(i));
        sealed.release();
        update(sealing, i, said);
      }
    }
  }

  private static void update(Protection side, int record, Said said) {
    if (record == 1) {
      side.update();
      assertThat(HexFormat.of().formatHex(side.secret())).isEqualTo(said.nextSecret());
    }
  }

  private static List<Said> of(Suite suite) {
    List<Said> both = ALL.stream().filter(said -> said.suite() == suite).toList();
    assertThat(both).hasSize(2);
    return both;
  }

  /// Contents with their types: a line, KeyUpdate, a line, close_notify.
  private static List<String> inner(Said said) {
    boolean client = said.content().contains("NOOP");
    return List.of(
        text("a " + said.content()) + "17",
        "18000001" + (client ? "01" : "00") + "16",
        text("b " + said.content()) + "17",
        "010015");
  }

  private static String text(String text) {
    return HexFormat.of().formatHex(text.getBytes(US_ASCII));
  }

  private static String hex(ByteBuf bytes) {
    byte[] copy = new byte[bytes.readableBytes()];
    bytes.getBytes(bytes.readerIndex(), copy);
    return HexFormat.of().formatHex(copy);
  }

  private static byte[] bytes(String hex) {
    return HexFormat.of().parseHex(hex);
  }
}
