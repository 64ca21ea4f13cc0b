package dormouse.bench.stack;

import dormouse.testkit.SelfSigned;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.stream.Stream;

/// The folder of one run, with the certificate that all stacks show; deleted at [#close]. Any thread.
public final class Scratch implements AutoCloseable {
  private final Path home;
  private final SelfSigned tls;
  private int folders;

  private Scratch(Path home) {
    this.home = home;
    this.tls = SelfSigned.in(home);
  }

  public static Scratch create() {
    try {
      Path home = Files.createTempDirectory("dormouse-bench");
      Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwxr-xr-x"));
      Scratch made = new Scratch(home);
      Runtime.getRuntime().addShutdownHook(new Thread(made::close, "scratch-ends"));
      return made;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
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
