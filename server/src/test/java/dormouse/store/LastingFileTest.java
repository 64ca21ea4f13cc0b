package dormouse.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LastingFileTest {
  private static final byte[] CONTENT = "kept".getBytes(UTF_8);

  @TempDir Path directory = Path.of("");

  @Test
  void itIsForcedToTheDiskBeforeItHasItsNameAndSoIsTheName() throws Exception {
    Path folder = directory.resolve("state");
    Path file = folder.resolve("secret");
    List<String> forced =
        Forced.during(() -> {
          LastingFile.write(file, CONTENT, "rw-r-----");
          return null;
        });
    assertThat(forced).hasSize(2).last().isEqualTo(folder.toString());
    assertThat(forced.getFirst()).startsWith(file.toString()).isNotEqualTo(file.toString());
    assertThat(file).hasBinaryContent(CONTENT);
    assertThat(Files.getPosixFilePermissions(file))
        .isEqualTo(PosixFilePermissions.fromString("rw-r-----"));
  }

  @Test
  void whatCannotTakeItsPlaceLeavesNothing() throws Exception {
    Path taken = Files.createDirectory(directory.resolve("taken"));
    Files.createFile(taken.resolve("one"));
    assertThatThrownBy(() -> LastingFile.write(taken, CONTENT, "rw-------"))
        .isInstanceOf(IOException.class);
    assertThat(directory).isDirectoryNotContaining("glob:**.new");
  }

  @Test
  void whereFilesHaveNoPermissionsItSaysSo() throws Exception {
    Path zip = directory.resolve("state.zip");
    try (FileSystem files = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
      Path file = files.getPath("/secret");
      assertThatThrownBy(() -> LastingFile.write(file, CONTENT, "rw-------"))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("knows no permissions");
      assertThat(files.getPath("/")).isEmptyDirectory();
    }
  }
}
