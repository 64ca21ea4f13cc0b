package dormouse.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoTest {
  @TempDir Path stateDir;

  @Test
  void everyUserHasMailAtHomeAndNowhereElse() throws Exception {
    try (var demo = Demo.start(stateDir, Demo.HIBERNATE_AFTER)) {
      for (String user : Demo.USERS) {
        try (var client = demo.home(user).client(user)) {
          assertThat(client.ok("SELECT INBOX")).contains("* 3 EXISTS");
          assertThat(client.ok("LIST \"\" \"*\"")).hasSize(3);
        }
      }
      assertThat(Demo.USERS.stream().map(demo::home).distinct()).hasSize(2);
    }
  }

  @Test
  void theIntroductionNamesWhatThereIs() throws Exception {
    try (var demo = Demo.start(stateDir, Demo.HIBERNATE_AFTER)) {
      assertThat(demo.introduction())
          .contains("127.0.0.1:1993", "127.0.0.1:1143", "a login ann dormouse")
          .contains("imap://127.0.0.1:" + demo.home("ann").port() + "/INBOX");
      assertThat(Files.readString(stateDir.resolve("new-mail.eml")))
          .contains("Subject: While you slept\r\n");
    }
  }

  @Test
  void theMailToTryItWithFitsTheMailServer() throws Exception {
    try (var demo = Demo.start(stateDir, Demo.HIBERNATE_AFTER);
        var client = demo.home("ann").client("ann")) {
      client.append("INBOX", "", Files.readString(stateDir.resolve("new-mail.eml")));
      assertThat(client.ok("SELECT INBOX")).contains("* 4 EXISTS");
      assertThat(client.ok("FETCH 4 (BODY.PEEK[TEXT])").getFirst()).contains("Did you hear me");
    }
  }
}
