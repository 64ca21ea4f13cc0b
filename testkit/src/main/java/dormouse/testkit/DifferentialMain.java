package dormouse.testkit;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/// Runs a [Differential] from a shell, for as many operations as wanted.
///
/// `--port` is what is tested, `--truth-port` a Dovecot itself in the clear; without `--truth-port` a private
/// `--server` (dovecot, cyrus or courier) is started and tested as it is. `--replay SEED` runs one seed alone.
public final class DifferentialMain {
  private static final Map<String, String> DEFAULTS =
      Map.ofEntries(
          Map.entry("--server", "dovecot"),
          Map.entry("--seed", "1"),
          Map.entry("--operations", "20000"),
          Map.entry("--host", "127.0.0.1"),
          Map.entry("--port", "0"),
          Map.entry("--tls", "NONE"),
          Map.entry("--truth-port", "0"),
          Map.entry("--user", "u1"),
          Map.entry("--password", DovecotServer.PASSWORD),
          Map.entry("--modes", "PLAIN,CONDSTORE,QRESYNC"),
          Map.entry("--replay", ""));

  private static final PrintWriter OUT =
      new PrintWriter(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);

  private DifferentialMain() {}

  /// Ends with status 1 at the first difference, 2 if it is called wrongly.
  public static void main(String[] arguments) {
    var options = new HashMap<>(DEFAULTS);
    for (int i = 0; i + 1 < arguments.length; i += 2) {
      if (options.replace(arguments[i], arguments[i + 1]) == null) {
        OUT.println("unknown option " + arguments[i] + "; there are " + DEFAULTS.keySet());
        System.exit(2);
      }
    }
    System.exit(run(options) ? 0 : 1);
  }

  private static boolean run(Map<String, String> options) {
    int truthPort = Integer.parseInt(options.getOrDefault("--truth-port", ""));
    if (truthPort != 0) {
      int port = Integer.parseInt(options.getOrDefault("--port", ""));
      var tls = Endpoint.Tls.valueOf(options.getOrDefault("--tls", "").toUpperCase(Locale.ROOT));
      return run(
          options,
          new Endpoint(options.getOrDefault("--host", ""), port, tls),
          Endpoint.plain(truthPort));
    }
    try (var server = start(options.getOrDefault("--server", ""))) {
      var plan = DifferentialPlan.of(Endpoint.plain(server.imapPort()), server, "u1");
      return run(options, plan);
    }
  }

  private static MailServer start(String name) {
    return switch (name) {
      case "dovecot" -> DovecotServer.start();
      case "cyrus" -> CyrusServer.start();
      case "courier" -> CourierServer.start();
      default -> throw new IllegalArgumentException("no server " + name);
    };
  }

  private static boolean run(Map<String, String> options, Endpoint front, Endpoint truth) {
    var modes =
        Stream.of(options.getOrDefault("--modes", "").split(",", -1))
            .map(ModelMode::valueOf)
            .toArray(ModelMode[]::new);
    var plan =
        DifferentialPlan.dovecot(front, truth, options.getOrDefault("--user", ""))
            .withPassword(options.getOrDefault("--password", ""))
            .withModes(modes);
    return run(options, plan);
  }

  private static boolean run(Map<String, String> options, DifferentialPlan plan) {
    var differential = new Differential(plan);
    long started = System.nanoTime();
    try {
      if (options.getOrDefault("--replay", "").isEmpty()) {
        differential.runUntil(
            Long.parseLong(options.getOrDefault("--operations", "")),
            Long.parseLong(options.get("--seed")));
      } else {
        differential.run(Long.parseLong(options.getOrDefault("--replay", "")));
      }
    } catch (AssertionError e) {
      OUT.println(e.getMessage());
      return false;
    } finally {
      var took = Duration.ofNanos(System.nanoTime() - started);
      for (String line :
          List.of(
              differential.operations() + " operations in " + took.toSeconds() + " s",
              differential.lateViews() + " views needed more than one NOOP",
              differential.counts())) {
        OUT.println(line);
      }
    }
    OUT.println("no difference");
    return true;
  }
}
