package dormouse.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dormouse.proxy.ProxyHeaderReader.Reading;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

final class ProxyHeaderFuzzTest {
  @FuzzTest
  void anyBytesAreAHeaderOrNone(byte[] bytes) {
    same(bytes);
  }

  @FuzzTest
  void anythingBehindTheSignatureIsAHeaderOrNone(byte[] bytes) {
    byte[] header = new byte[ProxyHeaderReader.SIGNATURE.length + bytes.length];
    System.arraycopy(ProxyHeaderReader.SIGNATURE, 0, header, 0, ProxyHeaderReader.SIGNATURE.length);
    System.arraycopy(bytes, 0, header, ProxyHeaderReader.SIGNATURE.length, bytes.length);
    same(header);
  }

  /// Byte by byte it is what it is at once, and the wait for more ends at the most that is read.
  private static void same(byte[] bytes) {
    Reading whole = ProxyHeaderReader.read(Unpooled.wrappedBuffer(bytes));
    ByteBuf in = Unpooled.buffer();
    Reading cut = new Reading.More();
    for (int i = 0; i < bytes.length && cut instanceof Reading.More; i++) {
      assertThat(in.readableBytes()).isLessThan(ProxyHeaderReader.MAX_BYTES);
      cut = ProxyHeaderReader.read(in.writeByte(bytes[i]));
    }
    assertThat(cut).isEqualTo(bytes.length == 0 ? new Reading.More() : whole);
  }
}
