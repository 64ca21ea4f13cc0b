package dormouse.imap.track;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.imap.view.UidSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class RecentMessagesTest {
  private final RecentMessages recent = new RecentMessages();

  private String numbers(int exists) {
    StringBuilder numbers = new StringBuilder();
    for (int i = 1; i <= exists; i++) {
      numbers.append(recent.contains(i) ? "R" : ".");
    }
    return numbers.toString();
  }

  @Test
  void theyAreWhereTheClientCountsThem() {
    recent.set(UidSet.of(12, 13, 20), UidSet.of(5, 12, 13, 14, 20));
    assertThat(numbers(5)).isEqualTo(".RR.R");
    assertThat(recent.contains(0)).isFalse();
    assertThat(recent.contains(6)).isFalse();
  }

  @Test
  void theyMoveWhenMessagesGo() {
    recent.set(UidSet.of(12, 13, 20), UidSet.of(5, 12, 13, 14, 20));
    recent.expunged(4);
    assertThat(numbers(4)).isEqualTo(".RRR");
    recent.expunged(2);
    assertThat(numbers(3)).isEqualTo(".RR");
    assertThat(recent.uids()).isEqualTo(UidSet.of(13, 20));
    recent.vanished(UidSet.of(5, 13));
    assertThat(numbers(1)).isEqualTo("R");
    assertThat(recent.uids()).isEqualTo(UidSet.of(20));
  }

  @Test
  void whatTheClientDoesNotKnowYetHasNoNumberUntilItDoes() {
    recent.set(UidSet.of(3, 9, 30), UidSet.of(5, 9)); // 3 is gone: the client has been told
    assertThat(numbers(2)).isEqualTo(".R");
    assertThat(recent.uids()).isEqualTo(UidSet.of(9, 30));
    recent.place(UidSet.of(5, 9, 30));
    assertThat(numbers(3)).isEqualTo(".RR");
  }

  @Test
  void whatWentBeforeTheClientKnewItIsForgotten() {
    recent.set(UidSet.of(9, 30, 31), UidSet.of(5, 9));
    recent.retainUnknown(UidSet.of(5, 31)); // of 9 it will be told
    assertThat(recent.uids()).isEqualTo(UidSet.of(9, 31));
  }

  @Test
  void whatTheBackendTellsItselfIsNotToldTwice() {
    recent.set(UidSet.of(1, 2, 3, 4), UidSet.of(1, 2, 3, 4));
    recent.forget(UidSet.of(2, 9));
    assertThat(numbers(4)).isEqualTo("R.RR");
    assertThat(recent.size()).isEqualTo(3);
  }

  @Test
  void anyOrderOfChangesIsFollowed() {
    for (int seed = 1; seed <= 200; seed++) {
      Random random = new Random(seed);
      List<Long> view = new ArrayList<>();
      TreeSet<Long> model = new TreeSet<>();
      for (long uid = 1; uid <= 40; uid++) {
        if (random.nextInt(3) > 0) {
          view.add(uid);
          if (random.nextBoolean()) {
            model.add(uid);
          }
        }
      }
      recent.set(set(model), set(view));
      while (!view.isEmpty()) {
        if (random.nextBoolean()) {
          int number = random.nextInt(view.size());
          model.remove(view.remove(number));
          recent.expunged(number + 1L);
        } else {
          TreeSet<Long> gone = new TreeSet<>();
          view.removeIf(uid -> random.nextInt(4) == 0 && gone.add(uid));
          model.removeAll(gone);
          recent.vanished(set(gone));
        }
        assertThat(recent.uids()).as("seed %s", seed).isEqualTo(set(model));
        for (int i = 0; i < view.size(); i++) {
          assertThat(recent.contains(i + 1L))
              .as("seed %s", seed)
              .isEqualTo(model.contains(view.get(i)));
        }
      }
    }
  }

  private static UidSet set(Iterable<Long> uids) {
    UidSet.Builder builder = UidSet.builder();
    uids.forEach(builder::add);
    return builder.build();
  }
}
