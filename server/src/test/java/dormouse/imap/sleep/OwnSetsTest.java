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

  private static OwnSets saved(UidSet uids) {
    return new OwnSets(uids, UidSet.EMPTY);
  }

  @Test
  void aSearchResultIsSavedAgainByItsUids() {
    assertThat(saved(UidSet.of(3, 4, 9)).save()).isEqualTo("UID SEARCH RETURN (SAVE) UID 3:4,9");
  }

  @Test
  void noLineGetsLongerThanServersTake() {
    assertThat(saved(odd(1_300)).restorable()).isTrue();
    assertThat(saved(odd(1_300)).save()).hasSizeLessThan(8_000);
    assertThat(saved(odd(1_400)).restorable()).isFalse();
  }

  @Test
  void theyCountAmongTheBytesKept() {
    assertThat(new OwnSets(odd(100), odd(100)).keptBytes()).isGreaterThan(200);
  }
}
