package dormouse;

import dormouse.config.SettingsFile;
import dormouse.config.SettingsRead;
import dormouse.ops.EventLog;
import dormouse.ops.MetricsServer.Reloaded;
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
  /// @return all that is wrong or unwise, or which mistake of ours ended it
  synchronized Reloaded run() {
    try {
      return read();
    } catch (RuntimeException | Error bug) { // which nobody else would hear of
      LOG.error(bug, "bug", "in", "reload");
      return refused("a mistake of ours: " + bug);
    }
  }

  private Reloaded read() {
    return switch (SettingsFile.read(file, NamedFiles::faults)) {
      case SettingsRead.Bad bad -> refused(bad.told(file));
      case SettingsRead.Good good -> {
        try {
          dormouse.reload(good.settings());
          LOG.info("reload", "config", file);
          String warnings = good.told(file);
          warnings.lines().forEach(warning -> LOG.warn("reload-warning", "what", warning));
          yield new Reloaded(true, warnings);
        } catch (StartFault e) {
          String why = NamedFiles.why(file);
          yield refused(why.isEmpty() ? String.valueOf(e.getMessage()) : why);
        }
      }
    };
  }

  private static Reloaded refused(String faults) {
    faults.lines().forEach(fault -> LOG.error("reload-refused", "why", fault));
    return new Reloaded(false, faults + "\n");
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
