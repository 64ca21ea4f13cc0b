package dormouse.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class FairQueueTest {
  private final FairQueue<String> queue = new FairQueue<>(6);

  @Test
  void usersTakeTurns() {
    add("ann", "a1", "a2", "a3");
    add("bob", "b1");
    add("eve", "e1", "e2");
    assertThat(drain()).containsExactly("a1", "b1", "e1", "a2", "e2", "a3");
  }

  @Test
  void whoComesLaterWaitsForOneTurnOfEachOtherUser() {
    add("ann", "a1", "a2", "a3");
    assertThat(queue.poll()).isEqualTo("a1");
    add("bob", "b1");
    assertThat(drain()).containsExactly("a2", "b1", "a3");
  }

  @Test
  void noMoreWaitThanMay() {
    add("ann", "1", "2", "3", "4", "5", "6");
    assertThat(queue.add("bob", "7")).isFalse();
    assertThat(queue.poll()).isEqualTo("1");
    assertThat(queue.add("bob", "7")).isTrue();
  }

  @Test
  void whoLeavesIsForgotten() {
    add("ann", "a1", "a2");
    add("bob", "b1");
    assertThat(queue.remove("bob", "b1")).isTrue();
    assertThat(queue.remove("bob", "b1")).isFalse();
    assertThat(queue.remove("ann", "a1")).isTrue();
    assertThat(queue.isEmpty()).isFalse();
    assertThat(drain()).containsExactly("a2");
    assertThat(queue.isEmpty()).isTrue();
  }

  private void add(String user, String... all) {
    for (String one : all) {
      assertThat(queue.add(user, one)).isTrue();
    }
  }

  private List<String> drain() {
    List<String> all = new ArrayList<>();
    for (String one = queue.poll(); one != null; one = queue.poll()) {
      all.add(one);
    }
    return all;
  }
}
