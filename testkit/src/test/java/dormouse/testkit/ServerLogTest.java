package dormouse.testkit;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.time.Duration;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ServerLogTest {
  private static final int MANY = 100_000;

  @Test
  void aMarkIsThatOfTheSameLineWhenOthersAreDropped() {
    ServerLog log = new ServerLog();
    String lines = IntStream.range(0, MANY).mapToObj(i -> i + "\n").collect(Collectors.joining());
    log.follow(new ByteArrayInputStream(lines.getBytes(US_ASCII)));
    assertThat(log.awaitEnd(Duration.ofSeconds(10))).isTrue();
    assertThat(log.size()).isEqualTo(MANY);
    assertThat(log.lines()).hasSizeLessThan(MANY);
    assertThat(log.lines(MANY - 2)).containsExactly("99998", "99999");
    assertThat(log.lines(0)).isEqualTo(log.lines());
    assertThat(log.lines(MANY)).isEmpty();
  }
}
