package dormouse.imap;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.imap.track.Command;
import dormouse.imap.track.Verb;
import dormouse.imap.view.LaggingNumbers;
import dormouse.imap.view.UidSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LaggedCommandTest {
  private final LaggingNumbers numbers =
      new LaggingNumbers(UidSet.of(11, 12, 13, 20), UidSet.of(11, 13, 20, 21)); // 2 is gone

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "FETCH | 3 (BODY[] FLAGS) | FETCH 2 (BODY[] FLAGS)",
        "FETCH | *:3 FLAGS | FETCH 2:3 FLAGS",
        "FETCH | $ FLAGS | FETCH $ FLAGS",
        "STORE | 1,4 (UNCHANGEDSINCE 7) FLAGS () | STORE 1,3 (UNCHANGEDSINCE 7) FLAGS ()",
        "COPY | 4 Trash | COPY 3 Trash",
        "STATUS | 3 (MESSAGES) | STATUS 3 (MESSAGES)",
        "SEARCH | ALL | SEARCH 1:3 ALL",
        "SEARCH | 2 | SEARCH 1:3 NOT ALL",
        "SEARCH | 3 UNSEEN | SEARCH 1:3 2 UNSEEN",
        "SEARCH | NOT 3:99 | SEARCH 1:3 NOT 2:3",
        "SEARCH | UID 30:* | SEARCH 1:3 UID 30:20",
        "SEARCH | OR (3 SEEN) NOT 4 | SEARCH 1:3 OR (2 SEEN) NOT 3",
        "SEARCH | HEADER 3 4 KEYWORD 3 | SEARCH 1:3 HEADER 3 4 KEYWORD 3",
        "SEARCH | MODSEQ 3 3 | SEARCH 1:3 MODSEQ 3 2",
        "SEARCH | SUBJECT \"3 \\\" 3\" 3 | SEARCH 1:3 SUBJECT \"3 \\\" 3\" 2",
        "SEARCH | RETURN (MIN) CHARSET UTF-8 $ 3 | SEARCH RETURN (MIN) CHARSET UTF-8 1:3 $ 2",
        "SORT | (DATE) US-ASCII 3 | SORT (DATE) US-ASCII 1:3 2",
        "THREAD | REFS UTF-8 1:* | THREAD REFS UTF-8 1:3 1:3",
      })
  void namesTheSameMessages(Verb verb, String arguments, String expected) {
    assertThat(of(verb, arguments))
        .isInstanceOfSatisfying(
            LaggedCommand.Run.class, run -> assertThat(run.text()).isEqualTo(expected));
  }

  @Test
  void saysWhetherSomeAreGone() {
    assertThat(of(Verb.FETCH, "1:3 FLAGS"))
        .isEqualTo(new LaggedCommand.Run("FETCH 1:2 FLAGS", true));
    assertThat(of(Verb.FETCH, "2 FLAGS")).isInstanceOf(LaggedCommand.NothingLeft.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"5 FLAGS", "1:5 FLAGS", "0 FLAGS", "x FLAGS", "1:3", " FLAGS", "1,,2 FLAGS"})
  void refusesWhatTheClientCannotMean(String arguments) {
    assertThat(of(Verb.FETCH, arguments)).isInstanceOf(LaggedCommand.Malformed.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "XFOO 3",
        "3 ",
        "(3",
        "NOT",
        "OR 3",
        "SUBJECT",
        "UID x",
        "RETURN 3",
        "SUBJECT {9}\r\n3",
        "SUBJECT \"3"
      })
  void doesNotGuess(String arguments) {
    assertThat(of(Verb.SEARCH, arguments)).isInstanceOf(LaggedCommand.Unclear.class);
  }

  /// Their results cannot be told in the client's numbers: parts of a result, and those in an order of their own.
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "SEARCH | RETURN (PARTIAL 1:10) ALL",
        "SEARCH | RETURN (COUNT partial -1:-10) ALL",
        "SORT | RETURN (ALL) (DATE) US-ASCII ALL",
        "SORT | RETURN () (DATE) US-ASCII ALL",
      })
  void whatItCannotTellIsRefused(Verb verb, String arguments) {
    assertThat(of(verb, arguments)).isInstanceOf(LaggedCommand.Unclear.class);
  }

  @Test
  void deepNestingIsRefused() {
    assertThat(of(Verb.SEARCH, "NOT ".repeat(20_000) + "3"))
        .isInstanceOf(LaggedCommand.Unclear.class);
  }

  @Test
  void aLiteralIsNoNumber() {
    assertThat(of(Verb.SEARCH, "SUBJECT {5}\r\n3 (\r\n 3"))
        .isEqualTo(new LaggedCommand.Run("SEARCH 1:3 SUBJECT {5}\r\n3 (\r\n 2", false));
  }

  @Test
  void anEmptyMailboxHasNoNumbers() {
    var none = new LaggingNumbers(UidSet.EMPTY, UidSet.EMPTY);

    assertThat(LaggedCommand.of(command(Verb.FETCH, "* FLAGS"), none, UidSet.EMPTY))
        .isInstanceOf(LaggedCommand.Malformed.class);
  }

  @Test
  void onePieceForEachContinuation() {
    assertThat(Lag.pieces("NOOP")).containsExactly("NOOP");
    assertThat(Lag.pieces("SEARCH SUBJECT {3}\r\na}\r OR {2+}\r\n{1 TO {0}\r\n"))
        .containsExactly("SEARCH SUBJECT {3}", "a}\r OR {2+}\r\n{1 TO {0}\r\n", "\r\n");
    assertThat(Lag.pieces("X }\r\n{a}\r\n")).containsExactly("X }\r\n{a}\r\n");
  }

  private LaggedCommand of(Verb verb, String arguments) {
    return LaggedCommand.of(command(verb, arguments), numbers, UidSet.EMPTY);
  }

  private static Command command(Verb verb, String arguments) {
    return new Command("a1", verb, arguments.getBytes(ISO_8859_1), false, false, false);
  }
}
