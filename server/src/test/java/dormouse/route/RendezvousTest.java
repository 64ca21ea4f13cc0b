package dormouse.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class RendezvousTest {
  private static final int USERS = 20_000;

  @Test
  void everyBackendHasUsersInProportionToItsWeight() {
    Map<String, Integer> counts = homes(Map.of("mx1", 1, "mx2", 2, "mx3", 5));
    assertThat(share(counts, "mx1")).isCloseTo(1 / 8.0, within(0.01));
    assertThat(share(counts, "mx2")).isCloseTo(2 / 8.0, within(0.01));
    assertThat(share(counts, "mx3")).isCloseTo(5 / 8.0, within(0.01));
  }

  @Test
  void theUsersOfOneThatIsDownAreSpreadOverTheOthersByWeight() {
    Map<String, Integer> second = new TreeMap<>();
    for (int i = 0; i < USERS; i++) {
      List<String> ranked = Rendezvous.rank(Map.of("mx1", 4, "mx2", 1, "mx3", 3), user(i));
      if (ranked.getFirst().equals("mx1")) {
        second.merge(ranked.get(1), 1, Integer::sum);
      }
    }
    double all = USERS / 2.0;
    assertThat(second.getOrDefault("mx2", 0) / all).isCloseTo(1 / 4.0, within(0.02));
    assertThat(second.getOrDefault("mx3", 0) / all).isCloseTo(3 / 4.0, within(0.02));
  }

  // 200 random groups, each changed in one of four ways
  @Test
  void aChangeMovesOnlyUsersWhoComeToTheChangedBackendOrLeaveIt() {
    Random random = new Random(5);
    for (int round = 0; round < 200; round++) {
      Map<String, Integer> before = new TreeMap<>();
      for (int i = 0; i <= random.nextInt(12); i++) {
        before.put("mx" + i, 1 + random.nextInt(20));
      }
      List<String> names = new ArrayList<>(before.keySet());
      String changed = random.nextBoolean() ? names.get(random.nextInt(names.size())) : "new";
      Map<String, Integer> after = new TreeMap<>(before);
      if (after.containsKey(changed) && after.size() > 1 && random.nextBoolean()) {
        after.remove(changed);
      } else {
        after.put(changed, 1 + random.nextInt(20));
      }
      for (int i = 0; i < 100; i++) {
        String user = user(round * 1000 + i);
        String was = Rendezvous.rank(before, user).getFirst();
        String is = Rendezvous.rank(after, user).getFirst();
        assertThat(was.equals(is) || was.equals(changed) || is.equals(changed))
            .as("%s: %s %s, then %s %s", user, was, before, is, after)
            .isTrue();
        assertThat(without(Rendezvous.rank(after, user), changed))
            .as("the others' order")
            .isEqualTo(without(Rendezvous.rank(before, user), changed));
      }
    }
  }

  @Test
  void aNewBackendTakesItsShareAndNoMore() {
    Map<String, Integer> before = Map.of("mx1", 1, "mx2", 1, "mx3", 1);
    Map<String, Integer> after = Map.of("mx1", 1, "mx2", 1, "mx3", 1, "mx4", 1);
    int moved = 0;
    for (int i = 0; i < USERS; i++) {
      moved +=
          Rendezvous.rank(before, user(i))
                  .getFirst()
                  .equals(Rendezvous.rank(after, user(i)).getFirst())
              ? 0
              : 1;
    }
    assertThat(moved / (double) USERS).isCloseTo(1 / 4.0, within(0.01));
  }

  // operators rely on it when they upgrade: whoever moves must be moved by them if mail is split
  @Test
  void homesAreTheSameInEveryVersion() {
    Map<String, Integer> three = Map.of("mx1", 1, "mx2", 1, "mx3", 1);
    assertThat(List.of("ann", "bob", "cid@example.org", "dörte", "u1", "u2", "u3", "u4"))
        .extracting(user -> Rendezvous.rank(three, user).getFirst())
        .containsExactly(HOMES);
  }

  /// The case of which most servers do not tell apart.
  @Test
  void theCaseOfANameDoesNotMatter() {
    Map<String, Integer> three = Map.of("mx1", 1, "mx2", 1, "mx3", 1);
    assertThat(List.of("Ann", "BOB", "cid@Example.org", "D\u00d6RTE", "U1", "U2", "U3", "U4"))
        .extracting(user -> Rendezvous.rank(three, user).getFirst())
        .containsExactly(HOMES);
  }

  private static final String[] HOMES = {"mx3", "mx3", "mx1", "mx1", "mx1", "mx3", "mx1", "mx3"};

  private static Map<String, Integer> homes(Map<String, Integer> weights) {
    Map<String, Integer> counts = new TreeMap<>();
    for (int i = 0; i < USERS; i++) {
      counts.merge(Rendezvous.rank(weights, user(i)).getFirst(), 1, Integer::sum);
    }
    return counts;
  }

  private static double share(Map<String, Integer> counts, String backend) {
    return counts.getOrDefault(backend, 0) / (double) USERS;
  }

  private static List<String> without(List<String> names, String one) {
    return names.stream().filter(name -> !name.equals(one)).toList();
  }

  private static String user(int number) {
    return "user" + number + "@example.org";
  }
}
