package dormouse.config;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/// What came of reading a settings file.
public sealed interface SettingsRead {
  /// Usable settings.
  ///
  /// @param warnings what works and is unwise, in the order of the file
  record Good(Settings settings, List<Fault> warnings) implements SettingsRead {
    /// All warnings as they are told, a line each with its end: `dormouse.yaml:12:5: tls.certificates[0].key: … (a warning)`.
    public String told(Path file) {
      return warnings.stream()
          .map(warning -> file + ":" + warning + " (a warning)\n")
          .collect(Collectors.joining());
    }
  }

  /// All that is wrong, in the order of the file; never empty.
  record Bad(List<Fault> faults) implements SettingsRead {
    /// All of it as it is told, a line each: `dormouse.yaml:12:5: hibernate.after: wanted …`.
    public String told(Path file) {
      return faults.stream()
          .map(fault -> file + ":" + (fault.line() == 0 ? " " : "") + fault)
          .collect(Collectors.joining("\n"));
    }
  }
}
