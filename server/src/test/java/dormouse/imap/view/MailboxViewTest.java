package dormouse.imap.view;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MailboxViewTest {
  @Test
  void viewsAreEqualWhenTheirContentIs() {
    assertThat(view(UidSet.of(1, 2), 9)).isEqualTo(view(UidSet.of(1, 2), 9));
    assertThat(view(UidSet.of(1, 2), 9)).isNotEqualTo(view(UidSet.of(1), 9));
    assertThat(view(UidSet.of(1, 2), 9)).isNotEqualTo(view(UidSet.of(1, 2), 10));
  }

  @Test
  void aViewOfAThousandMessagesTakesAQuarterOfAKilobyte() {
    var uids = UidSet.builder();
    for (long uid = 1; uid <= 1020; uid++) {
      if (uid % 50 != 0) {
        uids.add(uid);
      }
    }

    assertThat(view(uids.build(), 9).keptBytes()).isBetween(80, 256);
  }

  @Test
  void flagsCountInWhatAViewTakes() {
    var uids = UidSet.of(1, 2);
    var flags = FlagMap.builder(uids).build();

    var view = new MailboxView(1, 3, 0, uids, flags);

    assertThat(view.keptBytes())
        .isEqualTo(new MailboxView(1, 3, 0, uids, null).keptBytes() + flags.keptBytes());
  }

  private static MailboxView view(UidSet uids, long highestModSeq) {
    return new MailboxView(1, uids.last() + 1, highestModSeq, uids, null);
  }
}
