package dormouse;

import dormouse.cli.Cli;
import dormouse.cli.LiveLine;
import dormouse.cli.Request;
import dormouse.config.Settings;
import dormouse.ops.EventLog;
import dormouse.ops.Metrics;
import dormouse.ops.MetricsServer;
import java.io.Console;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// Reads the command line and the settings, starts the parts and, told to stop, closes them in turn.
public final class Main {
  private Main() {}

  public static void main(String[] arguments) throws IOException {
    PrintWriter out = writer(FileDescriptor.out);
    PrintWriter err = writer(FileDescriptor.err);
    switch (new Cli(out, err, System.getenv()).read(arguments)) {
      case Request.Exit(int code) -> System.exit(code);
      case Request.Serve(Settings settings, boolean quiet) -> serve(settings, quiet, out);
      case Request.ServeDemo _ -> throw new IOException("this build has no demo: --backend HOST");
    }
  }

  private static void serve(Settings settings, boolean quiet, PrintWriter out) throws IOException {
    boolean terminal = isTerminal();
    if (terminal && !quiet) {
      System.setProperty("dormouse.log.prefix", LiveLine.WIPE);
    }
    Metrics metrics = new Metrics();
    metrics.watchProcess();
    MetricsServer server = metricsServer(settings.admin().address(), metrics);
    LiveLine line = quiet ? null : LiveLine.start(metrics, out, terminal);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(line, server), "stop"));
    EventLog.of(Main.class).info("start", "version", Cli.version());
  }

  private static @Nullable MetricsServer metricsServer(
      @Nullable InetSocketAddress address, Metrics metrics) throws IOException {
    return address == null ? null : MetricsServer.start(address, metrics);
  }

  private static void stop(@Nullable LiveLine line, @Nullable MetricsServer server) {
    if (line != null) {
      line.close();
    }
    if (server != null) {
      server.close();
    }
    EventLog.of(Main.class).info("stop");
    EventLog.flush();
  }

  @SuppressWarnings("SystemConsoleNull") // it is null in JDK 25, when not on a terminal
  private static boolean isTerminal() {
    Console console = System.console();
    return console != null && console.isTerminal();
  }

  private static PrintWriter writer(FileDescriptor descriptor) {
    return new PrintWriter(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
  }
}
