package dormouse.tls.records;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/// The traces of RFC 8448 §3 (simple 1-RTT handshake): keys, and records of both sides.
class Rfc8448Test {
  private static final String CLIENT_SECRET =
      "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5";
  private static final String SERVER_SECRET =
      "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643";
  private static final String CLIENT_DATA =
      "1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b"
          + "62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4";
  private static final String SERVER_DATA =
      "17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90e6dffc602dcb501a59a8"
          + "fcc49c4bf2e5f0a21c0047c2abf332540dd032e167c2955d";
  private static final String CLIENT_CLOSES = "1703030013c9872760655666b74d7ff1153efd6db6d0b0e3";

  private final ByteBuf payload = Unpooled.buffer();

  Rfc8448Test() {
    for (int i = 0; i < 50; i++) {
      payload.writeByte(i);
    }
  }

  @Test
  void keysFollowFromTheSecret() {
    Primitives primitives = Primitives.of(Suite.AES_128_GCM);
    assertThat(hex(primitives.expand(bytes(CLIENT_SECRET), "key", 16)))
        .isEqualTo("17422dda596ed5d9acd890e3c63f5051");
    assertThat(hex(primitives.expand(bytes(CLIENT_SECRET), "iv", 12)))
        .isEqualTo("5b78923dee08579033e523d9");
    assertThat(hex(primitives.expand(bytes(SERVER_SECRET), "key", 16)))
        .isEqualTo("9f02283b6c9c07efc26bb9f2ac92e356");
    assertThat(hex(primitives.expand(bytes(SERVER_SECRET), "iv", 12)))
        .isEqualTo("cf782b88dd83549aadf1e984");
  }

  @Test
  void theClientsFirstRecordIsOpened() throws BadRecordException {
    ByteBuf record = Unpooled.directBuffer().writeBytes(bytes(CLIENT_DATA)).skipBytes(5);
    ByteBuf opened = Unpooled.directBuffer(record.readableBytes());
    new Protection(Suite.AES_128_GCM, bytes(CLIENT_SECRET), 0)
        .open(record, record.readableBytes(), opened);
    assertThat(hex(opened)).isEqualTo(hex(payload) + "17");
    record.release();
    opened.release();
  }

  /// The server's record 0 was a session ticket.
  @Test
  void theServersSecondRecordIsSealedAlike() {
    ByteBuf sealed = Unpooled.directBuffer(256);
    new Protection(Suite.AES_128_GCM, bytes(SERVER_SECRET), 1)
        .seal(payload, 50, ContentType.APPLICATION_DATA.code, sealed);
    assertThat(hex(sealed)).isEqualTo(SERVER_DATA);
    sealed.release();
  }

  @Test
  void theClientsRecordsAreSealedAlike() {
    Protection client = new Protection(Suite.AES_128_GCM, bytes(CLIENT_SECRET), 0);
    ByteBuf sealed = Unpooled.directBuffer(256);
    client.seal(payload, 50, ContentType.APPLICATION_DATA.code, sealed);
    assertThat(hex(sealed)).isEqualTo(CLIENT_DATA);
    sealed.clear();
    client.seal(
        Unpooled.wrappedBuffer(Alert.CLOSE_NOTIFY.bytes()), 2, ContentType.ALERT.code, sealed);
    assertThat(hex(sealed)).isEqualTo(CLIENT_CLOSES);
    sealed.release();
  }

  private static String hex(ByteBuf bytes) {
    byte[] copy = new byte[bytes.readableBytes()];
    bytes.getBytes(bytes.readerIndex(), copy);
    return hex(copy);
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  private static byte[] bytes(String hex) {
    return HexFormat.of().parseHex(hex);
  }
}
