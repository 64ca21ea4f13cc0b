package dormouse;

import dormouse.cli.Cli;
import dormouse.cli.LiveLine;
import dormouse.cli.Request;
import dormouse.cli.Summary;
import dormouse.config.Settings;
import dormouse.config.Units;
import dormouse.demo.Demo;
import dormouse.demo.Training;
import dormouse.ops.EventLog;
import dormouse.ops.Metrics;
import dormouse.ops.MetricsServer;
import dormouse.park.Capacity;
import java.io.Console;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Deque;
import java.util.Objects;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Reads the command line and the settings, starts the parts and, told to stop, closes them in turn,
/// what was started last first.
public final class Main {
  private static final String LEAK_DETECTION = "io.netty.leakDetection.level";

  private static final Duration RELOAD_PATIENCE = Duration.ofSeconds(30);

  private final PrintWriter out;
  private final Deque<AutoCloseable> started = new ConcurrentLinkedDeque<>();

  private Main(PrintWriter out) {
    this.out = out;
  }

  public static void main(String[] arguments) {
    if (System.getProperty(LEAK_DETECTION) == null) {
      System.setProperty(
          LEAK_DETECTION, "disabled"); // it costs each buffer; the tests look for leaks
    }
    PrintWriter out = writer(FileDescriptor.out);
    PrintWriter err = writer(FileDescriptor.err);
    Request request = new Cli(out, err, System.getenv(), NamedFiles::faults).read(arguments);
    if (isTerminal()) {
      System.setProperty("dormouse.log.prefix", LiveLine.WIPE); // before the first logger is made
    }
    try {
      new Main(out).run(request);
    } catch (StartFault e) {
      String why =
          request instanceof Request.Serve(_, Path file, _) && file != null
              ? NamedFiles.why(file)
              : "";
      err.println(why.isEmpty() ? "dormouse: " + e.getMessage() : why);
      System.exit(1);
    } catch (IOException e) {
      err.println("dormouse: " + e.getMessage());
      System.exit(1);
    } catch (RuntimeException | Error bug) { // the threads of what has begun would keep the process
      EventLog.of(Main.class).error(bug, "bug");
      EventLog.flush();
      System.exit(1);
    }
  }

  private void run(Request request) throws IOException, StartFault {
    switch (request) {
      case Request.Exit(int code) -> System.exit(code);
      case Request.Serve(Settings settings, Path file, boolean quiet) ->
          serve(settings, file, quiet, dormouse -> Summary.of(settings, dormouse.addresses()));
      case Request.Reload(InetSocketAddress admin) -> System.exit(reload(admin));
      case Request.Train() -> {
        Path cache = Training.run();
        out.printf("%s: %d MB%n", cache, Files.size(cache) >> 20);
      }
      case Request.ServeDemo(Path stateDir, var hibernateAfter, boolean quiet) -> {
        Demo demo =
            Demo.start(stateDir, Objects.requireNonNullElse(hibernateAfter, Demo.HIBERNATE_AFTER));
        started.push(demo);
        serve(demo.settings(), null, quiet, _ -> demo.introduction());
      }
    }
  }

  private void serve(
      Settings settings,
      @Nullable Path file,
      boolean quiet,
      Function<Dormouse, String> introduction)
      throws IOException, StartFault {
    Runtime.getRuntime().addShutdownHook(new Thread(this::stop, "stop"));
    Metrics metrics = new Metrics();
    MetricsServer metricsServer = bind(settings.admin().address(), metrics);
    Dormouse dormouse = Dormouse.start(settings, metrics);
    started.push(dormouse);
    if (file != null) {
      Reload reload = new Reload(file, dormouse);
      reload.onHangup();
      if (metricsServer != null) {
        metricsServer.reloadBy(reload::run);
      }
    }
    metrics.watchProcess(); // clients can come while the JDK loads what it needs for that
    if (metricsServer != null) {
      metricsServer.kickBy(dormouse::kick);
      metricsServer.serve();
    }
    EventLog.of(Main.class).info("start", "version", Cli.version());
    Capacity.here().log();
    out.println(introduction.apply(dormouse));
    if (!quiet) {
      started.push(LiveLine.start(metrics, out, isTerminal()));
    }
  }

  /// Asks the Dormouse that runs here; the exit code says whether it serves what its file says now.
  private int reload(InetSocketAddress admin) throws IOException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://" + Units.show(admin) + "/reload"))
            .POST(HttpRequest.BodyPublishers.noBody())
            .timeout(RELOAD_PATIENCE)
            .build();
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
      out.print(answer.body() + (answer.statusCode() == 200 ? "reloaded\n" : ""));
      out.flush();
      return answer.statusCode() == 200 ? 0 : 1;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    } catch (ConnectException e) {
      throw new IOException("no Dormouse answers at " + Units.show(admin), e);
    }
  }

  /// Before anything else: a second Dormouse fails here, and takes no client from the first.
  private @Nullable MetricsServer bind(@Nullable InetSocketAddress address, Metrics metrics)
      throws IOException {
    if (address == null) {
      return null;
    }
    MetricsServer server = MetricsServer.bind(address, metrics);
    started.push(server);
    return server;
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
    events.info("stopped");
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
