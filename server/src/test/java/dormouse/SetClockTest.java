package dormouse;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.config.Settings;
import dormouse.config.SettingsFile;
import dormouse.config.SettingsRead;
import dormouse.listen.EventLoops;
import dormouse.ops.Metrics;
import dormouse.session.HandClock;
import dormouse.testkit.AuthDaemon;
import dormouse.testkit.Endpoint;
import dormouse.testkit.ImapClient;
import dormouse.testkit.LoginBackend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Whoever sets the machine's clock makes nothing of the directory wait longer, or less long. What sleeps is told of by transcripts
/// (`…-while-the-clock-is-set-back`).
class SetClockTest {
  private final HandClock machine = new HandClock();
  private final EventLoops loops = EventLoops.untimed(1, machine.steady());
  private final LoginBackend backend = LoginBackend.start();
  private final AuthDaemon daemon = AuthDaemon.start(_ -> AuthDaemon.Answer.accept(backend.port()));

  @TempDir Path directory = Path.of("");

  @AfterEach
  void stop() {
    daemon.close();
    backend.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"-PT1H", "PT1H"})
  void anAnswerIsKeptAsLongAsTheSettingsSay(Duration by) throws Exception {
    try (Dormouse dormouse = start(asking("cache: 1m"))) {
      login(dormouse, "secret").logout();
      machine.set(by);
      pass(Duration.ofSeconds(59));
      login(dormouse, "secret").logout();
      assertThat(daemon.requests()).as("while it is kept").hasSize(1);

      pass(Duration.ofSeconds(1));
      login(dormouse, "secret").logout();
      assertThat(daemon.requests()).as("behind that").hasSize(2);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"-PT1H", "PT1H"})
  void aLinkThatFailsIsLeftAloneForAsLongAsTheSettingsSay(Duration by) throws Exception {
    try (Dormouse dormouse = start(asking("break-after: 1, break-for: 10s"))) {
      daemon.refuse();
      refused(dormouse);
      daemon.listen();
      machine.set(by);
      pass(Duration.ofSeconds(9));
      refused(dormouse);
      assertThat(daemon.requests()).isEmpty();

      pass(Duration.ofSeconds(1));
      login(dormouse, "secret").logout();
    }
  }

  @Test
  void aFileOfUsersIsReadOnceItHasChanged() throws Exception {
    Path users = Files.writeString(directory.resolve("users"), "ann:{PLAIN}secret\n");
    try (Dormouse dormouse = start("file: { path: " + users + " }")) {
      login(dormouse, "secret").logout();
      machine.set(Duration.ofHours(-1));
      Files.writeString(users, "ann:{PLAIN}another\n");
      pass(Duration.ofSeconds(1));
      login(dormouse, "another").logout();
    }
  }

  private String asking(String more) {
    return "http: { url: \"http://127.0.0.1:%d/auth\" }, %s".formatted(daemon.port(), more);
  }

  /// @param link of the directory
  private Dormouse start(String link) throws IOException, StartFault {
    return Dormouse.start(
        settings(
            """
            listen: [ { address: "127.0.0.1:0", tls: none } ]
            admin: { address: none }
            runtime: { state-dir: %s, drain: 0s }
            throttle: { enabled: false }
            directory: [ { %s } ]
            backends: { mx: { address: "127.0.0.1:%d", tls: none, health: { check: none } } }
            """
                .formatted(directory, link, backend.port())),
        new Metrics(),
        machine.steady(),
        loops);
  }

  private Settings settings(String text) throws IOException {
    Path file = Files.writeString(directory.resolve("dormouse.yaml"), text);
    return switch (SettingsFile.read(file)) {
      case SettingsRead.Good(Settings settings, _) -> settings;
      case SettingsRead.Bad(var faults) -> throw new IllegalArgumentException(faults.toString());
    };
  }

  private void pass(Duration time) {
    machine.turn(time);
    loops.advance();
  }

  private static ImapClient login(Dormouse dormouse, String password) {
    return connect(dormouse).login("ann", password);
  }

  private static void refused(Dormouse dormouse) {
    try (ImapClient client = connect(dormouse)) {
      assertThat(client.refused("LOGIN ann secret")).contains("[UNAVAILABLE]");
    }
  }

  private static ImapClient connect(Dormouse dormouse) {
    return ImapClient.connect(Endpoint.plain(dormouse.addresses().getFirst().getPort()));
  }
}
