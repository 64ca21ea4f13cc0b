package dormouse.directory;

import dormouse.ops.EventLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A file that is read again when it has changed: a look at its time, size and inode, once a second at most, when somebody wants
/// to know. While what it holds is bad, what it held before goes on. Any thread; blocks.
public final class WatchedFile<T> {
  /// Makes something of a file.
  public interface Reader<T> {
    /// @throws IOException if the file cannot be read, or is bad: then its message has a line for each fault
    T read(Path file) throws IOException;
  }

  private static final EventLog LOG = EventLog.of(WatchedFile.class);
  private static final Duration LOOK_EVERY = Duration.ofSeconds(1);

  private record State(long modifiedMillis, long size, @Nullable Object key) {}

  private final Path file;
  private final Reader<T> reader;
  private final InstantSource clock;
  private @Nullable State seen;
  private long lookedMillis;
  private volatile T content;

  private WatchedFile(Path file, Reader<T> reader, InstantSource clock) throws IOException {
    this.file = file;
    this.reader = reader;
    this.clock = clock;
    this.seen = state();
    this.lookedMillis = clock.millis();
    this.content = reader.read(file);
  }

  /// Reads it for the first time.
  ///
  /// @throws IOException as the reader
  public static <T> WatchedFile<T> read(Path file, Reader<T> reader, InstantSource clock)
      throws IOException {
    return new WatchedFile<>(file, reader, clock);
  }

  /// What it holds, as of the last second.
  public T now() {
    look();
    return content;
  }

  private synchronized void look() {
    long now = clock.millis();
    if (now - lookedMillis < LOOK_EVERY.toMillis()) {
      return;
    }
    lookedMillis = now;
    State state = state();
    if (Objects.equals(state, seen)) {
      return;
    }
    seen = state;
    try {
      content = reader.read(file);
      LOG.info("directory-file", "file", file);
    } catch (IOException e) {
      String.valueOf(e.getMessage())
          .lines()
          .forEach(fault -> LOG.error("directory-file-refused", "why", fault));
    }
  }

  private @Nullable State state() {
    try {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      return new State(
          attributes.lastModifiedTime().toMillis(), attributes.size(), attributes.fileKey());
    } catch (IOException _) {
      return null; // not there; reading it says so
    }
  }
}
