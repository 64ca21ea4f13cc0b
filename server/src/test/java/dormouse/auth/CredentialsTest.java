package dormouse.auth;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CredentialsTest {
  @Test
  void whoLogsCredentialsLogsNoPassword() {
    var credentials = new Credentials("ann", "", "secret".getBytes(UTF_8));

    assertThat(credentials.toString()).contains("ann").doesNotContain("secret", "115");
  }

  @Test
  void wipedCredentialsHoldNoPassword() {
    var credentials = new Credentials("ann", "", "secret".getBytes(UTF_8));
    credentials.wipe();

    assertThat(credentials.password()).containsOnly(0);
  }
}
