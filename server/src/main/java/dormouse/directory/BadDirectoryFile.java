package dormouse.directory;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/// A file of the directory is wrong: the message names it and the line of each fault, a line each, and repeats no secret.
public final class BadDirectoryFile extends IOException {
  private static final long serialVersionUID = 1;

  /// What is wrong in one line, from 1.
  public record Fault(int line, String text) {}

  /// @param faults at least one
  public BadDirectoryFile(Path file, List<Fault> faults) {
    super(
        faults.stream()
            .map(fault -> file + ":" + fault.line() + ": " + fault.text())
            .collect(Collectors.joining("\n")));
  }
}
