package dormouse.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.bench.stack.StackKind;
import dormouse.bench.work.Size;
import org.junit.jupiter.api.Test;

class OptionsTest {
  @Test
  void thePageIsWrittenByTheUsualAndTheFullFormOfEverything() {
    assertThat(Options.of().whole()).isTrue();
    assertThat(Options.of("--full").whole()).isTrue();
    assertThat(Options.of("--quick").whole()).isFalse();
    assertThat(Options.of("--tiny").whole()).isFalse();
    assertThat(Options.of("login").whole()).isFalse();
    assertThat(Options.of("--stacks", "nginx,dormouse").whole()).isFalse();
  }

  @Test
  void theQuickFormHasTheNearestPeersUnlessOthersAreNamed() {
    assertThat(Options.of("--quick").size()).isEqualTo(Size.QUICK);
    assertThat(Options.of("--quick").stacks())
        .contains(StackKind.DOVECOT, StackKind.DORMOUSE)
        .doesNotContain(StackKind.PERDITION);
    assertThat(Options.of("--quick", "--stacks", "perdition,dormouse").stacks())
        .containsExactly(StackKind.PERDITION, StackKind.DORMOUSE);
  }
}
