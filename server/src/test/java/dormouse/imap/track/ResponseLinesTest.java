package dormouse.imap.track;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ResponseLinesTest {

  @Test
  void eachResponseIsHandedOverWhole() {
    assertThat(lines("* 3 EXISTS\r\n* OK {3}\nzz1 OK {5}\r\n+ {1}\r\n", 100))
        .containsExactly(
            "EXISTS * 3 EXISTS", "OK * OK {3}", "TAGGED zz1 OK {5}", "CONTINUATION + {1}");
  }

  @Test
  void literalsAreFoldedIn() {
    assertThat(
            lines(
                "* 1 FETCH (BODY[] {6}\r\n\r\n* 3 X {0}\r\n UID 4)\r\n* LIST \"{3}\" ~{1}\r\n\n\r\n",
                100))
        .containsExactly(
            "FETCH * 1 FETCH (BODY[] {6}\r\n\r\n* 3 X {0}\r\n UID 4)",
            "LIST * LIST \"{3}\" ~{1}\r\n\n");
  }

  /// One byte more, and the LF behind it would be taken for its last; one less, and its own LF would end the response.
  @Test
  void aLiteralHasExactlyItsBytes() {
    for (String literal : List.of("{3}\nabc", "{0}\n", "~{3}\r\n\r\n\n", "{3}\r\na\"\n")) {
      assertThat(lines("* LIST () NIL " + literal + "\n* 2 EXPUNGE\r\n", 100))
          .as(literal)
          .containsExactly("LIST * LIST () NIL " + literal, "EXPUNGE * 2 EXPUNGE");
    }
  }

  @Test
  void anUnfinishedResponseIsNotHandedOver() {
    assertThat(lines("* 3 EXISTS\r\n* 4 EXI", 100)).containsExactly("EXISTS * 3 EXISTS", "(more)");
    assertThat(lines("* LIST {3}\r\n", 100)).containsExactly("(more)");
  }

  @Test
  void aResponseOfTheBoundIsTheLongest() {
    assertThat(lines("* SEARCH 1\r\n", 12)).containsExactly("SEARCH * SEARCH 1");
    assertThat(lines("* 1 EXISTS\r\n* SEARCH 1\r\n", 11)).containsExactly("(too long)");
    assertThat(lines("* LIST {3}\r\nabc\r\n", 17)).hasSize(1).doesNotContain("(too long)");
    assertThat(lines("* LIST {5}\r\n", 16)).containsExactly("(too long)");
    assertThat(lines("* LIST {99999999999999999999}\r\n", 100)).containsExactly("(too long)");
  }

  @Test
  void nextLeavesWhatFollows() throws ResponseTooLongException {
    ByteBuf in = Unpooled.copiedBuffer("* ESEARCH (TAG \"a\")\r\n* 3 EXPUNGE\r\n", ISO_8859_1);
    var responses = new ResponseLines(100);
    assertThat(responses.next(in)).hasToString("* ESEARCH (TAG \"a\")");
    assertThat(responses.atLineStart()).isTrue();
    assertThat(in.toString(ISO_8859_1)).isEqualTo("* 3 EXPUNGE\r\n");
    in.release();
    assertThat(in.refCnt()).isZero();
  }

  @Test
  void aLongSearchIsOneText() {
    String search = "* SEARCH" + " 1234567".repeat(40_000) + "\r\n";
    byte[] bytes = search.getBytes(ISO_8859_1);
    for (int size : new int[] {bytes.length, 65_536, 1_448}) {
      assertThat(run(Cuts.pieces(bytes, size), 1 << 20))
          .containsExactly("SEARCH " + search.strip());
    }
  }

  @Test
  void theBoundIsNamed() {
    ByteBuf in = Unpooled.copiedBuffer("* SEARCH 1", ISO_8859_1);
    assertThatThrownBy(() -> new ResponseLines(5).next(in))
        .isInstanceOf(ResponseTooLongException.class)
        .hasMessage("response of more than 5 bytes");
    in.release();
  }

  private static List<String> lines(String input, int maxBytes) {
    return Cuts.everyWay(input, pieces -> run(pieces, maxBytes));
  }

  private static List<String> run(List<byte[]> pieces, int maxBytes) {
    var lines = new ArrayList<String>();
    var responses = new ResponseLines(maxBytes);
    for (byte[] piece : pieces) {
      ByteBuf in = Unpooled.directBuffer().writeBytes(piece);
      try {
        responses.read(in, line -> lines.add(line.kind() + " " + line.text()));
        assertThat(in.isReadable()).isFalse();
      } catch (ResponseTooLongException _) {
        lines.clear();
        lines.add("(too long)");
        return lines;
      } finally {
        in.release();
        assertThat(in.refCnt()).isZero();
      }
    }
    if (!responses.atLineStart()) {
      lines.add("(more)");
    }
    return lines;
  }
}
