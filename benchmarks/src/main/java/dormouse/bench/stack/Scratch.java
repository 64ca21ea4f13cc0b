package dormouse.bench.stack;

import dormouse.testkit.SelfSigned;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.stream.Stream;

/// The folder of one run, with the certificate that all stacks show; deleted at [#close]. It lies in memory where the system has a file system
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
      Scratch made = new Scratch(home);
      Runtime.getRuntime().addShutdownHook(new Thread(made::close, "scratch-ends"));
      return made;
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

  @Override
  public void close() {
    try (Stream<Path> files = Files.walk(home)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException | UncheckedIOException _) {
      // left to whoever clears the temporary directory
    }
  }
}
