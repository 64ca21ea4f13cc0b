package dormouse.bench.stack;

import dormouse.testkit.SelfSigned;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.stream.Stream;

/// The folder of one run, with the certificate that all stacks show; deleted at [#close], and when this process ends ([AtEnd]). It lies in memory where the system has a file system
/// for that: it takes some 200,000 files, and disks are not what is measured. Any thread.
public final class Scratch implements AutoCloseable {
  private static final Path MEMORY = Path.of("/dev/shm");
  private static final long LEAST_BYTES = 4L << 30;
  private static final String PREFIX = "dormouse-bench";

  private final Path home;
  private final SelfSigned tls;
  private int folders;

  private Scratch(Path home) {
    this.home = home;
    this.tls = SelfSigned.in(home);
  }

  public static Scratch create() {
    try {
      Path home =
          inMemory()
              ? Files.createTempDirectory(MEMORY, PREFIX)
              : Files.createTempDirectory(PREFIX);
      Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwxr-xr-x"));
      return AtEnd.close(new Scratch(home));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Whether mail lies in memory.
  public static boolean inMemory() {
    return Files.isWritable(MEMORY) && MEMORY.toFile().getUsableSpace() >= LEAST_BYTES;
  }

  SelfSigned tls() {
    return tls;
  }

  /// A new folder.
  synchronized Path folder(String name) {
    try {
      return Files.createDirectory(home.resolve(++folders + "-" + name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Once its name is another one, nobody puts more into it.
  @Override
  public synchronized void close() {
    try {
      delete(Files.move(home, home.resolveSibling(home.getFileName() + "-ends")));
    } catch (IOException _) {
      // it is gone already
    }
    AtEnd.closed(this);
  }

  /// Deletes a folder in which nobody works any more, if it is there.
  public static void delete(Path folder) {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException | UncheckedIOException e) {
      System.err.println("Left behind: " + folder + ": " + e);
    }
  }
}
