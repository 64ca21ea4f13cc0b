package dormouse.imap.sleep;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.imap.view.UidSet;
import org.junit.jupiter.api.Test;

class OwnSetsTest {
  private static UidSet odd(int count) {
    UidSet.Builder uids = UidSet.builder();
    for (int i = 0; i < count; i++) {
      uids.add(10_001 + 2L * i);
    }
    return uids.build();
  }

  @Test
  void aSearchResultIsSavedAgainByItsUids() {
    assertThat(new OwnSets(UidSet.of(3, 4, 9)).save())
        .isEqualTo("UID SEARCH RETURN (SAVE) UID 3:4,9");
  }

  @Test
  void noLineGetsLongerThanServersTake() {
    assertThat(new OwnSets(odd(1_300)).restorable()).isTrue();
    assertThat(new OwnSets(odd(1_300)).save()).hasSizeLessThan(8_000);
    assertThat(new OwnSets(odd(1_400)).restorable()).isFalse();
  }

  @Test
  void theyCountAmongTheBytesKept() {
    assertThat(new OwnSets(odd(100)).keptBytes()).isGreaterThan(100);
  }
}
