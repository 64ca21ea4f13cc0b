package dormouse.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `.mvn/limits.sh`, with a file of our own in the kernel's place.
class LimitsTest {
  private static final String NOTE = "Linux gives a user 128 inotify instances and could not be";

  @TempDir Path folder = Path.of("");
  private Path instances = folder;

  @BeforeEach
  void linuxGives128() throws IOException {
    instances = folder.resolve("max_user_instances");
    Files.writeString(instances, "128\n");
  }

  @Test
  void theLimitIsRaisedAndGivenBackAtTheEnd() throws Exception {
    assertThat(raised("", instances)).isEqualTo("note: , now 40000");
    assertThat(instances).hasContent("128");
  }

  @Test
  void aLimitThatIsHighEnoughStays() throws Exception {
    Files.writeString(instances, "60000\n");
    assertThat(raised("", instances)).isEqualTo("note: , now 60000");
  }

  @Test
  void whatCannotBeRaisedIsTold() throws Exception {
    assertThat(raised("cat() { echo 128; };", Path.of("/dev/full"))) // which takes nothing
        .startsWith(NOTE)
        .contains("\nnote: " + NOTE)
        .endsWith(", now 128");
  }

  @Test
  void whereThereIsNoneNothingIsSaid() throws Exception {
    assertThat(raised("cat() { [ \"$1\" != " + instances + " ]; };", instances))
        .isEqualTo("note: , now");
  }

  private String raised(String before, Path file) throws IOException, InterruptedException {
    ProcessBuilder shell =
        new ProcessBuilder(
            "bash",
            "-euc",
            ". ../.mvn/limits.sh; %s raise_instances %s; echo \"note: $note, now $(cat %s)\""
                .formatted(before, file, file));
    Process process = shell.redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    return said.strip();
  }
}
