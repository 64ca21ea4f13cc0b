package dormouse.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.imap.FoldedUsersBench;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `./bench own park` in miniature, which takes but seconds: that it runs to its end and says what it is for. No figure is judged.
class OwnIT {
  private static final long PATIENCE_SECONDS = 180;

  @TempDir Path folder = Path.of("");

  @Test
  void usersArePackedAway() throws Exception {
    assertThat(said(FoldedUsersBench.class, "3000"))
        .contains("3,000 sessions of 1,000 users: Pss grew by ", "remove, and another comes");
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String said(Class<?> main, String... arguments) throws Exception {
    Path file = folder.resolve("said");
    Process process = Mains.start(main, file, arguments);
    try {
      assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS))
          .as(() -> "ends: " + text(file))
          .isTrue();
      String said = Files.readString(file);
      assertThat(process.exitValue()).as(said).isZero();
      return said;
    } finally {
      process.destroy();
    }
  }
}
