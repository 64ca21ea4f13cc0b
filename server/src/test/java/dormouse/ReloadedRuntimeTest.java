package dormouse;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.config.Settings;
import dormouse.config.SettingsFile;
import dormouse.config.SettingsRead;
import dormouse.ops.Metrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a reload leaves as it was.
class ReloadedRuntimeTest {
  @TempDir Path directory = Path.of("");

  @Test
  void theSecretOfTheSaltsStaysWhereItIs() throws Exception {
    try (Dormouse dormouse = Dormouse.start(settings("before"), new Metrics())) {
      assertThat(directory.resolve("before/scram-secret")).exists();
      dormouse.reload(settings("after"));
      assertThat(directory.resolve("after")).doesNotExist();
    }
  }

  private Settings settings(String state) throws IOException {
    Path users = Files.writeString(directory.resolve("users"), "ann:{PLAIN}secret\n");
    Path file =
        Files.writeString(
            directory.resolve("dormouse.yaml"),
            """
            listen: [ { address: "127.0.0.1:0", tls: none } ]
            admin: { address: none }
            runtime: { state-dir: %s, drain: 0s, loops: 1 }
            backends: { mx: { address: "127.0.0.1:1", tls: none, health: { check: none }, login-as: { user: root, password-file: %s } } }
            login: { mechanisms: [ scram-sha-256 ] }
            directory: [ { file: { path: %s } } ]
            """
                .formatted(directory.resolve(state), users, users));
    return switch (SettingsFile.read(file)) {
      case SettingsRead.Good(Settings settings, _) -> settings;
      case SettingsRead.Bad(var faults) -> throw new IllegalArgumentException(faults.toString());
    };
  }
}
