package dormouse.imap.track;

import static dormouse.imap.track.Cuts.crlf;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ResponseTrackerTest {
  private static final String END = "at line start";

  @Test
  void smallLinesAreShownWhole() {
    String input =
        crlf(
            """
            * OK [UIDVALIDITY 3] Ok {3}
            * no nothing
            * BAD "
            * BYE
            * PREAUTH hello
            * CAPABILITY IMAP4rev1
            * ENABLED QRESYNC
            * FLAGS (\\Seen)
            * 3 EXISTS
            * 0 RECENT
            * 12 expunge
            + idling {4}
            a1 OK done {4}
            """);
    var run = ResponseRun.passing(input);
    assertThat(run.output()).isEqualTo(input);
    assertThat(run.events())
        .containsExactly(
            "OK * OK [UIDVALIDITY 3] Ok {3}",
            "NO * no nothing",
            "BAD * BAD \"",
            "BYE * BYE",
            "PREAUTH * PREAUTH hello",
            "CAPABILITY * CAPABILITY IMAP4rev1",
            "ENABLED * ENABLED QRESYNC",
            "FLAGS * FLAGS (\\Seen)",
            "EXISTS * 3 EXISTS",
            "RECENT * 0 RECENT",
            "EXPUNGE * 12 expunge",
            "CONTINUATION + idling {4}",
            "TAGGED a1 OK done {4}",
            END);
  }

  @Test
  void largeLinesPassAsTheyCome() {
    String input =
        crlf(
            """
            * 1 FETCH (UID 3)
            * SEARCH 1 2 3
            * SEARCH
            * ESEARCH (TAG "a") ALL 1
            * SORT 1
            * THREAD (1)
            * LIST () "/" a
            * LSUB () "/" a
            * STATUS a (UIDNEXT 3)
            * ID NIL
            * NAMESPACE NIL NIL NIL
            * 5 FOO
            * EXISTS
            * 5 OK
            * 5
            *
            """);
    var run = ResponseRun.passing(input);
    assertThat(run.output()).isEqualTo(input);
    assertThat(run.events())
        .containsExactly(
            "begins FETCH",
            "begins SEARCH",
            "begins SEARCH",
            "begins ESEARCH",
            "begins SORT",
            "begins THREAD",
            "begins LIST",
            "begins LSUB",
            "begins STATUS",
            "begins ID",
            "begins NAMESPACE",
            "begins OTHER",
            "begins OTHER",
            "begins OTHER",
            "begins OTHER",
            "begins OTHER",
            END);
  }

  /// HIBERNATION T41.
  @Test
  void anExpungeInsideALiteralIsNotInterpreted() {
    String input = "* 1 FETCH (BODY[] {18}\r\n\r\n* 3 EXPUNGE\r\na1 FLAGS ())\r\n* 2 EXPUNGE\r\n";
    var run = ResponseRun.passing(input);
    assertThat(run.output()).isEqualTo(input);
    assertThat(run.events()).containsExactly("begins FETCH", "EXPUNGE * 2 EXPUNGE", END);
  }

  /// One byte more, and the LF behind it would be taken for its last; one less, and its own LF would end the line.
  @Test
  void aLiteralHasExactlyItsBytes() {
    for (String literal : List.of("{3}\nabc", "{0}\n", "~{3}\r\n\r\n\n", "{3}\r\na\"\n")) {
      String input = "* LIST () NIL " + literal + "\n* 2 EXPUNGE\r\n";
      var run = ResponseRun.passing(input);
      assertThat(run.output()).isEqualTo(input);
      assertThat(run.events())
          .as(literal)
          .containsExactly("begins LIST", "EXPUNGE * 2 EXPUNGE", END);
    }
  }

  @Test
  void literalsAreSkippedInUnknownResponsesToo() {
    String input =
        "* XFOO ~{3}\r\n\r\n* {0}\r\n x\r\n* LIST () \"/\" {4}\r\na\r\nb\r\n* 2 EXISTS\r\n";
    var run = ResponseRun.passing(input);
    assertThat(run.output()).isEqualTo(input);
    assertThat(run.events())
        .containsExactly("begins OTHER", "begins LIST", "EXISTS * 2 EXISTS", END);
  }

  /// HIBERNATION T42.
  @Test
  void aQuotedMailboxThatLooksLikeALiteralIsNone() {
    String input = "* LIST () \"/\" \"a{3}\"\r\n* LIST () \"/\" \"a\\\"{3}\r\n* 2 EXISTS\r\n";
    assertThat(ResponseRun.passing(input).events())
        .containsExactly("begins LIST", "begins LIST", "EXISTS * 2 EXISTS", END);
  }

  @Test
  void onlyTheBackendsMarkersBeginLiterals() {
    String input = "* LIST () \"/\" a{3+}\r\n* LIST {3} \r\n* 2 EXISTS\r\n";
    assertThat(ResponseRun.passing(input).events())
        .containsExactly("begins LIST", "begins LIST", "EXISTS * 2 EXISTS", END);
  }

  @Test
  void linesAreDroppedAndReplaced() {
    var run =
        ResponseRun.judging(
            "* 1 FETCH (UID 1)\r\n* OK drop\r\n* OK keep\r\n* OK say\r\n* OK hush\r\na OK x\r\n",
            line ->
                switch (line.message()) {
                  case "drop" -> Verdict.DROP;
                  case "say" -> Verdict.replace(Unpooled.copiedBuffer("* OK said\r\n", ISO_8859_1));
                  case "hush" -> Verdict.replace(Unpooled.buffer());
                  default -> Verdict.PASS;
                });
    assertThat(run.output()).isEqualTo("* 1 FETCH (UID 1)\r\n* OK keep\r\n* OK said\r\na OK x\r\n");
  }

  @Test
  void vanishedUidsAreCounted() {
    String input =
        crlf(
            """
            * VANISHED 3
            * VANISHED 1:4,7,10:9
            * VANISHED (EARLIER) 1:4294967295,3
            * VANISHED
            """);
    var run = ResponseRun.passing(input);
    assertThat(run.output()).isEqualTo(input);
    assertThat(run.events())
        .containsExactly(
            "begins VANISHED",
            "vanished 1",
            "begins VANISHED",
            "vanished 7",
            "begins VANISHED",
            "vanished 4294967296 earlier",
            "begins VANISHED",
            "vanished 0",
            END);
  }

  @Test
  void aHeldLineWithALiteralPassesUnread() {
    String input = "* FLAGS ({13}\r\n\r\n* 3 EXPUNGE)\r\n* 2 EXISTS\r\n";
    var run = ResponseRun.passing(input);
    assertThat(run.output()).isEqualTo(input);
    assertThat(run.events()).containsExactly("begins OTHER", "EXISTS * 2 EXISTS", END);
  }

  @Test
  void aLongDataLinePassesUnread() {
    String most = "* FLAGS (" + "x".repeat(8192 - 12) + ")\r\n";
    assertThat(inPieces(most, Verdict.PASS).events()).containsExactly("FLAGS " + most.strip(), END);
    String longer = most.replace("(", "((") + "* 2 EXISTS\r\n";
    var run = inPieces(longer, Verdict.PASS);
    assertThat(run.output()).isEqualTo(longer);
    assertThat(run.events()).containsExactly("begins OTHER", "EXISTS * 2 EXISTS", END);
  }

  @Test
  void theVerdictOnALongStatusLineIsForAllOfIt() {
    String input = "a OK " + "x".repeat(20_000) + "{3}\r\n* 2 EXISTS\r\n";
    var passed = inPieces(input, Verdict.PASS);
    assertThat(passed.output()).isEqualTo(input);
    assertThat(passed.events())
        .containsExactly("TAGGED " + input.substring(0, 8192), "EXISTS * 2 EXISTS", END);
    var dropped = inPieces(input, Verdict.DROP);
    assertThat(dropped.output()).isEmpty();
    assertThat(dropped.events()).isEqualTo(passed.events());
  }

  @Test
  void anInputThatPassesGoesOutAsOneSlice() {
    var slices = new ArrayList<ByteBuf>();
    var tracker =
        new ResponseTracker(
            new ResponseTracker.Listener() {
              @Override
              public Verdict line(ResponseLine line) {
                return Verdict.PASS;
              }

              @Override
              public void begins(Kind kind) {}

              @Override
              public void vanished(boolean earlier, long count) {}
            },
            new RecentMessages());
    ByteBuf in =
        Unpooled.copiedBuffer(
            "* 1 EXISTS\r\n* 1 FETCH (BODY[] {3}\r\nabc)\r\na OK\r\n* SEARCH 1", ISO_8859_1);
    tracker.read(in, slices::add);
    assertThat(slices).hasSize(1);
    assertThat(tracker.atLineStart()).isFalse();
    slices.forEach(ByteBuf::release);
    in.release();
    assertThat(in.refCnt()).isZero();
  }

  private static ResponseRun inPieces(String input, Verdict verdict) {
    byte[] bytes = input.getBytes(ISO_8859_1);
    var whole = ResponseRun.run(List.of(bytes), _ -> verdict, _ -> {});
    for (int size : new int[] {1, 5, 97, 8191, 8192, 8193}) {
      assertThat(ResponseRun.run(Cuts.pieces(bytes, size), _ -> verdict, _ -> {})).isEqualTo(whole);
    }
    return whole;
  }

  @Test
  void vanishedIsShownWholeWhileMessagesAreRecent() {
    assertThat(
            ResponseRun.recent("* VANISHED 3,9\r\n* VANISHED (EARLIER) 4\r\n", false, 3).events())
        .containsExactly(
            "VANISHED * VANISHED 3,9", "VANISHED * VANISHED (EARLIER) 4", "at line start");
  }

  @Test
  void tooLongAVanishedIsCounted() {
    String set =
        IntStream.rangeClosed(1, 3000)
            .mapToObj(n -> "" + (1000 + 2 * n))
            .collect(Collectors.joining(","));
    byte[] line = ("* VANISHED " + set + "\r\n").getBytes(ISO_8859_1);
    for (int cut : new int[] {5, 5000, 8191, 8192, 12000}) {
      List<byte[]> pieces =
          List.of(Arrays.copyOf(line, cut), Arrays.copyOfRange(line, cut, line.length));
      assertThat(
              ResponseRun.run(pieces, _ -> Verdict.PASS, _ -> {}, ResponseRun.recentOf100(3))
                  .events())
          .containsExactly("begins VANISHED", "vanished 3000", "at line start");
    }
  }
}
