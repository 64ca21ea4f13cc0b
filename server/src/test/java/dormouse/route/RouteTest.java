package dormouse.route;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RouteTest {
  @Test
  void usersSpreadOverTheBackends() {
    Map<String, Integer> counts = new HashMap<>();
    for (int i = 0; i < 3000; i++) {
      counts.merge(Route.of(List.of("mx1", "mx2", "mx3"), "user" + i), 1, Integer::sum);
    }
    assertThat(counts.values()).hasSize(3).allSatisfy(n -> assertThat(n).isBetween(900, 1100));
  }

  @Test
  void aUserKeepsItsBackendWhenAnotherOneLeaves() {
    for (int i = 0; i < 1000; i++) {
      String before = Route.of(List.of("mx1", "mx2", "mx3"), "user" + i);
      if (!before.equals("mx3")) {
        assertThat(Route.of(List.of("mx2", "mx1"), "user" + i)).isEqualTo(before);
      }
    }
  }
}
