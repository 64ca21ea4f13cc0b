package dormouse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dormouse.config.AdminSettings;
import dormouse.config.BackendSettings;
import dormouse.config.ListenSettings;
import dormouse.config.ListenTls;
import dormouse.config.Protocol;
import dormouse.config.RuntimeSettings;
import dormouse.config.Settings;
import dormouse.listen.EventLoops;
import dormouse.ops.Metrics;
import dormouse.session.SteadyClock;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A start that comes to nothing leaves no thread behind which the process would go on and serve nobody.
class FailedStartTest {
  @TempDir Path state = Path.of("");

  @Test
  void aMistakeOfOursEndsTheLoopsToo() {
    AtomicBoolean stopped = new AtomicBoolean();
    SteadyClock clock =
        new SteadyClock(
            InstantSource.system(),
            () -> {
              if (stopped.get()) {
                throw new IllegalStateException("the clock has stopped");
              }
              return System.nanoTime();
            });
    EventLoops loops = EventLoops.untimed(1, clock);
    stopped.set(true);
    assertThatThrownBy(() -> Dormouse.start(settings(), new Metrics(), clock, loops))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the clock has stopped");
    assertThat(loops.group().isTerminated()).isTrue();
  }

  private Settings settings() {
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    return Settings.of(
            List.of(new ListenSettings(Protocol.IMAP, any, ListenTls.IMPLICIT)),
            Map.of("mx", BackendSettings.inClear("127.0.0.1", 1, /* trusted= */ true)))
        .withAdmin(new AdminSettings(null))
        .withRuntime(new RuntimeSettings(1, state, Duration.ofSeconds(2), FrontEnd.PARK));
  }
}
