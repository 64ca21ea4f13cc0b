package dormouse.imap.track;

import static dormouse.imap.track.Cuts.crlf;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class FetchFilterTest {

  @Test
  void modseqGoesWithOneSpaceBesideIt() {
    assertThat(hidden("* 3 FETCH (MODSEQ (5) FLAGS (\\Seen))"))
        .isEqualTo("* 3 FETCH (FLAGS (\\Seen))");
    assertThat(hidden("* 3 FETCH (FLAGS (\\Seen) modseq (5))"))
        .isEqualTo("* 3 FETCH (FLAGS (\\Seen))");
    assertThat(hidden("* 3 FETCH (UID 7 MODSEQ (5) FLAGS ())"))
        .isEqualTo("* 3 FETCH (UID 7 FLAGS ())");
    assertThat(hidden("* 3 FETCH (FLAGS () MODSEQ (5) UID 7)"))
        .isEqualTo("* 3 FETCH (FLAGS () UID 7)");
    assertThat(hidden("* 3 FETCH (MODSEQ (5) UID 7 X 1 MODSEQ (6) MODSEQ 8)"))
        .isEqualTo("* 3 FETCH (UID 7 X 1)");
  }

  @Test
  void recentComesBehindTheFlagsOfTheSystem() {
    assertThat(recent("UID 7 FLAGS ()")).isEqualTo("UID 7 FLAGS (\\Recent)");
    assertThat(recent("FLAGS (\\Seen \\Draft) UID 7"))
        .isEqualTo("FLAGS (\\Seen \\Draft \\Recent) UID 7");
    assertThat(recent("FLAGS (\\Seen $x y)")).isEqualTo("FLAGS (\\Seen \\Recent $x y)");
    assertThat(recent("BODY[] {12}\r\nFLAGS () x(\\ flags ($x)"))
        .isEqualTo("BODY[] {12}\r\nFLAGS () x(\\ flags (\\Recent $x)");
  }

  @Test
  void recentIsAddedOnceAndToFlagsOnly() {
    for (String items :
        List.of(
            "FLAGS (\\Recent)",
            "FLAGS (\\Seen \\RECENT $x)",
            "UID 7",
            "FLAGSX () X (FLAGS ())",
            "BODY[HEADER.FIELDS (FLAGS)] \"FLAGS ()\"")) {
      assertThat(recent(items)).isEqualTo(items);
    }
    assertThat(recent("FLAGS () FLAGS ()")).isEqualTo("FLAGS (\\Recent) FLAGS ()");
    assertThat(recent("MODSEQ (5) FLAGS ()")).isEqualTo("MODSEQ (5) FLAGS (\\Recent)");
  }

  @Test
  void recentComesWhileModseqGoes() {
    assertThat(
            ResponseRun.recent("* 3 FETCH (UID 7 MODSEQ (5) FLAGS (\\Seen))\r\n", true, 3).output())
        .isEqualTo("* 3 FETCH (UID 7 FLAGS (\\Seen \\Recent))\r\n");
    assertThat(ResponseRun.recent("* 3 FETCH (MODSEQ (5))\r\n", true, 3).output()).isEmpty();
  }

  @Test
  void otherMessagesStayAsTheyAre() {
    String lines = "* 2 FETCH (FLAGS ())\r\n* 13 FETCH (FLAGS ())\r\n* 3 EXISTS\r\n";
    assertThat(ResponseRun.recent(lines, false, 3).output()).isEqualTo(lines);
  }

  private static String recent(String items) {
    String output = ResponseRun.recent("* 3 FETCH (" + items + ")\r\n", false, 3).output();
    assertThat(output).startsWith("* 3 FETCH (").endsWith(")\r\n");
    return output.substring("* 3 FETCH (".length(), output.length() - 3);
  }

  @Test
  void aFetchLeftEmptyIsDropped() {
    assertThat(hidden("* 3 FETCH (MODSEQ (5))")).isEmpty();
    assertThat(ResponseRun.hiding("* 3 FETCH (MODSEQ (5))\r\n", true)).isEmpty();
  }

  @Test
  void aFetchLeftWithItsUidIsDroppedUnlessTheClientFetches() {
    for (String items : List.of("UID 7 MODSEQ (5)", "MODSEQ (5) UID 7")) {
      String line = "* 3 FETCH (" + items + ")\r\n";
      assertThat(ResponseRun.hiding(line, false)).isEmpty();
      assertThat(ResponseRun.hiding(line, true)).isEqualTo("* 3 FETCH (UID 7)\r\n");
    }
  }

  @Test
  void aFetchWithoutModseqStaysAsItIs() {
    for (String items :
        List.of(
            "",
            "UID 7",
            "FLAGS (\\Seen MODSEQ)",
            "UID 7 FLAGS ($MODSEQ)",
            "BODY[HEADER.FIELDS (MODSEQ)] \"MODSEQ (1)\"",
            "BODY[HEADER.FIELDS (X \"] MODSEQ (1)\")]<0> NIL UID 7",
            "BODY[HEADER.FIELDS ({12}\r\n] MODSEQ (1 MODSEQ (1))] NIL",
            "BODY[] {14}\r\nx) MODSEQ (1) ",
            "X-GM-LABELS (\"a \\\" MODSEQ (1)\" MODSEQ (2)) MODSEQUENCE (3) XMODSEQ (4)",
            "ENVELOPE (NIL (MODSEQ (1)) ((NIL NIL)) \"\\\\\")",
            "BODY[1] ~{0}\r\n UI 7 U 7 M 7 MODSE (7)")) {
      assertThat(hidden("* 3 FETCH (" + items + ")")).isEqualTo("* 3 FETCH (" + items + ")");
    }
  }

  @Test
  void modseqIsFoundBehindStringsAndLiterals() {
    assertThat(hidden("* 3 FETCH (BODY[] {5}\r\na) (b MODSEQ (5) PREVIEW \"\\\"(\" MODSEQ (6))"))
        .isEqualTo("* 3 FETCH (BODY[] {5}\r\na) (b PREVIEW \"\\\"(\")");
    assertThat(hidden("* 3 FETCH (MODSEQ (5) BODY[HEADER.FIELDS (MODSEQ)] {3}\r\nabc UID 7)"))
        .isEqualTo("* 3 FETCH (BODY[HEADER.FIELDS (MODSEQ)] {3}\r\nabc UID 7)");
  }

  @Test
  void largeLiteralsPass() {
    String body = "{5000}\r\n" + "x) MODSEQ".repeat(1000).substring(0, 5000);
    byte[] line = ("* 3 FETCH (MODSEQ (5) BODY[] " + body + ")\r\n").getBytes(ISO_8859_1);
    for (int size : new int[] {1, 100, 1024, 4096, 9000}) {
      var run = ResponseRun.run(Cuts.pieces(line, size), _ -> Verdict.PASS, ResponseRun.hide(true));
      assertThat(run.output()).isEqualTo("* 3 FETCH (BODY[] " + body + ")\r\n");
    }
  }

  @Test
  void otherLinesPassInTheirPlace() {
    assertThat(
            ResponseRun.hiding(
                crlf(
                    """
                    * 1 EXISTS
                    * 1 FETCH (MODSEQ (5) FLAGS ())
                    * 2 FETCH (MODSEQ (5))
                    * 3 FETCH (FLAGS ())
                    * SEARCH 1 (MODSEQ 5)
                    a OK done
                    """),
                false))
        .isEqualTo(
            crlf(
                """
                * 1 EXISTS
                * 1 FETCH (FLAGS ())
                * 3 FETCH (FLAGS ())
                * SEARCH 1 (MODSEQ 5)
                a OK done
                """));
  }

  @Test
  void whatIsNoFetchResponsePassesRaw() {
    for (String line :
        List.of(
            "* 3 FETCH",
            "* 3 FETCH  (MODSEQ (1))",
            "* 3 FETCH MODSEQ (1)",
            "* 3 FETCH (",
            "* 3 FETCH ()x",
            "* 3 FETCH ((MODSEQ (1)))",
            "* 3 FETCH (UID x)",
            "* 3 FETCH (UID 7",
            "* 3 FETCH (UID 77777777777777777777777777777777777777777777777777777777777)",
            "* 3 FETCH (UID 7  MODSEQ (1))",
            "* 3 FETCH (FLAGS",
            "* 3 FETCH (MODSEQ)",
            "* 3 FETCH (FLAGS(\\Seen) UID UID) UID {3}\r\n\r\n*")) {
      assertThat(hidden(line)).isEqualTo(line);
    }
    assertThat(ResponseRun.hiding("* 3 FETCH (UID 7)\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\n", false))
        .hasSize(33);
  }

  @Test
  void aLineCutShortStillEnds() {
    assertThat(hidden("* 3 FETCH (FLAGS () MODSEQ (1")).isEqualTo("* 3 FETCH (FLAGS ()");
  }

  private static String hidden(String line) {
    String output = ResponseRun.hiding(line + "\r\n", false);
    return output.endsWith("\r\n") ? output.substring(0, output.length() - 2) : output;
  }
}
