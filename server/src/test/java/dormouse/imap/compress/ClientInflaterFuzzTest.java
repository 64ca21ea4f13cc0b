package dormouse.imap.compress;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.HexFormat;

/// Whatever a client sends, and however it is cut: the same is inflated or refused, and nothing else fails.
class ClientInflaterFuzzTest {
  private static final int MOST_BYTES = 1 << 20;

  @FuzzTest(maxDuration = "45s")
  void cutsAndRestsMakeNoDifference(byte[] input) {
    String whole = inflated(input, input.length + 1, false);

    assertThat(inflated(input, 1, false)).isEqualTo(whole);
    assertThat(inflated(input, 7, true)).isEqualTo(whole);
  }

  private static String inflated(byte[] input, int pieceBytes, boolean resting) {
    ClientInflater inflater = new ClientInflater();
    StringBuilder plain = new StringBuilder();
    try {
      for (int at = 0; at < input.length; at += pieceBytes) {
        ByteBuf in = Unpooled.wrappedBuffer(input, at, Math.min(pieceBytes, input.length - at));
        boolean more = true;
        while (more && plain.length() < MOST_BYTES) {
          ByteBuf out = Unpooled.buffer(300, 300);
          more = inflater.inflate(in, out);
          plain.append(HexFormat.of().formatHex(out.array(), 0, out.readableBytes()));
        }
        if (resting) {
          inflater.rest();
        }
      }
      return plain.toString();
    } catch (MalformedDeflateException _) {
      return plain + " refused";
    }
  }
}
