package dormouse.directory.password;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dormouse.store.Forced;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScramSaltsTest {
  @TempDir Path directory = Path.of("");

  @Test
  void aRestartChangesNothingWhereTheSecretIsKept() throws Exception {
    Path file = directory.resolve("state").resolve("scram-secret");
    ScramSalts.keptIn(file);
    byte[] salt = ScramSalts.of("ann", 16);
    assertThat(Files.getPosixFilePermissions(file))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));

    ScramSalts.keptIn(directory.resolve("another"));
    assertThat(ScramSalts.of("ann", 16)).isNotEqualTo(salt);
    ScramSalts.keptIn(file);
    assertThat(ScramSalts.of("ann", 16)).isEqualTo(salt);
  }

  @Test
  void aSecretThatIsMadeOutlivesALossOfPower() throws Exception {
    Path file = directory.resolve("state").resolve("scram-secret");
    List<String> forced =
        Forced.during(() -> {
          ScramSalts.keptIn(file);
          return null;
        });
    assertThat(forced).hasSize(2).first().asString().startsWith(file.toString());
  }

  @Test
  void aFileThatHoldsNoneIsNotTaken() throws Exception {
    Path file = Files.writeString(directory.resolve("scram-secret"), "short");
    byte[] salt = ScramSalts.of("ann", 16);
    assertThatThrownBy(() -> ScramSalts.keptIn(file)).isInstanceOf(IOException.class);
    assertThat(ScramSalts.of("ann", 16)).isEqualTo(salt);
  }

  @Test
  void aSaltIsAsLongAsItIsToBe() {
    byte[] salt = ScramSalts.of("ann", 70);
    assertThat(salt).hasSize(70);
    assertThat(Arrays.copyOfRange(salt, 32, 64))
        .isNotEqualTo(Arrays.copyOf(salt, 32))
        .isNotEqualTo(new byte[32]);
  }
}
