package dormouse.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.ops.Metrics;
import dormouse.ops.Metrics.State;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

final class LiveLineTest {
  private final Metrics metrics = new Metrics();
  private final StringWriter out = new StringWriter();

  @Test
  void onATerminalItIsRewrittenInPlace() {
    LiveLine line = new LiveLine(metrics, new PrintWriter(out), true);
    line.show();
    threeClientsCome();
    line.show();
    line.close();
    assertThat(out.toString())
        .isEqualTo(
            "\r\u001b[Kclients 0 · attached 0 · asleep 0 · backend connections 0"
                + "\r\u001b[Kclients 3 · attached 1 · asleep 2 · backend connections 1"
                + "\r\u001b[K");
  }

  @Test
  void elsewhereItIsPrintedWhenItHasChanged() {
    LiveLine line = new LiveLine(metrics, new PrintWriter(out), false);
    line.show();
    line.show();
    threeClientsCome();
    line.show();
    line.show();
    line.close();
    assertThat(out.toString().lines())
        .containsExactly(
            "clients 0 · attached 0 · asleep 0 · backend connections 0",
            "clients 3 · attached 1 · asleep 2 · backend connections 1");
  }

  private void threeClientsCome() {
    metrics.sessionState(null, State.ATTACHED);
    metrics.sessionState(null, State.HIBERNATED);
    metrics.sessionState(null, State.HIBERNATED);
    metrics.backendConnections("mx", "watch", 1);
  }
}
