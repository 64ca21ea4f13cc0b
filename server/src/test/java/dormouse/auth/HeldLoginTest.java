package dormouse.auth;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.testkit.ImapClient;
import dormouse.testkit.LoginBackend;
import dormouse.testkit.Wait;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Whom the directory holds up though its password is right.
class HeldLoginTest {
  @TempDir Path directory = Path.of("");

  @Test
  void whoIsHeldUpWithTheRightPasswordHoldsUpNobodyElse() throws Exception {
    long until = Instant.now().plus(Duration.ofHours(1)).getEpochSecond();
    Path users =
        Files.writeString(
            directory.resolve("users"),
            "ann:{PLAIN}secret::::::delay_until=" + until + "\nbob:{PLAIN}secret\n");
    try (LoginBackend backend = LoginBackend.start();
        FrontEnd front =
            FrontEnd.of(
                """
                listen: [ { address: "127.0.0.1:0", tls: none } ]
                backends: { mx: { address: "127.0.0.1:%d", tls: none, health: { check: none } } }
                throttle: { free: 1, delay: 1m, max-delay: 1m }
                directory: [ { file: { path: %s } } ]
                """
                    .formatted(backend.port(), users));
        ImapClient held = ImapClient.connect(front.plain())) {
      held.start("LOGIN ann secret");
      Wait.until(
          "the directory knows it",
          Duration.ofSeconds(10),
          () ->
              front.metric("dormouse_directory_answers_total{link=\"1-file\",result=\"accepted\"}")
                  == 1);
      ImapClient.connect(front.plain()).login("bob", "secret").logout(); // not a minute later
      assertThat(backend.takeLogins()).containsExactly(new LoginBackend.Login("bob", "", "secret"));
    }
  }
}
