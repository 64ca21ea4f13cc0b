package dormouse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dormouse.config.Settings;
import dormouse.config.SettingsFile;
import dormouse.config.SettingsRead;
import dormouse.ops.Metrics;
import dormouse.testkit.FreePort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A port that a listener has, and a feed is to have, or the other way round.
class HandedPortsTest {
  @TempDir Path directory = Path.of("");

  private final int port = FreePort.next();
  private final int other = FreePort.next();

  @Test
  void areHandedOverByTwoReloads() throws Exception {
    String handed = "127.0.0.1:" + port;
    String all = "0.0.0.0:" + port;
    Settings listener = settings("127.0.0.1:" + other, handed, "");
    Settings neither = settings("127.0.0.1:" + other, "", "");
    Settings feed = settings("127.0.0.1:" + other, "", all);
    try (Dormouse dormouse = Dormouse.start(listener, new Metrics())) {
      assertThatThrownBy(() -> dormouse.reload(feed))
          .isInstanceOf(StartFault.class)
          .hasMessage(told(all, "a listener", handed));
      assertThat(dormouse.addresses()).hasSize(2);
      dormouse.reload(neither);
      FreePort.awaitFree(port);
      dormouse.reload(feed);
      assertThat(dormouse.eventAddresses()).hasSize(1);

      assertThatThrownBy(() -> dormouse.reload(listener))
          .isInstanceOf(StartFault.class)
          .hasMessage(told(handed, "a feed", all));
      assertThat(dormouse.eventAddresses()).hasSize(1);
      dormouse.reload(neither);
      FreePort.awaitFree(port);
      dormouse.reload(listener);
      assertThat(dormouse.addresses()).hasSize(2);
    }
  }

  private static String told(String wanted, String by, String had) {
    return "cannot listen on %s: %s has %s until a reload is over; take that away by one first"
        .formatted(wanted, by, had);
  }

  /// @param second a listener's address; `""` for none
  /// @param feed a feed's; `""` for none
  private Settings settings(String first, String second, String feed) throws IOException {
    Path file =
        Files.writeString(
            directory.resolve("dormouse.yaml"),
            """
            listen: [ { address: "%s", tls: none }%s ]
            feeds: [ %s ]
            admin: { address: none }
            runtime: { state-dir: ., drain: 0s, loops: 1 }
            backends: { mx: { address: "127.0.0.1:1", tls: none, health: { check: none } } }
            """
                .formatted(
                    first,
                    second.isEmpty() ? "" : ", { address: \"" + second + "\", tls: none }",
                    feed.isEmpty() ? "" : "{ dovecot-events: { listen: \"" + feed + "\" } }"));
    return switch (SettingsFile.read(file)) {
      case SettingsRead.Good(Settings settings, _) -> settings;
      case SettingsRead.Bad(var faults) -> throw new IllegalArgumentException(faults.toString());
    };
  }
}
