package dormouse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dormouse.config.Settings;
import dormouse.config.SettingsFile;
import dormouse.config.SettingsRead;
import dormouse.listen.EventLoops;
import dormouse.ops.Metrics;
import dormouse.session.SteadyClock;
import dormouse.testkit.Endpoint;
import dormouse.testkit.FreePort;
import dormouse.testkit.ImapClient;
import dormouse.testkit.StandInBackend;
import dormouse.testkit.StandInConnection;
import dormouse.testkit.Wait;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A reload of a Dormouse that is told to end.
class StoppedReloadTest {
  private static final Duration SOON = Duration.ofSeconds(10);
  private static final String REFUSED = "Dormouse is being stopped";

  @TempDir Path directory = Path.of("");

  private final int added = FreePort.next();

  @Test
  void oneThatComesWhileClientsAreWaitedForIsRefused() throws Exception {
    try (StandInBackend backend = StandInBackend.start()) {
      Dormouse dormouse = Dormouse.start(settings(backend.port(), 0), new Metrics());
      Settings next = settings(backend.port(), added);
      Thread stop = Thread.ofPlatform().unstarted(dormouse::close);
      int port = dormouse.addresses().getFirst().getPort();
      try (ImapClient client = ImapClient.connect(Endpoint.plain(port))) {
        String login = client.start("LOGIN ann secret");
        try (StandInConnection connection = backend.accept()) {
          connection.letIn();
          client.readUntilTagged(login);
          String asked = client.start("NOOP");
          connection.expectCommand("NOOP");

          stop.start();
          Wait.until("it drains", SOON, () -> stop.getState() == Thread.State.TIMED_WAITING);
          assertThatThrownBy(() -> dormouse.reload(next))
              .isInstanceOf(StartFault.class)
              .hasMessage(REFUSED);
          assertThat(FreePort.isFree(added)).isTrue();

          connection.say(asked + " OK NOOP completed.");
          client.expect(asked + " OK NOOP completed.").expect("* BYE Server shutting down.");
        }
      } finally {
        if (stop.getState() == Thread.State.NEW) {
          stop.start();
        }
        stop.join();
      }
    }
  }

  /// The stop comes when the certificates are looked at, before anything has changed.
  @Test
  void oneThatIsUnderWayIsNotWaitedForAndRefused() throws Exception {
    Thread reloads = Thread.currentThread();
    AtomicBoolean ends = new AtomicBoolean();
    Thread[] stops = new Thread[1];
    InstantSource timeOfDay =
        () -> {
          if (Thread.currentThread().equals(reloads) && ends.getAndSet(false)) {
            stops[0].start();
            ended(stops[0]);
          }
          return Instant.now();
        };
    SteadyClock clock = new SteadyClock(timeOfDay, System::nanoTime);
    Dormouse dormouse =
        Dormouse.start(settings(1, 0), new Metrics(), clock, EventLoops.start(1, clock));
    stops[0] = Thread.ofPlatform().unstarted(dormouse::close);
    Settings next = settings(1, added);
    ends.set(true);
    assertThatThrownBy(() -> dormouse.reload(next))
        .isInstanceOf(StartFault.class)
        .hasMessage(REFUSED);
    assertThat(ends).isFalse();
    assertThat(FreePort.isFree(added)).isTrue();
  }

  private static void ended(Thread stop) {
    try {
      assertThat(stop.join(SOON)).as("it stops").isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /// @param port of the listener
  private Settings settings(int backend, int port) throws IOException {
    Path file =
        Files.writeString(
            directory.resolve("dormouse.yaml"),
            """
            listen: [ { address: "127.0.0.1:%d", tls: none } ]
            admin: { address: none }
            runtime: { state-dir: ., drain: 1m, loops: 1 }
            backends: { mx: { address: "127.0.0.1:%d", tls: none, health: { check: none } } }
            """
                .formatted(port, backend));
    return switch (SettingsFile.read(file)) {
      case SettingsRead.Good(Settings settings, _) -> settings;
      case SettingsRead.Bad(var faults) -> throw new IllegalArgumentException(faults.toString());
    };
  }
}
