package dormouse.directory;

import dormouse.config.Fault;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// What a link reads is wrong, all of it at once: each fault names its setting, and none has a line of the settings. The message has a line for each,
/// and repeats no secret.
public final class BadLink extends IOException {
  private static final long serialVersionUID = 1;

  private final transient List<Fault> faults;

  /// @param faults at least one
  public BadLink(List<Fault> faults) {
    super(faults.stream().map(Fault::toString).collect(Collectors.joining("\n")));
    this.faults = List.copyOf(faults);
  }

  public List<Fault> faults() {
    return faults;
  }

  /// What is wrong with the file that a setting names.
  ///
  /// @param why its message has a line for each fault
  public static List<Fault> faults(String setting, IOException why) {
    String text =
        why instanceof FileSystemException // whose message is the file's name
            ? "cannot be read: " + why
            : String.valueOf(why.getMessage());
    return (text.isEmpty() ? Stream.of(why.toString()) : text.lines())
        .map(line -> new Fault(0, 0, setting, line))
        .toList();
  }
}
