package dormouse.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The YAML of `docs/nginx.md`, each block by itself: what a part of a file leaves out is added.
class NginxDocsTest {
  private static final Pattern BLOCK = Pattern.compile("```yaml\n(.*?)```", Pattern.DOTALL);

  @TempDir Path directory = Path.of("");

  @Test
  void everyBlockIsAccepted() throws IOException {
    Path pem = Files.writeString(directory.resolve("mail.pem"), "");
    String page = Files.readString(Path.of("..", "docs", "nginx.md"));
    List<String> blocks =
        BLOCK.matcher(page).results().map((MatchResult block) -> block.group(1)).toList();
    assertThat(blocks).hasSizeGreaterThan(3);
    for (String block : blocks) {
      String whole = whole(block).replaceAll("/etc/ssl/mail\\.(pem|key)", pem.toString());
      assertThat(SettingsFile.parse(whole, directory))
          .as(whole)
          .isInstanceOf(SettingsRead.Good.class);
    }
  }

  private static String whole(String block) {
    String listen =
        block.contains("listen:") ? "" : "listen: [ { address: \"127.0.0.1:1143\" } ]\n";
    String backends =
        block.contains("backends:") ? "" : "backends: { mx: { address: mail.example.org } }\n";
    return listen + backends + block;
  }
}
