package dormouse.imap.sleep;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.imap.track.ResponseLine;
import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.view.FlagMap;
import dormouse.imap.view.MailboxView;
import dormouse.imap.view.Told;
import dormouse.imap.view.UidSet;
import io.netty.buffer.ByteBuf;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class CatchUpTest {
  private static final UidSet BEFORE = UidSet.of(11, 12, 13);
  private final SelectedMailbox told = new SelectedMailbox("INBOX", false);
  private boolean rev2;
  private boolean everyFlag;
  private @Nullable FlagMap knownFlags;

  CatchUpTest() {
    told.flags("\\Seen", "\\Seen \\*");
  }

  @Test
  void nothingNewSaysNothing() {
    CatchUp same = catchUp(Told.QRESYNC, BEFORE, "\\Seen");

    assertThat(text(same.lines())).isEmpty();
    assertThat(text(same.linesAndAllBehind())).isEmpty();
    assertThat(same.expunges()).isFalse();
    assertThat(same.consistent()).isTrue();
  }

  @Test
  void goneThenCountThenKeywordsThenFlags() {
    CatchUp changed =
        catchUp(
            Told.PLAIN,
            UidSet.of(11, 13, 14),
            "\\Seen Work",
            "* 2 FETCH (UID 13 FLAGS (Work) MODSEQ (58))");

    assertThat(text(changed.lines()))
        .isEqualTo(
            """
            * 2 EXPUNGE
            * 3 EXISTS
            * 1 RECENT
            * FLAGS (\\Seen Work)
            * OK [PERMANENTFLAGS (\\Seen Work \\*)] Flags permitted.
            * 2 FETCH (FLAGS (Work))
            """);
    assertThat(changed.expunges()).isTrue();
  }

  @Test
  void aQresyncClientHearsItsOwnFormAndTheWatermarkLast() {
    CatchUp changed =
        catchUp(
            Told.QRESYNC,
            UidSet.of(12, 13),
            "\\Seen",
            "* 2 FETCH (UID 13 FLAGS (\\Seen) MODSEQ (58))");

    assertThat(text(changed.linesAndAllBehind()))
        .isEqualTo(
            """
            * VANISHED 11
            * 2 FETCH (UID 13 MODSEQ (58) FLAGS (\\Seen))
            * OK [HIGHESTMODSEQ 60] Highest
            """);
  }

  @Test
  void rev2KnowsNoRecent() {
    rev2 = true;

    assertThat(text(catchUp(Told.PLAIN, UidSet.of(11, 12, 13, 14), "\\Seen").lines()))
        .isEqualTo("* 4 EXISTS\n");
  }

  @Test
  void oldChangesNewMessagesAndStrangersAreNoNews() {
    CatchUp changed =
        catchUp(
            Told.PLAIN,
            UidSet.of(11, 12, 13, 14),
            "\\Seen",
            "* 1 FETCH (UID 11 FLAGS (\\Seen) MODSEQ (50))",
            "* 4 FETCH (UID 14 FLAGS (\\Seen) MODSEQ (59))",
            "* 9 FETCH (UID 99 FLAGS (\\Seen) MODSEQ (59))");

    assertThat(text(changed.lines())).isEqualTo("* 4 EXISTS\n* 1 RECENT\n");
  }

  @Test
  void everyFlagIsNewsWhereModSequencesSayNothing() {
    everyFlag = true;

    CatchUp changed =
        catchUp(
            Told.CONDSTORE,
            BEFORE,
            "\\Seen",
            "* 1 FETCH (UID 11 FLAGS (\\Seen) MODSEQ (50))",
            "* 2 FETCH (UID 12 FLAGS (\\Seen))"); // was not asked for: the mailbox is read again

    assertThat(text(changed.lines())).isEqualTo("* 1 FETCH (MODSEQ (50) FLAGS (\\Seen))\n");
  }

  @Test
  void withoutModSequencesFlagsAreCompared() {
    FlagMap.Builder flags = FlagMap.builder(BEFORE);
    flags.put(11, "\\Seen");
    flags.put(12, "");
    flags.put(13, "Work \\Seen");
    knownFlags = flags.build();

    assertThat(
            text(
                catchUp(
                        Told.PLAIN,
                        BEFORE,
                        "\\Seen",
                        "* 1 FETCH (UID 11 FLAGS (\\seen \\Recent))",
                        "* 2 FETCH (UID 12 FLAGS (\\Answered))",
                        "* 3 FETCH (UID 13 FLAGS (\\Seen Work))")
                    .lines()))
        .isEqualTo("* 2 FETCH (FLAGS (\\Answered))\n");
  }

  @Test
  void whatCameBehindTheUidsGoesOutInOrder() {
    CatchUp changed =
        catchUp(
            Told.PLAIN,
            UidSet.of(12, 13),
            "\\Seen",
            "* 3 EXISTS",
            "* 2 FETCH (UID 13 FLAGS (\\Seen) MODSEQ (58))",
            "* 1 EXPUNGE",
            "* 1 FETCH (FLAGS (\\Answered) MODSEQ (59))");

    assertThat(text(changed.linesAndAllBehind()))
        .isEqualTo(
            """
            * 1 EXPUNGE
            * 3 EXISTS
            * 2 FETCH (FLAGS (\\Seen))
            * 1 EXPUNGE
            * 1 FETCH (FLAGS (\\Answered) MODSEQ (59))
            """);
    assertThat(text(changed.lines()))
        .as("for those who do not stay on the connection")
        .isEqualTo("* 1 EXPUNGE\n* 2 FETCH (FLAGS (\\Seen))\n");
  }

  @Test
  void anExpungeBehindTheUidsCounts() {
    assertThat(catchUp(Told.PLAIN, BEFORE, "\\Seen", "* 1 EXPUNGE").expunges()).isTrue();
    assertThat(catchUp(Told.QRESYNC, BEFORE, "\\Seen", "* VANISHED 11").expunges()).isTrue();
  }

  @Test
  void flagsCanBeLeftOutAndNamedInstead() {
    CatchUp changed =
        catchUp(
            Told.PLAIN,
            UidSet.of(11, 13),
            "\\Seen",
            "* 2 FETCH (UID 13 FLAGS (\\Seen) MODSEQ (58))",
            "* 3 EXISTS",
            "* 1 FETCH (FLAGS (\\Answered))");

    assertThat(text(changed.linesWithoutFlags())).isEqualTo("* 2 EXPUNGE\n* 3 EXISTS\n");
    assertThat(changed.flagged()).isEqualTo(UidSet.of(11, 13));
  }

  @Test
  void aMessageFromNowhereIsInconsistent() {
    assertThat(catchUp(Told.PLAIN, UidSet.of(10, 11, 12, 13), "\\Seen").consistent()).isFalse();
  }

  private CatchUp catchUp(Told form, UidSet uids, String flags, String... fetched) {
    return new CatchUp(
        new MailboxView(7, 14, knownFlags == null ? 50 : 0, BEFORE, knownFlags),
        new CatchUp.Present(
            uids,
            1,
            UidSet.EMPTY,
            flags,
            60,
            Stream.of(fetched).map(ResponseLine::parse).toList(),
            everyFlag),
        told,
        form,
        rev2,
        UidSet.EMPTY);
  }

  private static String text(ByteBuf lines) {
    try {
      return lines.toString(ISO_8859_1).replace("\r\n", "\n");
    } finally {
      lines.release();
    }
  }
}
