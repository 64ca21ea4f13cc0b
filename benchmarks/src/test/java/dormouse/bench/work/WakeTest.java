package dormouse.bench.work;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WakeTest {
  @ParameterizedTest
  @ValueSource(ints = {12, 50, 200, 1000})
  void inThreeTurnsAClientDoesEachThingOnce(int clients) {
    for (int client = 0; client < clients; client++) {
      int first = client;
      assertThat(IntStream.range(0, 3).mapToObj(turn -> Wake.kind(first + turn * clients, clients)))
          .as("client %d of %d", client, clients)
          .containsExactlyInAnyOrder(Wake.Kind.values());
    }
  }
}
