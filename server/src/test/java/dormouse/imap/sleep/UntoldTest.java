package dormouse.imap.sleep;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.imap.track.ResponseLine;
import dormouse.imap.view.FlagMap;
import dormouse.imap.view.UidSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class UntoldTest {
  @Test
  void withoutNewsTheViewIsWhatIsThere() {
    assertThat(before(3, UidSet.of(11, 12, 13))).isEqualTo(UidSet.of(11, 12, 13));
    assertThat(before(0, UidSet.EMPTY)).isEqualTo(UidSet.EMPTY);
    assertThat(before(3, UidSet.of(11, 12))).isNull();
  }

  @Test
  void theClientDoesNotKnowWhatCame() {
    assertThat(before(2, UidSet.of(11, 12, 13), "* 3 EXISTS", "* 1 RECENT"))
        .isEqualTo(UidSet.of(11, 12));
  }

  @Test
  void theClientCountsWhatWentInItsPlace() {
    assertThat(before(4, UidSet.of(11, 20), "* 3 EXPUNGE", "* 2 EXPUNGE"))
        .isEqualTo(UidSet.of(11, 12, 13, 20));
    assertThat(before(3, UidSet.of(11, 30), "* 2 EXPUNGE", "* 2 EXPUNGE", "* 2 EXISTS"))
        .isEqualTo(UidSet.of(11, 12, 13));
  }

  @Test
  void whatCameAndWentWasNeverThere() {
    assertThat(before(1, UidSet.of(11), "* 2 EXISTS", "* 2 EXPUNGE")).isEqualTo(UidSet.of(11));
  }

  @Test
  void vanishedNamesWhatWent() {
    assertThat(before(4, UidSet.of(11, 20, 21), "* 5 EXISTS", "* VANISHED 13,17"))
        .isEqualTo(UidSet.of(11, 13, 17, 20));
    assertThat(before(1, UidSet.of(11), "* VANISHED 13,17")).isNull();
    assertThat(before(2, UidSet.of(12), "* 3 EXISTS", "* VANISHED 11,13")) // 13 came and went
        .isEqualTo(UidSet.of(11, 12));
    assertThat(before(2, UidSet.of(12), "* VANISHED 11", "* 2 EXISTS", "* VANISHED 13"))
        .isEqualTo(UidSet.of(11, 12));
    assertThat(before(2, UidSet.of(12, 14), "* 3 EXISTS", "* VANISHED 11,13")).isNull();
  }

  @Test
  void numbersThatCannotBeAreNoView() {
    assertThat(before(2, UidSet.of(11), "* 3 EXPUNGE")).isNull();
    assertThat(before(2, UidSet.of(1, 2), "* 1 EXPUNGE", "* 2 EXISTS"))
        .isNull(); // no room before 1
  }

  @Test
  void everyPlaceIsFoundAgain() {
    Random random = new Random(1);
    for (int round = 0; round < 500; round++) {
      List<Long> mailbox = new ArrayList<>();
      long uid = 0;
      while (mailbox.size() < 10) {
        uid += 1 + random.nextInt(3);
        mailbox.add(uid);
      }
      List<Long> known = List.copyOf(mailbox);
      List<String> lines = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        if (random.nextBoolean()) {
          uid += 1 + random.nextInt(3);
          mailbox.add(uid);
          lines.add("* " + mailbox.size() + " EXISTS");
        } else {
          int at = random.nextInt(mailbox.size());
          mailbox.remove(at);
          lines.add("* " + (at + 1) + " EXPUNGE");
        }
      }
      UidSet view = before(10, set(mailbox), lines.toArray(String[]::new));

      if (view == null || view.size() != 10) {
        throw new AssertionError(view + " of " + lines);
      }
      for (int seq = 1; seq <= 10; seq++) {
        long real = known.get(seq - 1);
        boolean left = mailbox.contains(real);
        assertThat(set(mailbox).contains(view.uidAt(seq))).isEqualTo(left);
        if (left) {
          assertThat(view.uidAt(seq)).isEqualTo(real);
        }
      }
    }
  }

  @Test
  void flagsNotToldLowerTheWatermark() {
    assertThat(untold(3).watermark(60, 50)).isEqualTo(60);
    assertThat(untold(3, "* 1 FETCH (MODSEQ (58) FLAGS ())").watermark(60, 50)).isEqualTo(57);
    assertThat(untold(3, "* 1 FETCH (MODSEQ (63) FLAGS ())").watermark(60, 50)).isEqualTo(60);
    assertThat(untold(3, "* 1 FETCH (FLAGS ())").watermark(60, 50)).isEqualTo(50);
    assertThat(untold(3, "* 1 FETCH (FLAGS ())").watermark(60, 0)).isEqualTo(1);
  }

  @Test
  void messagesNotToldLowerTheWatermark() {
    assertThat(untold(3, "* 2 EXPUNGE").watermark(60, 50)).isEqualTo(59);
    assertThat(untold(3, "* 2 EXPUNGE", "* 3 EXISTS").watermark(60, 50)).isEqualTo(59);
    assertThat(untold(3, "* VANISHED 12").watermark(60, 50)).isEqualTo(59);
    assertThat(untold(3, "* 2 EXPUNGE", "* 1 FETCH (MODSEQ (58) FLAGS ())").watermark(60, 50))
        .isEqualTo(57);
    assertThat(untold(3, "* 4 EXISTS").watermark(1, 0)).isEqualTo(1);
  }

  @Test
  void flagsNotToldAreForgotten() {
    UidSet uids = UidSet.of(11, 12, 13);
    FlagMap.Builder flags = FlagMap.builder(uids);
    untold(3, "* 2 FETCH (FLAGS (\\Seen))", "* 3 FETCH (UID 13 FLAGS ())").forgetFlags(flags, uids);
    FlagMap map = flags.build();

    assertThat(map.flagsOf(11)).isEmpty();
    assertThat(map.flagsOf(12)).isNotEmpty();
    assertThat(map.flagsOf(13)).isNotEmpty();
  }

  @Test
  void onlyNewsOfTheMailboxCount() {
    assertThat(untold(3, "* OK Still here", "* OK [HIGHESTMODSEQ 7] x").isEmpty()).isTrue();
    assertThat(untold(3, "* 4 EXISTS").isEmpty()).isFalse();
  }

  private static @Nullable UidSet before(long told, UidSet now, String... lines) {
    return untold(told, lines).before(now, lines.length);
  }

  private static Untold untold(long told, String... lines) {
    Untold untold = new Untold(told);
    for (String line : lines) {
      untold.hear(ResponseLine.parse(line));
    }
    return untold;
  }

  private static UidSet set(List<Long> uids) {
    UidSet.Builder builder = UidSet.builder();
    uids.forEach(builder::add);
    return builder.build();
  }
}
