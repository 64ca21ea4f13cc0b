package dormouse.config;

import java.util.List;

/// What came of reading a settings file.
public sealed interface SettingsRead {
  /// Usable settings.
  ///
  /// @param warnings what works and is unwise, in the order of the file
  record Good(Settings settings, List<Fault> warnings) implements SettingsRead {}

  /// All that is wrong, in the order of the file; never empty.
  record Bad(List<Fault> faults) implements SettingsRead {}
}
