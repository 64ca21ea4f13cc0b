package dormouse;

import dormouse.cli.Cli;
import dormouse.cli.LiveLine;
import dormouse.cli.Request;
import dormouse.config.Settings;
import dormouse.demo.Demo;
import dormouse.ops.EventLog;
import dormouse.ops.Metrics;
import dormouse.ops.MetricsServer;
import java.io.Console;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Deque;
import java.util.Objects;
import java.util.concurrent.ConcurrentLinkedDeque;

/// Reads the command line and the settings, starts the parts and, told to stop, closes them in turn.
public final class Main {
  private final PrintWriter out;
  private final Deque<AutoCloseable> started = new ConcurrentLinkedDeque<>();

  private Main(PrintWriter out) {
    this.out = out;
  }

  public static void main(String[] arguments) {
    PrintWriter out = writer(FileDescriptor.out);
    PrintWriter err = writer(FileDescriptor.err);
    Request request = new Cli(out, err, System.getenv()).read(arguments);
    try {
      new Main(out).run(request);
    } catch (IOException e) {
      err.println("dormouse: " + e.getMessage());
      System.exit(1);
    }
  }

  private void run(Request request) throws IOException {
    switch (request) {
      case Request.Exit(int code) -> System.exit(code);
      case Request.Serve(Settings settings, boolean quiet) -> serve(settings, quiet);
      case Request.ServeDemo demo -> {
        Demo servers =
            Demo.start(
                demo.stateDir(),
                Objects.requireNonNullElse(demo.hibernateAfter(), Demo.HIBERNATE_AFTER));
        started.push(servers);
        out.println(servers.introduction());
        serve(servers.settings(), demo.quiet());
      }
    }
  }

  private void serve(Settings settings, boolean quiet) throws IOException {
    boolean terminal = isTerminal();
    if (terminal && !quiet) {
      System.setProperty("dormouse.log.prefix", LiveLine.WIPE);
    }
    Runtime.getRuntime().addShutdownHook(new Thread(this::stop, "stop"));
    Metrics metrics = new Metrics();
    metrics.watchProcess();
    if (settings.admin().address() != null) {
      started.push(MetricsServer.start(settings.admin().address(), metrics));
    }
    if (!quiet) {
      started.push(LiveLine.start(metrics, out, terminal));
    }
  }

  private void stop() {
    EventLog events = EventLog.of(Main.class);
    while (!started.isEmpty()) {
      try {
        started.pop().close();
      } catch (Exception e) {
        events.error(e, "bug");
      }
    }
    events.info("stop");
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
