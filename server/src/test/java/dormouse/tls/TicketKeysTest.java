package dormouse.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.ssl.OpenSslSessionTicketKey;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class TicketKeysTest {
  private Instant now = Instant.EPOCH;
  private final TicketKeys keys = new TicketKeys(() -> now);

  @Test
  void eachDayHasANewKeyAndTicketsAreReadForTwoMore() {
    assertThat(keys.isDue()).isTrue();
    List<String> first = names();
    assertThat(first).hasSize(1);
    now = now.plus(Duration.ofHours(23));
    assertThat(keys.isDue()).isFalse();
    assertThat(names()).isEqualTo(first);

    now = now.plus(Duration.ofHours(1));
    assertThat(keys.isDue()).isTrue();
    assertThat(names()).hasSize(2).endsWith(first.getFirst());
    assertThat(keys.isDue()).isFalse();
    now = now.plus(Duration.ofDays(1));
    assertThat(names()).hasSize(3).endsWith(first.getFirst()).doesNotHaveDuplicates();
    now = now.plus(Duration.ofDays(1));
    assertThat(names()).hasSize(3).doesNotContain(first.getFirst());
  }

  private List<String> names() {
    return keys.own().stream()
        .map(OpenSslSessionTicketKey::name)
        .map(HexFormat.of()::formatHex)
        .toList();
  }
}
