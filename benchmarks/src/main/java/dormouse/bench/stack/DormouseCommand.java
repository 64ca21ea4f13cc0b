package dormouse.bench.stack;

import java.nio.file.Path;
import java.util.List;

/// How a Dormouse is started here: as everywhere, by `packaging/dormouse`.
public final class DormouseCommand {
  private DormouseCommand() {}

  /// The command of one that says little, but for its settings.
  ///
  /// @param jar in `server/target` of the project
  /// @param options more for the JVM
  public static List<String> of(Path jar, List<String> options) {
    Path file = jar.toAbsolutePath().normalize();
    Path launcher = file.resolve("../../../packaging/dormouse").normalize();
    return List.of(
        "/usr/bin/env",
        "JAVA=" + Path.of(System.getProperty("java.home"), "bin", "java"),
        "JAVA_OPTS=" + String.join(" ", options),
        "DORMOUSE_JAR=" + file,
        launcher.toString(),
        "--quiet",
        "--log",
        "warn");
  }
}
