package dormouse.cli;

import dormouse.config.Settings;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// What the command line asks for.
public sealed interface Request {
  /// Serve with these settings.
  ///
  /// @param settings checked as far as a file can be
  /// @param file where they come from, to be read again at a reload; null if from the command line
  /// @param quiet whether the live line is switched off
  record Serve(Settings settings, @Nullable Path file, boolean quiet) implements Request {}

  /// Have the Dormouse that runs on this machine read its settings file again.
  ///
  /// @param admin where it listens
  record Reload(InetSocketAddress admin) implements Request {}

  /// Serve the demo.
  ///
  /// @param stateDir where its certificate is kept
  /// @param hibernateAfter in place of the demo's own, if it was said
  /// @param quiet whether the live line is switched off
  record ServeDemo(Path stateDir, @Nullable Duration hibernateAfter, boolean quiet)
      implements Request {}

  /// Make what lets later starts take less.
  record Train() implements Request {}

  /// Nothing more to do: help was printed, a file was checked, or a fault was told.
  ///
  /// @param code 0: good; 1: the settings are bad; 2: the command line is
  record Exit(int code) implements Request {}
}
