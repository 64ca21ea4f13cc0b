package dormouse.imap;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dormouse.config.LoginSettings;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

class ImapCommandFuzzTest {
  @FuzzTest
  void anyBytesAreACommandOrMalformed(byte[] bytes) {
    ImapCommand command = ImapCommand.parse(bytes);
    assertThat(command.tag()).matches("\\*|[!-~&&[^(){%*\"\\\\+]]{1,128}");
    if (command instanceof ImapCommand.Id id) {
      assertThat(id.said().kept()).matches("|\\([ -~]{1,1022}\\)");
      String again = "a1 ID " + (id.said().kept().isEmpty() ? "NIL" : id.said().kept());
      assertThat(ImapCommand.parse(again.getBytes(ISO_8859_1)))
          .isEqualTo(new ImapCommand.Id("a1", new ClientId(id.said().kept(), Map.of())));
    }
  }

  @FuzzTest
  void cutsMakeNoDifference(byte[] bytes) {
    assertThat(read(bytes, 1)).isEqualTo(read(bytes, Integer.MAX_VALUE));
  }

  /// What the reader makes of the bytes, given so many at a time.
  private static List<String> read(byte[] bytes, int atATime) {
    CommandReader reader = new CommandReader(LoginSettings.DEFAULT);
    List<String> found = new ArrayList<>();
    ByteBuf in = Unpooled.buffer();
    try {
      for (int from = 0; from < bytes.length; ) {
        int length = Math.min(atATime, bytes.length - from);
        in.writeBytes(bytes, from, length);
        from += length;
        for (var step = reader.read(in); step != CommandReader.Step.MORE; step = reader.read(in)) {
          String taken =
              step == CommandReader.Step.COMPLETE
                  ? new String(reader.take(in), ISO_8859_1)
                  : reader.refusedTag();
          found.add(step + " " + taken);
          if (step == CommandReader.Step.LINE_TOO_LONG
              || step == CommandReader.Step.LITERAL_TOO_LARGE) {
            return found;
          }
        }
      }
      return found;
    } finally {
      in.release();
    }
  }
}
