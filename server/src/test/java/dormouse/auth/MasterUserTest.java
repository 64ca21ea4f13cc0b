package dormouse.auth;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dormouse.config.LoginAsSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MasterUserTest {
  @TempDir Path directory = Path.of("");

  @Test
  void theUserIsTheAuthorizationIdentity() throws IOException {
    Credentials credentials = master("s3cret\r\n", null).as("ann");
    assertThat(credentials.user()).isEqualTo("boss");
    assertThat(credentials.authzid()).isEqualTo("ann");
    assertThat(credentials.password()).isEqualTo("s3cret".getBytes(UTF_8));
  }

  @Test
  void theUserStandsBeforeTheSeparator() throws IOException {
    Credentials credentials = master("s3cret", "*").as("ann");
    assertThat(credentials.user()).isEqualTo("ann*boss");
    assertThat(credentials.authzid()).isEmpty();
    assertThat(credentials.password()).isEqualTo("s3cret".getBytes(UTF_8));
  }

  @Test
  void whatIsWipedIsACopy() throws IOException {
    MasterUser master = master("s3cret", null);
    master.as("ann").wipe();
    assertThat(master.as("bob").password()).isEqualTo("s3cret".getBytes(UTF_8));
  }

  @Test
  void thereIsNoneWhereNoneIsSet() throws IOException {
    assertThat(MasterUser.load(LoginAsSettings.DEFAULT)).isNull();
  }

  @Test
  void whatCannotBeASecretIsSaidWithoutIt() {
    assertThatThrownBy(() -> master("x".repeat(1025), null))
        .hasMessageEndingWith("is longer than a secret of 1024 bytes");
    assertThatThrownBy(() -> master("s3cret\nmore", null))
        .hasMessageEndingWith("holds more than one line");
    assertThatThrownBy(() -> master("", null)).hasMessageEndingWith("no secret in its first line");
    Path nowhere = directory.resolve("nowhere");
    assertThatThrownBy(() -> MasterUser.load(new LoginAsSettings("boss", nowhere, null)))
        .hasMessageContaining("cannot be read");
  }

  @Test
  void theSecretIsNotShown() throws IOException {
    assertThat(master("s3cret", null).toString()).contains("boss").doesNotContain("s3cret");
  }

  private MasterUser master(String file, @Nullable String separator) throws IOException {
    Path secret = directory.resolve("secret");
    Files.writeString(secret, file);
    return Objects.requireNonNull(MasterUser.load(new LoginAsSettings("boss", secret, separator)));
  }
}
