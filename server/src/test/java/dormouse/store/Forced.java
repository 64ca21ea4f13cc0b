package dormouse.store;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordingFile;

/// What is forced to the disk, as the JVM tells it.
public final class Forced {
  private Forced() {}

  /// The files and folders, in order.
  public static List<String> during(Callable<?> what) throws Exception {
    Path told = Files.createTempFile("forced", ".jfr");
    try (Recording recording = new Recording()) {
      recording.enable("jdk.FileForce").withThreshold(Duration.ZERO);
      recording.start();
      what.call();
      recording.stop();
      recording.dump(told);
      return RecordingFile.readAllEvents(told).stream()
          .map(event -> event.getString("path"))
          .toList();
    } finally {
      Files.delete(told);
    }
  }
}
