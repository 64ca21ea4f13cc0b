package dormouse.imap.track;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ResponseLineTest {

  @Test
  void aTaggedLineHasTagStatusCodeAndMessage() {
    var line = ResponseLine.parse("zz1 no [AuthenticationFailed] Go away]");
    assertThat(line.kind()).isEqualTo(Kind.TAGGED);
    assertThat(line.tag()).isEqualTo("zz1");
    assertThat(line.status()).isEqualTo("NO");
    assertThat(line.isOk()).isFalse();
    assertThat(line.code()).isEqualTo("AuthenticationFailed");
    assertThat(line.codeName()).isEqualTo("AUTHENTICATIONFAILED");
    assertThat(line.codeArguments()).isEmpty();
    assertThat(line.message()).isEqualTo("Go away]");
    assertThat(line.number()).isEqualTo(-1);
  }

  @Test
  void aCodeHasArguments() {
    var line = ResponseLine.parse("* OK [PERMANENTFLAGS (\\Seen \\*)] Limited");
    assertThat(line.kind()).isEqualTo(Kind.OK);
    assertThat(line.tag()).isEqualTo("*");
    assertThat(line.status()).isEqualTo("OK");
    assertThat(line.isOk()).isTrue();
    assertThat(line.codeName()).isEqualTo("PERMANENTFLAGS");
    assertThat(line.codeArguments()).isEqualTo("(\\Seen \\*)");
    assertThat(line.data()).isEqualTo("[PERMANENTFLAGS (\\Seen \\*)] Limited");
    assertThat(line.message()).isEqualTo("Limited");
  }

  @Test
  void aCodeMayHoldABracketInAString() {
    var line = ResponseLine.parse("* OK [X \"a\\\"]b\" c] d");
    assertThat(line.codeArguments()).isEqualTo("\"a\\\"]b\" c");
    assertThat(line.message()).isEqualTo("d");
  }

  @Test
  void aLineWithoutCodeHasNone() {
    for (String text : new String[] {"* OK", "* OK ", "* OK [X", "* OK x [Y] z", "* LIST [X] y"}) {
      var line = ResponseLine.parse(text);
      assertThat(line.code()).isNull();
      assertThat(line.codeName()).isEmpty();
      assertThat(line.codeArguments()).isEmpty();
    }
  }

  @Test
  void anAlertIsOneWhateverItsStatus() {
    for (String text : List.of("* OK [ALERT] x", "* no [alert] x", "* BAD [ALERT] x")) {
      assertThat(ResponseLine.parse(text).isAlert()).as(text).isTrue();
    }
    for (String text :
        List.of("* BYE [ALERT] x", "a1 NO [ALERT] x", "* NO ALERT", "* NO [X ALERT] x", "* LIST")) {
      assertThat(ResponseLine.parse(text).isAlert()).as(text).isFalse();
    }
  }

  @Test
  void aNumberedLineHasItsNumber() {
    assertThat(ResponseLine.parse("* 4294967295 exists").number()).isEqualTo(4294967295L);
    assertThat(ResponseLine.parse("* 4294967295 exists").data()).isEmpty();
    assertThat(ResponseLine.parse("* 1234567890123456789 EXISTS").kind()).isEqualTo(Kind.OTHER);
  }

  @Test
  void dataFollowsTheWord() {
    assertThat(ResponseLine.parse("* 3 FETCH (UID 5)").data()).isEqualTo("(UID 5)");
    assertThat(ResponseLine.parse("* flags (\\Seen)").data()).isEqualTo("(\\Seen)");
    assertThat(ResponseLine.parse("+ idling now").data()).isEqualTo("idling now");
    assertThat(ResponseLine.parse("+").data()).isEmpty();
    assertThat(ResponseLine.parse("* NAMESPACE NIL").data()).isEqualTo("NIL");
    assertThat(ResponseLine.parse("a OK").data()).isEmpty();
    assertThat(ResponseLine.parse("a").status()).isEmpty();
    assertThat(ResponseLine.parse("").data()).isEmpty();
    assertThat(ResponseLine.parse("* ").data()).isEmpty();
  }

  @Test
  void aFetchLineIsRead() {
    assertThat(fetch("* 3 FETCH (UID 5 FLAGS (\\Seen $Junk) MODSEQ (9223372036854775807))"))
        .isEqualTo(new FetchLine(3, 5, "\\Seen $Junk", Long.MAX_VALUE, false));
    assertThat(fetch("* 3 FETCH ()")).isEqualTo(new FetchLine(3, 0, null, 0, false));
    assertThat(fetch("* 3 fetch (flags () uid 7)")).isEqualTo(new FetchLine(3, 7, "", 0, false));
  }

  @Test
  void otherItemsOfAFetchLineAreSkipped() {
    assertThat(
            fetch(
                "* 3 FETCH (BODY[HEADER.FIELDS (UID \"]\" {2}\r\n] )]<0> {9}\r\n UID 4) ( "
                    + "X-LABELS (\"UID 8 \\\" (\" UID) ENVELOPE (NIL ((UID 9))) UID 5)"))
        .isEqualTo(new FetchLine(3, 5, null, 0, true));
    assertThat(fetch("* 3 FETCH (PREVIEW {4 MODSEQ (2))"))
        .isEqualTo(new FetchLine(3, 0, null, 2, true));
  }

  @Test
  void whatIsNoFetchLineIsNone() {
    for (String text :
        new String[] {
          "* 3 EXISTS",
          "* 3 FETCH",
          "* 3 FETCH (",
          "* 3 FETCH (UID",
          "* 3 FETCH (UID 5",
          "* 3 FETCH (UID)",
          "* 3 FETCH (UID x)",
          "* 3 FETCH (UID 5) x",
          "* 3 FETCH (MODSEQ (99999999999999999999))",
          "* 3 FETCH (X \"a)",
          "* 3 FETCH (X {5}\r\nab)",
          "* 3 FETCH (X \"\\"
        }) {
      assertThat(FetchLine.parse(ResponseLine.parse(text))).as(text).isNull();
    }
  }

  private static @Nullable FetchLine fetch(String text) {
    return FetchLine.parse(ResponseLine.parse(text));
  }
}
