package dormouse;

import dormouse.config.Settings;
import dormouse.config.SettingsFile;
import dormouse.config.SettingsRead;
import dormouse.ops.EventLog;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.nio.file.Path;

/// Reads the settings file again and has them served. Any thread; blocks.
final class Reload {
  private static final EventLog LOG = EventLog.of(Reload.class);

  private final Path file;
  private final Dormouse dormouse;

  Reload(Path file, Dormouse dormouse) {
    this.file = file;
    this.dormouse = dormouse;
  }

  /// Reads and serves; a file with any fault changes nothing.
  ///
  /// @return all that is wrong, a line each, or which mistake of ours ended it; `""` if nothing is
  synchronized String run() {
    try {
      return read();
    } catch (RuntimeException | Error bug) { // which nobody else would hear of
      LOG.error(bug, "bug", "in", "reload");
      return refused("a mistake of ours: " + bug);
    }
  }

  private String read() {
    return switch (SettingsFile.read(file, NamedFiles::faults)) {
      case SettingsRead.Bad bad -> refused(bad.told(file));
      case SettingsRead.Good(Settings settings, _) -> {
        try {
          dormouse.reload(settings);
          LOG.info("reload", "config", file);
          yield "";
        } catch (StartFault e) {
          String why = NamedFiles.why(file);
          yield refused(why.isEmpty() ? String.valueOf(e.getMessage()) : why);
        }
      }
    };
  }

  private static String refused(String faults) {
    faults.lines().forEach(fault -> LOG.error("reload-refused", "why", fault));
    return faults + "\n";
  }

  /// Runs at each SIGHUP from now on.
  ///
  /// By reflection: the JDK's only class for signals is one that the compiler warns of, and warnings are errors here.
  void onHangup() {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      InvocationHandler run =
          (_, _, _) -> {
            Thread.ofVirtual().name("reload").start(this::run);
            return null;
          };
      signal
          .getMethod("handle", signal, handler)
          .invoke(
              null,
              signal.getConstructor(String.class).newInstance("HUP"),
              Proxy.newProxyInstance(Reload.class.getClassLoader(), new Class<?>[] {handler}, run));
    } catch (ReflectiveOperationException e) {
      LOG.warn("no-sighup", "why", e.toString());
    }
  }
}
