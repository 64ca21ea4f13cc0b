package dormouse.cli;

import dormouse.config.Settings;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// What the command line asks for.
public sealed interface Request {
  /// Serve with these settings.
  ///
  /// @param settings checked as far as a file can be
  /// @param quiet whether the live line is switched off
  record Serve(Settings settings, boolean quiet) implements Request {}

  /// Serve the demo.
  ///
  /// @param stateDir where its certificate is kept
  /// @param hibernateAfter in place of the demo's own, if it was said
  /// @param quiet whether the live line is switched off
  record ServeDemo(Path stateDir, @Nullable Duration hibernateAfter, boolean quiet)
      implements Request {}

  /// Nothing more to do: help was printed, a file was checked, or a fault was told.
  ///
  /// @param code 0: good; 1: the settings are bad; 2: the command line is
  record Exit(int code) implements Request {}
}
