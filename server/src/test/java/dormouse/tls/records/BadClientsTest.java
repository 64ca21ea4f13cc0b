package dormouse.tls.records;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.HexFormat;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// What tlsfuzzer would try: clients that shake hands well, and then break the protocol, over real sockets. Each gets its alert (RFC 8446
/// §6.2), and the end. The numbers are TLS's: 10 unexpected_message, 20 bad_record_mac, 22 record_overflow, 47 illegal_parameter, 50
/// decode_error, 100 no_renegotiation.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BadClientsTest {
  private static final int CCS = 20;
  private static final int ALERT = 21;
  private static final int HANDSHAKE = 22;
  private static final int DATA = 23;
  private static final int PATIENCE_MILLIS = 20_000;

  private EchoServer server;

  @BeforeAll
  void start() throws Exception {
    server = new EchoServer();
  }

  @AfterAll
  void stop() {
    server.close();
  }

  interface Sent {
    byte[] by(RawClient client);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("breaches")
  void isAnsweredByItsAlert(String what, int alert, Sent sent) throws Exception {
    try (RawClient client = new RawClient(server.port())) {
      client.send(client.seal(DATA, "good".getBytes(ISO_8859_1)));
      client.send(sent.by(client));
      assertThat(client.fate()).as(what).isEqualTo(alert + " end");
    }
  }

  static Stream<Arguments> breaches() {
    return Stream.of(
        breach("a changed tag", 20, c -> changed(c.seal(DATA, (byte) 1), -1)),
        breach("a changed byte", 20, c -> changed(c.seal(DATA, (byte) 1), 5)),
        breach("a record twice", 20, c -> twice(c.seal(DATA, (byte) 1))),
        breach(
            "a record left out",
            20,
            c -> {
              c.seal(DATA, (byte) 1);
              return c.seal(DATA, (byte) 2);
            }),
        breach(
            "new keys too early",
            20,
            c -> {
              c.sealing.update();
              return c.seal(DATA, (byte) 1);
            }),
        breach("no room for a tag", 20, _ -> hex("1703030010" + "00".repeat(16))),
        breach("nothing", 20, _ -> hex("1703030000")),
        breach("a record too long", 22, _ -> hex("1703034101")),
        breach("the longest length", 22, _ -> hex("170303ffff")),
        breach("content too long", 22, c -> c.seal(DATA, new byte[16_385])),
        breach("another version", 50, _ -> hex("1703010020" + "00".repeat(32))),
        breach("change_cipher_spec", 10, _ -> hex("140303000101")),
        breach("an alert in the clear", 10, _ -> hex("15030300020100")),
        breach("a handshake in the clear", 10, _ -> hex("160303000400000000")),
        breach("an unknown type", 10, _ -> hex("6303030020" + "00".repeat(32))),
        breach("heartbeat", 10, _ -> hex("1803030003014000")),
        breach("plain text", 10, _ -> "a NOOP\r\n".getBytes(ISO_8859_1)),
        breach("sealed change_cipher_spec", 10, c -> c.seal(CCS, (byte) 1)),
        breach("sealed heartbeat", 10, c -> c.seal(24, hex("0100000000"))),
        breach("a sealed unknown type", 10, c -> c.seal(99, (byte) 1)),
        breach("zeros alone", 10, c -> c.seal(0, new byte[20])),
        breach("no content at all", 10, c -> c.seal(0)),
        breach("an empty handshake record", 10, c -> c.seal(HANDSHAKE)),
        breach("an empty alert", 50, c -> c.seal(ALERT)),
        breach("half an alert", 50, c -> c.seal(ALERT, (byte) 2)),
        breach("two alerts in one", 50, c -> c.seal(ALERT, hex("01000100"))),
        breach("ClientHello again", 10, c -> c.seal(HANDSHAKE, hex("01000000"))),
        breach("Finished again", 10, c -> c.seal(HANDSHAKE, hex("14000020" + "00".repeat(32)))),
        breach("a ticket", 10, c -> c.seal(HANDSHAKE, hex("04000000"))),
        breach("HelloRequest", 10, c -> c.seal(HANDSHAKE, hex("00000000"))),
        breach("Certificate", 10, c -> c.seal(HANDSHAKE, hex("0b00000400000000"))),
        breach("EndOfEarlyData", 10, c -> c.seal(HANDSHAKE, hex("05000000"))),
        breach("KeyUpdate of 2", 47, c -> c.seal(HANDSHAKE, hex("1800000102"))),
        breach("KeyUpdate of 255", 47, c -> c.seal(HANDSHAKE, hex("18000001ff"))),
        breach("an empty KeyUpdate", 50, c -> c.seal(HANDSHAKE, hex("1800000000"))),
        breach("a KeyUpdate too long", 50, c -> c.seal(HANDSHAKE, hex("180000020000"))),
        breach("two KeyUpdates in one", 10, c -> c.seal(HANDSHAKE, hex("18000001001800000100"))),
        breach(
            "half a KeyUpdate, then data",
            10,
            c -> joined(c.seal(HANDSHAKE, hex("180000")), c.seal(DATA, (byte) 1))),
        breach(
            "half a KeyUpdate, then an alert",
            10,
            c -> joined(c.seal(HANDSHAKE, hex("180000")), c.seal(ALERT, hex("0100")))),
        breach("empty records without end", 10, c -> repeated(c, DATA, "")),
        breach(
            "KeyUpdates without end",
            10,
            c -> {
              byte[] all = {};
              for (int i = 0; i < 40; i++) {
                all = joined(all, c.seal(HANDSHAKE, hex("1800000100")));
                c.sealing.update();
              }
              return all;
            }));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("breachesOfTls12")
  void inTls12Too(String what, int alert, Sent sent) throws Exception {
    try (RawClient client = new RawClient(server.port(), "TLSv1.2")) {
      client.send(client.seal(ALERT, hex("015a"))); // a warning
      client.send(client.seal(DATA, "good".getBytes(ISO_8859_1)));
      client.send(sent.by(client));
      assertThat(client.fate()).as(what).isEqualTo(alert + " end");
    }
  }

  static Stream<Arguments> breachesOfTls12() {
    return Stream.of(
        breach("a changed tag", 20, c -> changed(c.seal(DATA, (byte) 1), -1)),
        breach("a changed nonce", 20, c -> changed(c.seal(DATA, (byte) 1), 5)),
        breach("a changed type", 20, c -> changed(c.seal(DATA, (byte) 1), 0)),
        breach("a record twice", 20, c -> twice(c.seal(DATA, (byte) 1))),
        breach(
            "a record left out",
            20,
            c -> {
              c.seal(DATA, (byte) 1);
              return c.seal(DATA, (byte) 2);
            }),
        breach("no room for a tag", 20, _ -> hex("1703030017" + "00".repeat(23))),
        breach("nothing", 20, _ -> hex("1703030000")),
        breach("a record too long", 22, _ -> hex("1703034019")),
        breach("another version", 50, _ -> hex("1703010020" + "00".repeat(32))),
        breach("an alert in the clear", 20, _ -> hex("15030300020100")),
        breach("a handshake in the clear", 20, _ -> hex("160303000400000000")),
        breach("an unknown type", 10, _ -> hex("6303030020" + "00".repeat(32))),
        breach("plain text", 10, _ -> "a NOOP\r\n".getBytes(ISO_8859_1)),
        breach("change_cipher_spec", 10, c -> c.seal(CCS, (byte) 1)),
        breach("an empty alert", 50, c -> c.seal(ALERT)),
        breach("two alerts in one", 50, c -> c.seal(ALERT, hex("015a015a"))),
        breach("another handshake", 100, c -> c.seal(HANDSHAKE, hex("01000000"))),
        breach("KeyUpdate", 100, c -> c.seal(HANDSHAKE, hex("1800000100"))),
        breach("warnings without end", 10, c -> repeated(c, ALERT, "015a")),
        breach("empty records without end", 10, c -> repeated(c, DATA, "")),
        breach("close_notify", 0, c -> c.seal(ALERT, hex("0100"))),
        breach("a fatal alert", 0, c -> c.seal(ALERT, hex("0250"))));
  }

  /// RFC 8446 §6: whatever its level and its number, known or not, an alert ends the connection; ours is close_notify.
  @ParameterizedTest
  @MethodSource("alerts")
  void anyAlertIsTheEnd(String alert) throws Exception {
    try (RawClient client = new RawClient(server.port())) {
      client.send(client.seal(ALERT, hex(alert)));
      assertThat(client.fate()).isEqualTo("0 end");
    }
  }

  static Stream<String> alerts() {
    return Stream.of("0100", "0200", "015a", "0228", "02ff", "01ff", "0000", "ffff");
  }

  /// Nothing is made of half a record, and the connection does not stay.
  @Test
  void aTruncatedRecordIsTheEnd() throws Exception {
    try (RawClient client = new RawClient(server.port())) {
      byte[] record = client.seal(DATA, "a LOGOUT\r\n".getBytes(ISO_8859_1));
      client.send(java.util.Arrays.copyOf(record, record.length - 1));
      client.socket.shutdownOutput();
      assertThat(client.fate()).endsWith("end");
    }
  }

  /// In the handshake BoringSSL answers; the gate before it lets it.
  @ParameterizedTest
  @MethodSource("openings")
  void aBadOpeningIsTheEnd(String sent, String answer) throws Exception {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      socket.setSoTimeout(PATIENCE_MILLIS);
      socket.getOutputStream().write(hex(sent));
      assertThat(HexFormat.of().formatHex(read(socket))).matches(answer);
    }
  }

  static Stream<Arguments> openings() {
    return Stream.of(
        Arguments.of(
            "1603010000", ""), // an empty record is none to Netty: closed, without an alert
        Arguments.of("160301000401000000", "1503..00020232"), // an empty ClientHello
        Arguments.of("160301000414000000", "1503..0002020a"), // Finished
        Arguments.of("1703030010" + "00".repeat(16), "1503..0002020a"), // data
        Arguments.of("150301000101", "1503..00020232")); // half an alert
  }

  private static byte[] read(Socket socket) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    try {
      socket.getInputStream().transferTo(all);
    } catch (IOException _) {
      // reset behind what was said
    }
    return all.toByteArray();
  }

  private static Arguments breach(String what, int alert, Sent sent) {
    return Arguments.of(what, alert, sent);
  }

  private static byte[] repeated(RawClient client, int type, String content) {
    byte[] all = {};
    for (int i = 0; i < 40; i++) {
      all = joined(all, client.seal(type, hex(content)));
    }
    return all;
  }

  private static byte[] changed(byte[] record, int at) {
    record[at < 0 ? record.length + at : at] ^= 1;
    return record;
  }

  private static byte[] twice(byte[] record) {
    return joined(record, record);
  }

  private static byte[] joined(byte[]... parts) {
    return TlsRecordsTest.join(parts);
  }

  private static byte[] hex(String digits) {
    return HexFormat.of().parseHex(digits);
  }
}
