package dormouse.demo;

import dormouse.testkit.FreePort;
import dormouse.testkit.Wait;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// `dormouse train`: lets a Dormouse in a process of its own go through a [Rehearsal]. What its JVM has loaded, linked and counted by then it writes, when it
/// ends, into a file beside the jar (JEP 483, JEP 514, JEP 515), which later starts use. Blocks.
public final class Training {
  private static final Duration START = Duration.ofSeconds(60);
  private static final Duration END = Duration.ofMinutes(5);
  private static final Duration KILLED = Duration.ofSeconds(5);
  private static final int TOLD_BYTES = 4000;

  /// Of our own JVM's options all go to the other, but these.
  private static final List<String> OUR_OWN =
      List.of("-XX:AOT", "-Xlog", "-agentlib", "-javaagent");

  private final Path home;
  private final Rehearsal.Ports ports =
      new Rehearsal.Ports(
          FreePort.next(), FreePort.next(), FreePort.next(), FreePort.next(), FreePort.next());
  private final CountDownLatch over = new CountDownLatch(1);
  private @Nullable Process trainee;
  private volatile boolean ending;

  private Training(Path home) {
    this.home = home;
  }

  /// Makes the file for the jar that runs: where it is.
  ///
  /// @throws IOException if it cannot be made, with what the other process said
  public static Path run() throws IOException {
    Path jar = jar();
    Path cache = cache(jar);
    Path made = cache.resolveSibling(cache.getFileName() + "." + ProcessHandle.current().pid());
    Path home = Files.createTempDirectory("dormouse-train");
    Training training = new Training(home);
    Thread end = new Thread(training::end, "training-ends");
    Runtime.getRuntime().addShutdownHook(end);
    try {
      training.make(jar, made);
      Files.move(made, cache, StandardCopyOption.ATOMIC_MOVE);
      return cache;
    } finally {
      Files.deleteIfExists(made);
      Files.deleteIfExists(
          made.resolveSibling(made.getFileName() + ".config")); // of a JVM that was stopped
      delete(home);
      training.over.countDown();
      if (!training.ending) {
        Runtime.getRuntime().removeShutdownHook(end);
      }
    }
  }

  /// Told to end: without the other process nothing goes on, and what was begun is deleted.
  private void end() {
    Process running;
    synchronized (this) {
      ending = true;
      running = trainee;
    }
    if (running != null) {
      kill(running);
    }
    try {
      boolean _ = over.await(START.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized Process start(ProcessBuilder builder) throws IOException {
    if (ending) {
      throw new IOException("told to end");
    }
    Process started = builder.start();
    trainee = started;
    return started;
  }

  /// Where `packaging/dormouse` looks for it.
  private static Path cache(Path jar) {
    return jar.resolveSibling(jar.getFileName().toString().replaceFirst("\\.jar$", ".aot"));
  }

  private static Path jar() throws IOException {
    try {
      Path jar =
          Path.of(Training.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      if (!Files.isRegularFile(jar)) {
        throw new IOException("it runs from " + jar + ", and only a jar can be trained with");
      }
      return jar;
    } catch (URISyntaxException e) {
      throw new IOException(e);
    }
  }

  private void make(Path jar, Path made) throws IOException {
    File said = home.resolve("said").toFile();
    try (Rehearsal rehearsal = new Rehearsal(ports)) {
      Process trainee =
          start(
              new ProcessBuilder(command(jar, made, settings(rehearsal)))
                  .redirectErrorStream(true)
                  .redirectOutput(said));
      try {
        trainee.getOutputStream().close();
        Wait.until("it accepts clients", START, () -> !trainee.isAlive() || accepts());
        rehearsal.run();
        trainee.destroy();
        if (!trainee.waitFor(END.toSeconds(), TimeUnit.SECONDS) || !Files.exists(made)) {
          throw new IOException("the JVM has made no " + made);
        }
      } finally {
        kill(trainee);
      }
    } catch (AssertionError | IOException e) {
      throw new IOException(e.getMessage() + "\n" + end(said.toPath()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  /// First the JVM that it starts at its end, which writes the file (JEP 514): it would outlive the other, and go on.
  private static void kill(Process trainee) {
    List<ProcessHandle> writing = trainee.descendants().toList();
    writing.forEach(ProcessHandle::destroyForcibly);
    writing.forEach(each ->
        each.onExit()
            .completeOnTimeout(each, KILLED.toSeconds(), TimeUnit.SECONDS)
            .join()); // its parent may leave it a zombie
    trainee.destroyForcibly().onExit().join();
  }

  private static List<String> command(Path jar, Path made, Path settings) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(option -> OUR_OWN.stream().noneMatch(option::startsWith))
        .forEach(command::add);
    command.add("-XX:AOTCacheOutput=" + made);
    command.addAll(
        List.of(
            "-jar", jar.toString(), "--config", settings.toString(), "--quiet", "--log", "warn"));
    return command;
  }

  /// Sessions sleep at once, and are kept awake by nothing.
  private Path settings(Rehearsal rehearsal) throws IOException {
    return Files.writeString(
        home.resolve("dormouse.yaml"),
        """
        listen:
          - { address: "127.0.0.1:%d" }
          - { address: "127.0.0.1:%d", tls: starttls }
          - { address: "127.0.0.1:%d", tls: none }
        admin: { address: "127.0.0.1:%d" }
        runtime: { state-dir: ., drain: 0s }
        backends:
          mail:
            address: "127.0.0.1:%d"
            tls: none
            gate: { logins-per-second: 10000, burst: 10000, concurrent-logins: 100, queue: 1000 }
        directory:
          - { http: { url: "http://127.0.0.1:%d/auth" }, unavailable: next, break-after: 0 }
          - backend:
        feeds: [ { dovecot-events: { listen: "127.0.0.1:%d" } } ]
        hibernate: { after: 0s, poll: 10s }
        limits: { exempt: [ 127.0.0.0/8 ] }
        """
            .formatted(
                ports.tls(),
                ports.startTls(),
                ports.plain(),
                ports.admin(),
                rehearsal.backendPort(),
                rehearsal.daemonPort(),
                ports.events()));
  }

  private boolean accepts() {
    try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), ports.plain())) {
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  private static String end(Path told) throws IOException {
    String said = Files.exists(told) ? Files.readString(told) : ""; // it may not have begun
    return said.substring(Math.max(0, said.length() - TOLD_BYTES));
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(each);
      }
    }
  }
}
