package dormouse.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.proxy.ProxyHeaderReader.Reading;
import dormouse.session.Client;
import dormouse.session.Via;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HexFormat;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ProxyHeaderTest {
  /// On the heap and untracked: a test that fails says so itself.
  private static final ByteBufAllocator ALLOCATOR =
      new UnpooledByteBufAllocator(/* preferDirect= */ false, /* disableLeakDetector= */ true);

  private static final InetSocketAddress V4 = at("203.0.113.7", 51234);
  private static final InetSocketAddress HERE = at("192.0.2.1", 993);
  private static final InetSocketAddress V6 = at("2001:db8::7", 51234);
  private static final String SIGNATURE = "0d0a0d0a000d0a515549540a";

  @Test
  void theLineHasTheAddresses() {
    assertThat(read("PROXY TCP4 203.0.113.7 192.0.2.1 51234 993\r\na1 NOOP"))
        .isEqualTo(new Reading.Read(new ProxyHeader(V4, HERE, "", "", null)));
    assertThat(read("PROXY TCP6 2001:db8::7 ::1 51234 993\r\n"))
        .isEqualTo(new Reading.Read(new ProxyHeader(V6, at("::1", 993), "", "", null)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"PROXY UNKNOWN\r\n", "PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"})
  void whatTheProxyDoesNotKnowIsNotTold(String line) {
    assertThat(read(line)).isEqualTo(new Reading.Read(ProxyHeader.EMPTY));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a1 NOOP                                            | it does not begin with a PROXY header",
        "PROXY TCP4 203.0.113.7 192.0.2.1 51234 993~        | its PROXY line does not end in CRLF",
        "PROXY TCP4 203.0.113.7 192.0.2.1 51234 99399^      | its PROXY line has no valid addresses",
        "PROXY TCP4 203.0.113.777 192.0.2.1 51234 993^      | its PROXY line has no valid addresses",
        "PROXY TCP4 mail.example.org 192.0.2.1 51234 993^   | its PROXY line has no valid addresses",
        "PROXY TCP4 ::1 ::1 51234 993^                      | its PROXY line has no valid addresses",
        "PROXY TCP5 203.0.113.7 192.0.2.1 51234 993^        | its PROXY line is malformed",
        "PROXY TCP4  203.0.113.7 192.0.2.1 51234 993^       | its PROXY line is malformed",
        "PROXY ^                                            | its PROXY line is malformed",
      })
  void aLineThatIsNoneIsRefused(String line, String why) {
    String sent = line.replace("^", "\r\n").replace("~", "\n");
    assertThat(read(sent)).isEqualTo(new Reading.Bad(why));
  }

  @Test
  void aLineWithoutEndIsRefusedAfterItsMost() {
    assertThat(read("PROXY UNKNOWN " + "x".repeat(92))).isInstanceOf(Reading.More.class);
    assertThat(read("PROXY UNKNOWN " + "x".repeat(93)))
        .isEqualTo(new Reading.Bad("its PROXY line does not end"));
  }

  @Test
  void whatWeWriteWeRead() {
    Client client =
        new Client("s1", V4, HERE, true, "mail.example.org", via("Ann", /* insecure= */ false));
    assertThat(read(ProxyHeaderWriter.version2(client, ALLOCATOR)))
        .isEqualTo(
            new Reading.Read(
                new ProxyHeader(
                    V4, HERE, "mail.example.org", "s1", new ProxyHeader.Tls("", "", "Ann"))));
    assertThat(read(ProxyHeaderWriter.version1(client, ALLOCATOR)))
        .isEqualTo(new Reading.Read(new ProxyHeader(V4, HERE, "", "", null)));
  }

  @Test
  void addressesOfTwoFamiliesAreWrittenAsOne() {
    Client client = new Client("s1", V6, HERE, false);
    ProxyHeader expected = new ProxyHeader(V6, at("192.0.2.1", 993), "", "s1", null);
    assertThat(read(ProxyHeaderWriter.version2(client, ALLOCATOR)))
        .isEqualTo(new Reading.Read(expected)); // Java shows a mapped address as the IPv4 one
    String line = ProxyHeaderWriter.version1(client, ALLOCATOR).toString(ISO_8859_1);
    assertThat(line).isEqualTo("PROXY TCP6 2001:db8:0:0:0:0:0:7 ::ffff:192.0.2.1 51234 993\r\n");
    assertThat(read(line)).isInstanceOf(Reading.Read.class);
  }

  @Test
  void insecureIsNotToldAsTls() {
    Client client = new Client("s1", V4, HERE, true, "", via("", /* insecure= */ true));
    assertThat(read(ProxyHeaderWriter.version2(client, ALLOCATOR)))
        .isEqualTo(new Reading.Read(new ProxyHeader(V4, HERE, "", "s1", null)));
  }

  @Test
  void anUnverifiedNameOfACertificateIsNoName() {
    String ssl = tlv("20", "07" + "00000001" + tlv("22", hex("Eve")) + tlv("21", hex("TLSv1.3")));
    assertThat(read2("21", "11", "cb007107" + "c0000201" + "c822" + "03e1" + ssl))
        .isEqualTo(
            new Reading.Read(
                new ProxyHeader(V4, HERE, "", "", new ProxyHeader.Tls("TLSv1.3", "", ""))));
  }

  @Test
  void fieldsThatWeDoNotKnowArePassedOver() {
    assertThat(
            read2(
                "21",
                "11",
                "cb007107" + "c0000201" + "c822" + "03e1" + tlv("04", "000000") + tlv("e1", "41")))
        .isEqualTo(new Reading.Read(new ProxyHeader(V4, HERE, "", "", null)));
  }

  @Test
  void anIdThatCouldNotBeLoggedIsNone() {
    String spaced = tlv("05", hex("a b"));
    String tooLong = tlv("05", hex("x".repeat(65)));
    for (String id : new String[] {spaced, tooLong}) {
      assertThat(read2("21", "11", "cb007107" + "c0000201" + "c822" + "03e1" + id))
          .isEqualTo(new Reading.Read(new ProxyHeader(V4, HERE, "", "", null)));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "20, 00, ''", // LOCAL
    "20, 11, cb007107c0000201c82203e1", // LOCAL with addresses
    "20, 91, 00", // LOCAL with anything
    "21, 00, ''", // not told
    "21, 12, cb007107c0000201c82203e1", // UDP
  })
  void aProxyMaySpeakForItself(String command, String family, String rest) {
    assertThat(read2(command, family, rest)).isEqualTo(new Reading.Read(ProxyHeader.EMPTY));
  }

  @ParameterizedTest
  @CsvSource({
    "31, 11, cb007107c0000201c82203e1, its PROXY header has version 3",
    "22, 11, cb007107c0000201c82203e1, its PROXY header has the command 2",
    "21, 11, cb007107c0000201c822, its PROXY header is too short for its addresses",
    "21, 41, cb007107c0000201c82203e1, its PROXY header is too short for its addresses",
    "21, 11, cb007107c0000201c82203e104, the TLVs of its PROXY header are malformed",
    "21, 11, cb007107c0000201c82203e1040002, the TLVs of its PROXY header are malformed",
    "21, 11, cb007107c0000201c82203e103000400000000, the CRC32C of its PROXY header is wrong",
    "21, 11, cb007107c0000201c82203e1030000, the CRC32C of its PROXY header is wrong",
  })
  void aHeaderThatIsNoneIsRefused(String command, String family, String rest, String why) {
    assertThat(read2(command, family, rest)).isEqualTo(new Reading.Bad(why));
  }

  @Test
  void aHeaderThatIsTooLongIsRefusedBeforeItHasCome() {
    assertThat(read(bytes(SIGNATURE + "2111" + "0ff1")))
        .isEqualTo(
            new Reading.Bad("its PROXY header has 4097 bytes, more than the 4096 that are read"));
    assertThat(read(bytes(SIGNATURE + "2111" + "0ff0"))).isInstanceOf(Reading.More.class);
  }

  @Test
  void cutAnywhereItWaitsForTheRestAndTakesNoMore() {
    Client client = new Client("s1", V6, at("::1", 993), true, "mail", via("Ann", false));
    ByteBuf[] headers = {
      ProxyHeaderWriter.version1(client, ALLOCATOR), ProxyHeaderWriter.version2(client, ALLOCATOR)
    };
    for (ByteBuf header : headers) {
      int length = header.readableBytes();
      for (int cut = 0; cut < length; cut++) {
        ByteBuf part = header.slice(0, cut);
        assertThat(read(part)).as("cut at %s", cut).isInstanceOf(Reading.More.class);
        assertThat(part.readableBytes()).isEqualTo(cut);
      }
      ByteBuf more = header.writeBytes("a1 NOOP\r\n".getBytes(ISO_8859_1));
      assertThat(read(more)).isInstanceOf(Reading.Read.class);
      assertThat(more.toString(ISO_8859_1)).isEqualTo("a1 NOOP\r\n");
    }
  }

  private static Reading read2(String command, String family, String rest) {
    String length = HexFormat.of().toHexDigits((short) (rest.length() / 2));
    return read(bytes(SIGNATURE + command + family + length + rest));
  }

  private static Reading read(String text) {
    return read(Unpooled.copiedBuffer(text, ISO_8859_1));
  }

  private static Reading read(ByteBuf bytes) {
    return ProxyHeaderReader.read(bytes);
  }

  private static String tlv(String type, String value) {
    return type + HexFormat.of().toHexDigits((short) (value.length() / 2)) + value;
  }

  private static String hex(String text) {
    return ByteBufUtil.hexDump(text.getBytes(ISO_8859_1));
  }

  private static ByteBuf bytes(String hex) {
    return Unpooled.wrappedBuffer(HexFormat.of().parseHex(hex));
  }

  private static Via via(String certificateName, boolean insecure) {
    return new Via(V4, certificateName, insecure, 5, Map.of());
  }

  private static InetSocketAddress at(String host, int port) {
    return new InetSocketAddress(InetAddress.ofLiteral(host), port);
  }
}
