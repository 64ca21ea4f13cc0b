package dormouse.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;

/// A small file that no loss of power takes, once it is written. Whoever reads it finds all of it or none. Any thread; blocks.
public final class LastingFile {
  private LastingFile() {}

  /// Makes the file, and the directory that it is in, or takes the place of the one that is there.
  ///
  /// @param permissions as in `rw-r--r--`; until it has them it is its owner's only
  /// @throws IOException if that cannot be done; then all stays as it was
  public static void write(Path file, byte[] content, String permissions) throws IOException {
    Path folder = Files.createDirectories(file.toAbsolutePath().getParent());
    Path made = Files.createTempFile(folder, file.getFileName().toString(), ".new"); // 0600
    try {
      Files.write(made, content);
      permit(made, permissions);
      force(made, StandardOpenOption.WRITE);
      Files.move(made, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(made);
    }
    try {
      force(folder, StandardOpenOption.READ);
    } catch (IOException _) {
      // there are file systems whose folders cannot be forced
    }
  }

  private static void permit(Path made, String permissions) throws IOException {
    try {
      Files.setPosixFilePermissions(made, PosixFilePermissions.fromString(permissions));
    } catch (UnsupportedOperationException e) {
      throw new IOException("the file system of " + made + " knows no permissions", e);
    }
  }

  private static void force(Path path, StandardOpenOption as) throws IOException {
    try (FileChannel channel = FileChannel.open(path, as)) {
      channel.force(/* metaData= */ true);
    }
  }
}
