package dormouse;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.config.Settings;
import dormouse.config.SettingsFile;
import dormouse.config.SettingsRead;
import dormouse.ops.Metrics;
import dormouse.testkit.Endpoint;
import dormouse.testkit.ImapClient;
import dormouse.testkit.StandInBackend;
import dormouse.testkit.StandInConnection;
import dormouse.testkit.Wait;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a reload leaves of `runtime` as it was, and what not.
class ReloadedRuntimeTest {
  private static final Duration SOON = Duration.ofSeconds(10);

  @TempDir Path directory = Path.of("");

  @Test
  void theSecretOfTheSaltsStaysWhereItIs() throws Exception {
    try (Dormouse dormouse = Dormouse.start(settings("before"), new Metrics())) {
      assertThat(directory.resolve("before/scram-secret")).exists();
      dormouse.reload(settings("after"));
      assertThat(directory.resolve("after")).doesNotExist();
    }
  }

  /// Whoever wants to give clients more time at a stop could not, if it took a stop first.
  @Test
  void theTimeToDrainIsThatOfTheLastReload() throws Exception {
    try (StandInBackend backend = StandInBackend.start()) {
      Dormouse dormouse = Dormouse.start(draining(backend, "0s"), new Metrics());
      Thread stop = Thread.ofPlatform().unstarted(dormouse::close);
      try {
        dormouse.reload(draining(backend, "1m"));
        whoWaitsForAReplyHearsIt(dormouse, backend, stop);
      } finally {
        if (stop.getState() == Thread.State.NEW) {
          stop.start();
        }
        stop.join();
      }
    }
  }

  private static void whoWaitsForAReplyHearsIt(
      Dormouse dormouse, StandInBackend backend, Thread stop) {
    int port = dormouse.addresses().getFirst().getPort();
    try (ImapClient client = ImapClient.connect(Endpoint.plain(port))) {
      String login = client.start("LOGIN ann secret");
      try (StandInConnection connection = backend.accept()) {
        connection.letIn();
        client.readUntilTagged(login);

        String asked = client.start("NOOP");
        connection.expectCommand("NOOP");
        stop.start();
        Wait.until("it drains", SOON, () -> waits(stop));
        connection.say(asked + " OK NOOP completed.");
        client.expect(asked + " OK NOOP completed.").expect("* BYE Server shutting down.");
        assertThat(client.expectClosed()).isEmpty();
      }
    }
  }

  private static boolean waits(Thread stop) {
    return switch (stop.getState()) {
      case TIMED_WAITING, TERMINATED -> true; // for its clients, or without
      default -> false;
    };
  }

  private Settings draining(StandInBackend backend, String drain) throws IOException {
    return read(
        """
        listen: [ { address: "127.0.0.1:0", tls: none } ]
        admin: { address: none }
        runtime: { state-dir: %s, drain: %s, loops: 1 }
        backends: { mx: { address: "127.0.0.1:%d", tls: none, health: { check: none } } }
        """
            .formatted(directory, drain, backend.port()));
  }

  private Settings settings(String state) throws IOException {
    Path users = Files.writeString(directory.resolve("users"), "ann:{PLAIN}secret\n");
    return read(
        """
        listen: [ { address: "127.0.0.1:0", tls: none } ]
        admin: { address: none }
        runtime: { state-dir: %s, drain: 0s, loops: 1 }
        backends: { mx: { address: "127.0.0.1:1", tls: none, health: { check: none }, login-as: { user: root, password-file: %s } } }
        login: { mechanisms: [ scram-sha-256 ] }
        directory: [ { file: { path: %s } } ]
        """
            .formatted(directory.resolve(state), users, users));
  }

  private Settings read(String text) throws IOException {
    Path file = Files.writeString(directory.resolve("dormouse.yaml"), text);
    return switch (SettingsFile.read(file)) {
      case SettingsRead.Good(Settings settings, _) -> settings;
      case SettingsRead.Bad(var faults) -> throw new IllegalArgumentException(faults.toString());
    };
  }
}
