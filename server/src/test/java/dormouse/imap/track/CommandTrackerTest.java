package dormouse.imap.track;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.imap.track.CommandTracker.Decision;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class CommandTrackerTest {

  @Test
  void aCommandPassesAfterItsNameIsKnown() {
    assertThat(CommandRun.forwarding("a1 noop\r\n"))
        .containsExactly("begins a1 NOOP", "> a1 noop\r\n", "forwarded a1 NOOP||");
  }

  @Test
  void bareLineFeedsEndCommandsToo() {
    assertThat(CommandRun.forwarding("a1 NOOP\na2 CHECK\n"))
        .containsExactly(
            "begins a1 NOOP",
            "> a1 NOOP\n",
            "forwarded a1 NOOP||",
            "begins a2 CHECK",
            "> a2 CHECK\n",
            "forwarded a2 CHECK||");
  }

  @Test
  void uidNeedsItsSecondWord() {
    assertThat(CommandRun.forwarding("a uid fetch 1 (FLAGS)\r\n"))
        .containsExactly(
            "begins a UID_FETCH",
            "> a uid fetch 1 (FLAGS)\r\n",
            "forwarded a UID_FETCH|1 (FLAGS)|");
    assertThat(CommandRun.forwarding("a UID\r\nb UID \r\nc UID (x\r\n"))
        .containsExactly(
            "malformed a No command after UID",
            "malformed b No command after UID",
            "malformed c No command after UID");
  }

  @Test
  void unknownCommandsPass() {
    assertThat(CommandRun.forwarding("a XFOO bar\r\n"))
        .containsExactly("begins a OTHER", "> a XFOO bar\r\n", "forwarded a OTHER||");
  }

  @Test
  void nothingIsConsumedBeforeTheNameIsKnown() {
    assertThat(CommandRun.forwarding("a1 UID FETC")).containsExactly("left a1 UID FETC");
    assertThat(CommandRun.forwarding("a1 NOOP")).containsExactly("left a1 NOOP");
  }

  @Test
  void aSynchronisingLiteralWaitsForTheBackend() {
    assertThat(CommandRun.forwarding("a APPEND x {5}\r\na\r\nb \r\nb NOOP\r\n"))
        .containsExactly(
            "begins a APPEND",
            "> a APPEND x {5}\r\n",
            "+",
            "> a\r\nb \r\n",
            "forwarded a APPEND|x {5}|",
            "begins b NOOP",
            "> b NOOP\r\n",
            "forwarded b NOOP||");
  }

  @Test
  void aRefusedLiteralEndsItsCommand() {
    assertThat(CommandRun.refused("a APPEND x {5}\r\nb NOOP\r\n"))
        .containsExactly(
            "begins a APPEND",
            "> a APPEND x {5}\r\n",
            "refused",
            "begins b NOOP",
            "> b NOOP\r\n",
            "forwarded b NOOP||");
  }

  @Test
  void aNonSynchronisingLiteralIsNeverLookedAt() {
    assertThat(CommandRun.forwarding("a APPEND x ~{14+}\r\n\r\nb NOOP {3}\r\n\r\n"))
        .containsExactly(
            "begins a APPEND",
            "> a APPEND x ~{14+}\r\n\r\nb NOOP {3}\r\n\r\n",
            "forwarded a APPEND|x ~{14+}|");
  }

  /// One byte more, and the LF behind it would be taken for its last; one less, and its own LF would end the command.
  @Test
  void aLiteralHasExactlyItsBytes() {
    String[] events = {
      "begins a SEARCH", "forwarded a SEARCH||", "begins b NOOP", "forwarded b NOOP||"
    };
    for (String literal : List.of("{3+}\nabc", "{0+}\n", "~{3+}\r\n\r\n\n", "{3+}\r\na\"\n")) {
      assertThat(CommandRun.forwarding("a SEARCH x " + literal + "\nb NOOP\r\n"))
          .as(literal)
          .filteredOn(event -> !event.startsWith(">"))
          .containsExactly(events);
    }
  }

  @Test
  void anEmptyLiteralIsALiteral() {
    assertThat(CommandRun.forwarding("a SELECT {0+}\r\n\r\nb SELECT {0}\r\n (CONDSTORE)\r\n"))
        .containsExactly(
            "begins a SELECT",
            "> a SELECT {0+}\r\n\r\n",
            "forwarded a SELECT|{0+}\r\n|",
            "begins b SELECT",
            "> b SELECT {0}\r\n",
            "+",
            ">  (CONDSTORE)\r\n",
            "forwarded b SELECT|{0}\r\n (CONDSTORE)| modseq");
  }

  /// HIBERNATION T42.
  @Test
  void aQuotedMailboxThatLooksLikeALiteralIsNone() {
    assertThat(CommandRun.forwarding("a SELECT \"a{3}\"\r\nb NOOP\r\n"))
        .contains("forwarded a SELECT|\"a{3}\"|", "forwarded b NOOP||");
    assertThat(CommandRun.forwarding("a SELECT \"a\\\" {3}\r\nb SELECT \"\\\\\" {1+}\r\nx\r\n"))
        .contains("forwarded a SELECT|\"a\\\" {3}|", "forwarded b SELECT|\"\\\\\" {1+}\r\nx|");
  }

  @Test
  void aMarkerThatIsNotLastIsNoLiteral() {
    assertThat(CommandRun.forwarding("a LIST {3} \r\nb LIST {}\r\nc LIST {3+\r\nd LIST {+}\r\n"))
        .filteredOn(event -> event.startsWith("forwarded"))
        .hasSize(4);
    assertThat(CommandRun.forwarding("a LIST {{1+}\r\nx\r\n")).hasSize(3);
  }

  @Test
  void whatIsAnsweredIsConsumedWithItsLiterals() {
    assertThat(CommandRun.answering("a LIST \"\" {3+}\r\n\r\n* {2+}\r\nxy\r\nb NOOP \r\n"))
        .containsExactly(
            "begins a LIST",
            "answer a LIST|\"\" {3+}\r\n\r\n* {2+}\r\nxy|",
            "begins b NOOP",
            "answer b NOOP||");
  }

  @Test
  void aSynchronisingLiteralEndsWhatIsAnswered() {
    assertThat(CommandRun.answering("a LIST \"\" {3}\r\nb NOOP\r\n"))
        .containsExactly(
            "begins a LIST", "answer a LIST|\"\" {3}|", "begins b NOOP", "answer b NOOP||");
  }

  @Test
  void tooLongArgumentsAreNotAnswered() {
    String most = "x".repeat(CommandTracker.MAX_ARGUMENT_BYTES);
    assertThat(inPieces("a LIST " + most + "\r\n", Decision.ANSWER))
        .containsExactly("begins a LIST", "answer a LIST|" + most + "|");
    assertThat(inPieces("a LIST " + most + "x\r\nb NOOP\r\n", Decision.ANSWER))
        .containsExactly(
            "begins a LIST", "malformed a Too long", "begins b NOOP", "answer b NOOP||");
    assertThat(inPieces("a ID " + most + "x\r\n", Decision.FORWARD)).endsWith("forwarded a ID||");
  }

  @Test
  void onlyWhatTheSessionMustKnowIsKept() {
    assertThat(
            CommandRun.forwarding(
                Cuts.crlf(
                    """
                    a ENABLE x
                    b ID NIL
                    c NOTIFY NONE
                    d STATUS a (UIDNEXT)
                    e EXAMINE  "b"
                    f RENAME g h
                    g COPY 1:3 "i j"
                    """)))
        .filteredOn(event -> event.startsWith("forwarded"))
        .containsExactly(
            "forwarded a ENABLE|x|",
            "forwarded b ID|NIL|",
            "forwarded c NOTIFY|NONE|",
            "forwarded d STATUS|a (UIDNEXT)|",
            "forwarded e EXAMINE| \"b\"|",
            "forwarded f RENAME||",
            "forwarded g COPY|1:3 \"i j\"|");
  }

  @Test
  void argumentsAreSeenBeforeTheDecisionWhereTheyAreWanted() {
    String endless = "x".repeat(CommandTracker.MAX_PEEKED_BYTES);
    assertThat(peeked("a STATUS x (MESSAGES)\r\nb NOOP\r\n")).containsExactly("x (MESSAGES)", "-");
    assertThat(peeked("a STATUS\nb STATUS x\n")).containsExactly("", "x");
    assertThat(peeked("a STATUS {1+}\r\nx (MESSAGES)\r\n")).containsExactly("-");
    assertThat(peeked("a STATUS " + endless + "\r\n")).containsExactly("-");
    assertThat(peeked("a STATUS x (MESSAGES)")).isEmpty();
  }

  /// What is seen of each command, the same however the input is cut.
  private static List<String> peeked(String input) {
    byte[] bytes = input.getBytes(ISO_8859_1);
    List<String> whole = peeked(bytes, bytes.length);
    assertThat(peeked(bytes, 1)).isEqualTo(whole);
    return whole;
  }

  private static List<String> peeked(byte[] bytes, int atATime) {
    List<String> seen = new ArrayList<>();
    CommandTracker tracker =
        new CommandTracker(
            new Ignoring() {
              @Override
              public boolean peeks(Verb verb) {
                return verb == Verb.STATUS;
              }

              @Override
              public Decision begins(String tag, Verb verb, @Nullable String arguments) {
                seen.add(arguments == null ? "-" : arguments);
                return Decision.ANSWER;
              }
            });
    ByteBuf in = Unpooled.buffer();
    for (int i = 0; i < bytes.length; i += atATime) {
      in.writeBytes(bytes, i, Math.min(atATime, bytes.length - i));
      tracker.read(in, ByteBuf::release);
    }
    in.release();
    return seen;
  }

  @Test
  void modseqIsNoticedOutsideStrings() {
    assertThat(modseq("FETCH 1 (FLAGS modseq)")).isTrue();
    assertThat(modseq("FETCH 1 (FLAGS) (CHANGEDSINCE 1)")).isTrue();
    assertThat(modseq("UID STORE 1 (UNCHANGEDSINCE 1) FLAGS ()")).isTrue();
    assertThat(modseq("STATUS x (HighestModseq)")).isTrue();
    assertThat(modseq("SEARCH MODSEQ 5")).isTrue();
    assertThat(modseq("SELECT x (CONDSTORE)")).isTrue();
    assertThat(modseq("EXAMINE {1+}\r\nx (QRESYNC (1 2))")).isTrue();
    assertThat(modseq("SELECT CONDSTORE")).isFalse();
    assertThat(modseq("SELECT \"x (CONDSTORE)\"")).isFalse();
    assertThat(modseq("SELECT {13+}\r\n( CONDSTORE )")).isFalse();
    assertThat(modseq("FETCH 1 (FLAGS)")).isFalse();
    assertThat(modseq("SEARCH SUBJECT \"MODSEQ\"")).isFalse();
    assertThat(modseq("SEARCH SUBJECT {6+}\r\nMODSEQ")).isFalse();
    assertThat(modseq("CREATE (CONDSTORE)")).isFalse();
  }

  @Test
  void searchesThatLeaveSomethingBehindAreNoticed() {
    assertThat(forwarded("SEARCH RETURN (SAVE) ALL")).endsWith("| saves");
    assertThat(forwarded("UID SEARCH return (min save count) ALL")).endsWith("| saves");
    assertThat(forwarded("SORT RETURN (COUNT UPDATE SAVE) (DATE) UTF-8 ALL"))
        .endsWith("| saves updates");
    assertThat(forwarded("SEARCH RETURN (COUNT) (SAVE)")).endsWith("||");
    assertThat(forwarded("SEARCH RETURN (XSAVE SAVED) ALL")).endsWith("||");
    assertThat(forwarded("SEARCH (RETURN SAVE)")).endsWith("||");
    assertThat(forwarded("SEARCH SUBJECT \"RETURN (SAVE)\"")).endsWith("||");
    assertThat(forwarded("FETCH RETURN (SAVE)")).endsWith("|RETURN (SAVE)|");
  }

  @Test
  void idleWaitsForTheBackendAndEndsWithWhateverLine() {
    assertThat(CommandRun.forwarding("a IDLE\r\ndone\r\nb IDLE\r\nb NOOP {3}\r\nc NOOP\r\n"))
        .containsExactly(
            "begins a IDLE",
            "> a IDLE\r\n",
            "forwarded a IDLE||",
            "+",
            "begins  DONE",
            "> done\r\n",
            "forwarded  DONE||",
            "begins b IDLE",
            "> b IDLE\r\n",
            "forwarded b IDLE||",
            "+",
            "begins  DONE",
            "> b NOOP {3}\r\n",
            "forwarded  DONE||",
            "begins c NOOP",
            "> c NOOP\r\n",
            "forwarded c NOOP||");
  }

  @Test
  void aCrWaitsForItsLf() {
    StringBuilder passed = new StringBuilder();
    CommandTracker tracker = new CommandTracker(new Ignoring());
    ByteBuf in = Unpooled.buffer();
    in.writeCharSequence("a IDLE\r", US_ASCII);
    tracker.read(in, bytes -> passed.append(text(bytes)));
    assertThat(passed).hasToString("a IDLE");

    in.writeByte('\n');
    tracker.read(in, bytes -> passed.append(text(bytes)));
    assertThat(passed).hasToString("a IDLE\r\n");
    assertThat(tracker.awaitingContinuation()).isTrue();
    in.release();
  }

  private static String text(ByteBuf bytes) {
    try {
      return bytes.toString(US_ASCII);
    } finally {
      bytes.release();
    }
  }

  @Test
  void aRefusedIdleIsOver() {
    assertThat(CommandRun.refused("a IDLE\r\nb NOOP\r\n"))
        .endsWith("refused", "begins b NOOP", "> b NOOP\r\n", "forwarded b NOOP||");
  }

  @Test
  void idleAnsweredHereEndsWithALineThatIsToldUnlessItSaysDone() {
    assertThat(CommandRun.answering("a IDLE\r\nDone\r\nb IDLE\r\nwhat\n\r\n"))
        .containsExactly(
            "begins a IDLE",
            "answer a IDLE||",
            "begins  DONE",
            "answer  DONE||",
            "begins b IDLE",
            "answer b IDLE||",
            "begins  DONE",
            "answer  DONE|what|",
            "malformed * Empty line");
  }

  @Test
  void idleThatTheBackendEndedIsLeft() {
    var tracker = new CommandTracker(forwardingAll());
    ByteBuf in = Unpooled.copiedBuffer("a IDLE\r\n", ISO_8859_1);
    tracker.read(in, ByteBuf::release);
    assertThat(tracker.awaitingContinuation()).isTrue();
    tracker.continued();
    assertThat(tracker.idling()).isTrue();
    tracker.leaveIdle();
    assertThat(tracker.atCommandStart()).isTrue();
    in.release();
    assertThat(in.refCnt()).isZero();
  }

  @Test
  void whatMustWaitIsAskedAgain() {
    var asked = new ArrayList<String>();
    var decisions = new ArrayList<>(List.of(Decision.WAIT, Decision.WAIT, Decision.FORWARD));
    var tracker =
        new CommandTracker(
            new Ignoring() {
              @Override
              public Decision begins(String tag, Verb verb, @Nullable String arguments) {
                asked.add(tag + " " + verb);
                return decisions.removeFirst();
              }
            });
    ByteBuf in = Unpooled.copiedBuffer("a NOOP\r\n", ISO_8859_1);
    var out = new StringBuilder();
    for (int i = 0; i < 3; i++) {
      assertThat(in.readableBytes()).isEqualTo(8);
      tracker.read(in, bytes -> append(out, bytes));
    }
    assertThat(asked).containsExactly("a NOOP", "a NOOP", "a NOOP");
    assertThat(out).hasToString("a NOOP\r\n");
    in.release();
    assertThat(in.refCnt()).isZero();
  }

  @Test
  void linesThatAreNoCommandAreSwallowedWithTheirLiterals() {
    assertThat(
            CommandRun.forwarding(
                Cuts.crlf(
                    """

                    a
                    b\s
                     c NOOP
                    * OK
                    d NO(OP {4+}



                    e  NOOP {4}
                    f NOOP
                    """)))
        .containsExactly(
            "malformed * Empty line",
            "malformed a No command",
            "malformed b No command",
            "malformed * Bad tag",
            "malformed * Bad tag",
            "malformed d No command",
            "malformed e No command",
            "begins f NOOP",
            "> f NOOP\r\n",
            "forwarded f NOOP||");
  }

  @Test
  void longTagsAndNamesAreMalformed() {
    String tag = "t".repeat(64);
    String name = "n".repeat(32);
    assertThat(CommandRun.forwarding(tag + " UID " + name + "\r\n"))
        .startsWith("begins " + tag + " OTHER");
    assertThat(CommandRun.forwarding(tag + "t NOOP\r\n")).containsExactly("malformed * Bad tag");
    assertThat(CommandRun.forwarding("a " + name + "n\r\nb UID " + name + "n {1+}\r\n\n\r\n"))
        .containsExactly("malformed a No command", "malformed b No command after UID");
  }

  @Test
  void aLineOf64KiBIsTheLongest() {
    String most = "a X " + "x".repeat(CommandTracker.MAX_LINE_BYTES - 6) + "\r\n";
    assertThat(inPieces(most + "b NOOP\r\n", Decision.FORWARD)).endsWith("forwarded b NOOP||");
    assertThat(inPieces("a X x" + most.substring(4) + "b NOOP\r\n", Decision.FORWARD))
        .endsWith("overflow")
        .hasSize(3);
    assertThat(inPieces(" " + most + "b NOOP\r\n", Decision.FORWARD)).containsExactly("overflow");
  }

  @Test
  void literalsDoNotCountAsLine() {
    String literal = "{70000+}\r\n" + "x".repeat(70000);
    assertThat(inPieces("a APPEND x " + literal + "\r\n", Decision.FORWARD))
        .endsWith("forwarded a APPEND|x {70000+}|");
  }

  @Test
  void theMailboxOfAnAppendIsToldBeforeItsMessage() {
    List<String> named = new ArrayList<>();
    var tracker =
        new CommandTracker(
            new Ignoring() {
              @Override
              public void named(Command begun) {
                named.add(begun.tag() + " " + begun.verb() + " " + begun.argumentsText());
              }
            });
    String said = "a NOOP {1+}\r\n\r\nb APPEND \"x y\" {1+}\r\nH {2+}\r\nHi\r\nc APPEND {4}\r\n";
    ByteBuf in = Unpooled.copiedBuffer(said, ISO_8859_1);
    tracker.read(in, ByteBuf::release);
    assertThat(tracker.awaitingContinuation()).isTrue();
    assertThat(named).containsExactly("b APPEND \"x y\" {1+}", "c APPEND {4}");
    in.release();
    assertThat(in.refCnt()).isZero();
  }

  @Test
  void aLiteralWithoutMeasureIsTooMuch() {
    assertThat(CommandRun.forwarding("a APPEND x {9999999999999999999+}\r\nb NOOP\r\n"))
        .containsExactly("begins a APPEND", "> a APPEND x {9999999999999999999+}\r\n", "overflow");
  }

  private static List<String> inPieces(String input, Decision decision) {
    byte[] bytes = input.getBytes(ISO_8859_1);
    var whole = CommandRun.run(List.of(bytes), (_, _) -> decision, false);
    for (int size : new int[] {97, 8192, 65535}) {
      assertThat(CommandRun.run(Cuts.pieces(bytes, size), (_, _) -> decision, false))
          .isEqualTo(whole);
    }
    return whole;
  }

  private static String forwarded(String command) {
    return CommandRun.forwarding("a " + command + "\r\n").getLast();
  }

  private static boolean modseq(String command) {
    return forwarded(command).endsWith("| modseq");
  }

  private static void append(StringBuilder to, ByteBuf bytes) {
    to.append(bytes.toString(ISO_8859_1));
    bytes.release();
  }

  private static CommandTracker.Listener forwardingAll() {
    return new Ignoring();
  }

  private static class Ignoring implements CommandTracker.Listener {
    @Override
    public Decision begins(String tag, Verb verb, @Nullable String arguments) {
      return Decision.FORWARD;
    }

    @Override
    public void forwarded(Command command) {}

    @Override
    public void answer(Command command) {}

    @Override
    public void literal() {}

    @Override
    public void malformed(String tag, String why) {}

    @Override
    public void overflow() {}
  }
}
