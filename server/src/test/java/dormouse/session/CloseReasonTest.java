package dormouse.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class CloseReasonTest {
  @Test
  void everyReasonIsLabelledWithItsOwnName() {
    assertThat(CloseReason.values())
        .allSatisfy(reason ->
            assertThat(reason.label())
                .isEqualTo(reason.name().toLowerCase(Locale.ROOT).replace('_', '-')));
    assertThat(Arrays.stream(CloseReason.values()).map(CloseReason::label)).doesNotHaveDuplicates();
  }
}
