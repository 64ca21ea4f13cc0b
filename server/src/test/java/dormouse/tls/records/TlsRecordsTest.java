package dormouse.tls.records;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TlsRecordsTest {
  private static final UnpooledByteBufAllocator ALLOCATOR = UnpooledByteBufAllocator.DEFAULT;

  private final Peer peer = new Peer(Suite.AES_128_GCM);

  @ParameterizedTest
  @EnumSource
  void everySuiteCarriesDataBothWays(Suite suite) throws BadRecordException {
    Peer both = new Peer(suite);
    assertThat(both.hears(List.of(both.data("a login"), both.data(" ann\r\n"))))
        .containsExactly("a login ann\r\n");
    assertThat(both.opens(both.server.seal(text("a OK\r\n"), ALLOCATOR)))
        .containsExactly("a OK\r\n");
    assertThat(both.opens(both.server.seal(text("* BYE\r\n"), ALLOCATOR)))
        .containsExactly("* BYE\r\n");
  }

  @Test
  void recordsMayBeCutAnywhere() {
    int bytes = story(peer).length;
    for (int at = 1; at < bytes; at++) {
      Peer fresh = new Peer(Suite.AES_128_GCM);
      byte[] sent = story(fresh);
      assertThat(fresh.hears(List.of(Arrays.copyOf(sent, at), Arrays.copyOfRange(sent, at, bytes))))
          .as("cut at %d", at)
          .containsExactly("one two three");
    }
    Peer fresh = new Peer(Suite.AES_128_GCM);
    List<byte[]> single = new ArrayList<>();
    for (byte b : story(fresh)) {
      single.add(new byte[] {b});
    }
    assertThat(fresh.hears(single)).containsExactly("one two three");
  }

  private static byte[] story(Peer teller) {
    return join(
        teller.data("one "), teller.keyUpdate(0), teller.data("two "), teller.data("three"));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 16_384, 16_385, 100_000})
  void dataOfEverySizeIsSealed(int bytes) throws BadRecordException {
    String data = "x".repeat(bytes - 1) + "y";
    List<String> opened = peer.opens(peer.server.seal(text(data), ALLOCATOR));
    assertThat(String.join("", opened)).isEqualTo(data);
    assertThat(opened).hasSize((bytes + 16_383) / 16_384);
  }

  /// Behind the content stands its type, behind that zeros (RFC 8446 §5.4): sealed here as content of a type that is a zero too.
  @Test
  void paddingIsTakenOff() {
    assertThat(peer.hears(List.of(peer.padded("hi", 300)))).containsExactly("hi");
    assertAlert("UNEXPECTED_MESSAGE", p -> p.padded("", 0));
  }

  @Test
  void aKeyUpdateThatAsksIsAnsweredBeforeData() throws BadRecordException {
    assertThat(peer.hears(List.of(peer.keyUpdate(1), peer.data("x")))).containsExactly("x");
    assertThat(peer.server.owesKeyUpdate()).isTrue();
    assertThat(peer.opens(peer.server.seal(text("y"), ALLOCATOR)))
        .containsExactly("(KeyUpdate 0)", "y");
    assertThat(peer.server.owesKeyUpdate()).isFalse();
    assertThat(peer.opens(peer.server.seal(text("z"), ALLOCATOR))).containsExactly("z");
  }

  /// One new generation is an answer to all who asked before it (RFC 8446 §4.6.3).
  @Test
  void whoAsksTwiceIsAnsweredOnce() throws BadRecordException {
    assertThat(peer.hears(List.of(peer.keyUpdate(1), peer.keyUpdate(1), peer.data("x"))))
        .containsExactly("x");
    assertThat(peer.opens(peer.server.seal(text("y"), ALLOCATOR)))
        .containsExactly("(KeyUpdate 0)", "y");
    assertThat(peer.opens(peer.server.seal(text("z"), ALLOCATOR))).containsExactly("z");
  }

  /// Long before a key has protected too much (RFC 8446 §5.5) there is another.
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.MATCH_NONE, names = "ECDHE.*") // TLS 1.3's
  void aKeyThatHasServedLongGetsASuccessor(Suite suite) throws BadRecordException {
    Peer late = new Peer(suite, TlsRecords.MAX_RECORDS_A_KEY - 2);
    assertThat(late.opens(late.server.seal(text("a"), ALLOCATOR))).containsExactly("a");
    assertThat(late.opens(late.server.seal(text("b"), ALLOCATOR))).containsExactly("b");
    assertThat(late.opens(late.server.seal(text("c"), ALLOCATOR)))
        .containsExactly("(KeyUpdate 0)", "c");
    assertThat(late.server.writing().sequence()).isEqualTo(1);
    assertThat(late.opens(late.server.seal(text("d"), ALLOCATOR))).containsExactly("d");
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.MATCH_ALL, names = "ECDHE.*")
  void oneOfTls12ServesToTheEnd(Suite suite) throws BadRecordException {
    Peer late = new Peer(suite, TlsRecords.MAX_RECORDS_A_KEY);
    assertThat(late.opens(late.server.seal(text("a"), ALLOCATOR))).containsExactly("a");
    assertThat(late.opens(late.server.close(Alert.CLOSE_NOTIFY, ALLOCATOR)))
        .containsExactly("(alert 1 0)");
  }

  /// Content may end in zeros, which TLS 1.3 would take for what it was padded with behind its type.
  @ParameterizedTest
  @EnumSource
  void zerosAreContentToo(Suite suite) {
    Peer zeros = new Peer(suite);
    assertThat(zeros.hears(List.of(zeros.data("a\0\0"), zeros.data("\0"))))
        .containsExactly("a\0\0\0");
  }

  /// RFC 5246 §7.2.2.
  @Test
  void aWarningIsNotTheEndOfTls12() {
    Peer older = new Peer(Suite.ECDHE_RSA_AES_128_GCM);
    byte[] warning = older.record(ContentType.ALERT, (byte) 1, (byte) 100);
    byte[] end = older.record(ContentType.ALERT, (byte) 1, (byte) 0);
    byte[] late = older.data("more");
    assertThat(older.hears(List.of(warning))).isEmpty();
    assertThat(older.hears(List.of(end, late))).containsExactly("(closed)");
  }

  @Test
  void soDoesOneThatWouldInTheMidstOfData() throws BadRecordException {
    Peer late = new Peer(Suite.AES_128_GCM, TlsRecords.MAX_RECORDS_A_KEY - 2);
    List<String> opened = late.opens(late.server.seal(text("x".repeat(40_000)), ALLOCATOR));
    assertThat(opened).hasSize(4).startsWith("(KeyUpdate 0)");
  }

  /// The client asks, and the limit is reached: one new generation will do.
  @Test
  void twoReasonsMakeOneKeyUpdate() throws BadRecordException {
    Peer late = new Peer(Suite.AES_128_GCM, TlsRecords.MAX_RECORDS_A_KEY);
    assertThat(late.hears(List.of(late.keyUpdate(1), late.data("x")))).containsExactly("x");
    assertThat(late.opens(late.server.seal(text("y"), ALLOCATOR)))
        .containsExactly("(KeyUpdate 0)", "y");
    assertThat(late.opens(late.server.seal(text("z"), ALLOCATOR))).containsExactly("z");
  }

  @Test
  void aKeyUpdateMayComeInPieces() {
    byte[] start = peer.record(ContentType.HANDSHAKE, (byte) 24, (byte) 0);
    byte[] end = peer.record(ContentType.HANDSHAKE, (byte) 0, (byte) 1, (byte) 0);
    peer.sealing.update();
    assertThat(peer.hears(List.of(start, end, peer.data("x")))).containsExactly("x");
  }

  @Test
  void whatAClientMayNotSendIsAnsweredByTheRightAlert() {
    assertAlert("UNEXPECTED_MESSAGE", p -> p.record(ContentType.HANDSHAKE, (byte) 1, (byte) 0));
    assertAlert("UNEXPECTED_MESSAGE", p -> p.record(ContentType.HANDSHAKE));
    assertAlert("UNEXPECTED_MESSAGE", p -> p.record(ContentType.CHANGE_CIPHER_SPEC, (byte) 1));
    assertAlert(
        "UNEXPECTED_MESSAGE",
        p -> join(p.record(ContentType.HANDSHAKE, (byte) 24, (byte) 0), p.data("x")));
    assertAlert(
        "UNEXPECTED_MESSAGE",
        p ->
            p.record(
                ContentType.HANDSHAKE,
                (byte) 24,
                (byte) 0,
                (byte) 0,
                (byte) 1,
                (byte) 0,
                (byte) 24));
    assertAlert(
        "DECODE_ERROR",
        p -> p.record(ContentType.HANDSHAKE, (byte) 24, (byte) 0, (byte) 0, (byte) 2, (byte) 0));
    assertAlert("ILLEGAL_PARAMETER", p -> p.keyUpdate(2));
    assertAlert("DECODE_ERROR", p -> p.record(ContentType.ALERT, (byte) 1));
    assertAlert("UNEXPECTED_MESSAGE", _ -> new byte[] {20, 3, 3, 0, 1, 1});
    assertAlert("UNEXPECTED_MESSAGE", _ -> new byte[] {22, 3, 3, 0, 1, 1});
    assertAlert("UNEXPECTED_MESSAGE", _ -> new byte[] {21, 3, 3, 0, 2, 1, 0});
    assertAlert("DECODE_ERROR", _ -> new byte[] {23, 3, 1, 0, 30});
    assertAlert("BAD_RECORD_MAC", _ -> new byte[] {23, 3, 3, 0, 16});
    assertAlert("RECORD_OVERFLOW", _ -> new byte[] {23, 3, 3, 0x41, 1});
    assertAlert("BAD_RECORD_MAC", p -> changed(p.data("x")));
  }

  @Test
  void aRecordIsOpenedOnce() {
    byte[] once = peer.data("pay");
    assertThat(peer.hears(List.of(once, once))).containsExactly("pay", "BAD_RECORD_MAC");
  }

  @Test
  void contentIsAtMost16KiB() {
    byte[] most = new byte[16_384];
    Arrays.fill(most, (byte) 'x');
    assertThat(peer.hears(List.of(peer.record(ContentType.APPLICATION_DATA, most))))
        .containsExactly("x".repeat(16_384));
    assertAlert("RECORD_OVERFLOW", p -> p.record(ContentType.APPLICATION_DATA, new byte[16_385]));
  }

  /// With its type and its padding it is one byte more at most (RFC 8446 §5.4).
  @Test
  void contentAndPaddingAreNoMoreEither() {
    String most = "x".repeat(16_384);
    assertThat(peer.hears(List.of(peer.padded(most.substring(1), 1))))
        .containsExactly(most.substring(1));
    assertAlert("RECORD_OVERFLOW", p -> p.padded(most, 1));
    assertAlert("RECORD_OVERFLOW", p -> p.padded("x", 16_384));
    assertAlert("RECORD_OVERFLOW", p -> p.padded(most, 239)); // 16,640 bytes when sealed
    assertAlert("RECORD_OVERFLOW", p -> p.padded(most, 240));
  }

  @Test
  void recordsThatSayNothingAreCounted() {
    List<byte[]> floods = new ArrayList<>();
    for (int i = 0; i < 32; i++) {
      floods.add(peer.data(""));
    }
    floods.add(peer.data("x"));
    for (int i = 0; i < 33; i++) {
      floods.add(peer.keyUpdate(0));
    }
    assertThat(peer.hears(floods)).containsExactly("x", "UNEXPECTED_MESSAGE");
  }

  @Test
  void afterTheClientsLastRecordNothingIsHeard() {
    byte[] first = peer.data("x");
    byte[] last = peer.record(ContentType.ALERT, (byte) 1, (byte) 0);
    assertThat(peer.hears(List.of(first, join(last, peer.data("y")))))
        .containsExactly("x", "(closed)");
  }

  @Test
  void nothingIsSealedAfterTheLastRecord() throws BadRecordException {
    assertThat(peer.opens(peer.server.close(Alert.CLOSE_NOTIFY, ALLOCATOR)))
        .containsExactly("(alert 1 0)");
    assertThat(peer.server.close(Alert.DECODE_ERROR, ALLOCATOR).isReadable()).isFalse();
    assertThat(peer.server.seal(text("x"), ALLOCATOR).isReadable()).isFalse();
  }

  /// As if a connection had gone on from a state that was put away before its last record.
  @Test
  void twoRecordsOfOneNumberAreNoticed() {
    byte[] secret = new byte[32];
    java.util.concurrent.ThreadLocalRandom.current().nextBytes(secret);
    Protection first = new Protection(Suite.CHACHA20_POLY1305, secret.clone(), 7);
    ByteBuf out = Unpooled.buffer(256);
    first.seal(text("a"), 1, ContentType.APPLICATION_DATA.code, out);
    first.seal(text("b"), 1, ContentType.APPLICATION_DATA.code, out);
    Protection again = new Protection(Suite.CHACHA20_POLY1305, secret.clone(), 8);
    assertThatThrownBy(() -> again.seal(text("c"), 1, ContentType.APPLICATION_DATA.code, out))
        .isInstanceOf(AssertionError.class)
        .hasMessage("sealed twice with number 8");
    Protection other = new Protection(Suite.CHACHA20_POLY1305, secret, 9);
    other.seal(text("d"), 1, ContentType.APPLICATION_DATA.code, out);
  }

  /// More than there are ciphers to lend, all of whom say much, by turns; some leave the loop meanwhile.
  @ParameterizedTest
  @EnumSource
  void manyTakeTheirCiphersFromEachOther(Suite suite) throws BadRecordException {
    List<Peer> many = new ArrayList<>();
    for (int i = 0; i < 200; i++) { // with two directions at two ends each
      many.add(new Peer(suite));
    }
    for (int record = 0; record < 24; record++) {
      for (int i = 0; i < many.size(); i++) {
        Peer each = many.get(i);
        String said = "record " + record + " of " + i;
        assertThat(each.hears(List.of(each.data(said)))).containsExactly(said);
        assertThat(each.opens(each.server.seal(text(said), ALLOCATOR))).containsExactly(said);
        if (record == 15 && i % 3 == 0) {
          each.server.leave();
        } else if (record == 17 && i % 7 == 0 && !suite.ofTls12()) {
          assertThat(each.hears(List.of(each.keyUpdate(0)))).isEmpty();
        }
      }
    }
  }

  private interface Sent {
    byte[] by(Peer peer);
  }

  private static void assertAlert(String alert, Sent sent) {
    Peer fresh = new Peer(Suite.AES_128_GCM);
    assertThat(fresh.hears(List.of(sent.by(fresh)))).containsExactly(alert);
  }

  private static byte[] changed(byte[] record) {
    record[record.length - 1] ^= 1;
    return record;
  }

  static byte[] join(byte[]... parts) {
    ByteBuf all = Unpooled.wrappedBuffer(parts);
    return bytes(all);
  }

  private static byte[] bytes(ByteBuf from) {
    byte[] bytes = new byte[from.readableBytes()];
    from.readBytes(bytes);
    return bytes;
  }

  private static ByteBuf text(String text) {
    return Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1);
  }
}
