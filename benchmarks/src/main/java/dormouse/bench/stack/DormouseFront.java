package dormouse.bench.stack;

import dormouse.testkit.FreePort;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Dormouse as an operator starts it, by `packaging/dormouse`, trained, with no options but those of `JAVA_OPTS`. It keeps no backend
/// connection for longer than it waits before sessions hibernate, so that who wakes needs a login, as after a long sleep. Any thread.
final class DormouseFront implements Front {
  private static final int HEX = 16;
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final Pattern TOTAL = Pattern.compile("(?m)^Total +\\d+ +(\\d+)");
  private static final Pattern FILLERS =
      Pattern.compile("(?m)^ *\\d+: +\\d+ +(\\d+) +\\S*jdk\\.internal\\.vm\\.Filler");
  private static final Pattern
      HEAP = // of the parallel collector a line a generation, of G1 one line
      Pattern.compile("\\[0x(\\p{XDigit}+), (?:0x\\p{XDigit}+, )?0x(\\p{XDigit}+)\\)");
  private static final Pattern AREA = Pattern.compile("(\\p{XDigit}+)-(\\p{XDigit}+) .*");

  private final Path home;
  private final Path config;
  private final Path jar;
  private final int tlsPort = FreePort.next();
  private final int plainPort = FreePort.next();
  private final int adminPort = FreePort.next();
  private Daemon daemon;

  /// @param kind whether sessions hibernate, fed by the backend's events, and whether passwords are trusted
  DormouseFront(Scratch scratch, Backend backend, StackKind kind, int keepAliveSeconds, Path jar) {
    boolean sleeps = kind.sleeps();
    this.home = scratch.folder("dormouse");
    this.jar = jar.toAbsolutePath();
    this.config = home.resolve("dormouse.yaml");
    String text =
        """
        listen:
          - { address: "127.0.0.1:%d" }
          - { address: "127.0.0.1:%d", tls: none }
        admin: { address: "127.0.0.1:%d" }
        runtime: { state-dir: ., drain: 0s }
        tls: { certificates: [ { certificate: %s, key: %s } ] }
        backends:
          mail:
            address: "127.0.0.1:%d"
            tls: none
            gate: { logins-per-second: 100000, burst: 100000, concurrent-logins: 1000, queue: 100000 }
            pool: { keep: %8$s, keep-after-logout: %8$s, trust-password: %10$s }
        hibernate: { enabled: %7$b, after: %8$s, wake-timeout: 60s, keep-alive: %9$ds, sync-linger: %8$s }
        limits: { exempt: [ 127.0.0.0/8 ] }
        """
            .formatted(
                tlsPort,
                plainPort,
                adminPort,
                scratch.tls().certificate(),
                scratch.tls().key(),
                backend.plainPort(),
                sleeps,
                Backend.HIBERNATE_AFTER,
                keepAliveSeconds,
                kind.trust());
    String feed =
        "feeds: [ { dovecot-events: { listen: \"127.0.0.1:%d\" } } ]%n"
            .formatted(backend.eventPort());
    try {
      Files.writeString(config, sleeps ? text + feed : text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    daemon = start();
  }

  private Daemon start() {
    String options = System.getenv().getOrDefault("JAVA_OPTS", "");
    List<String> command = new ArrayList<>(DormouseCommand.of(jar, List.of(options.strip())));
    command.addAll(List.of("--config", config.toString()));
    return Daemon.start(home, tlsPort, command);
  }

  @Override
  public int tlsPort() {
    return tlsPort;
  }

  @Override
  public int plainPort() {
    return plainPort;
  }

  @Override
  public synchronized List<Long> pids() {
    return List.of(daemon.pid());
  }

  @Override
  public synchronized void restart() {
    daemon.close();
    daemon = start();
  }

  private synchronized Jvm jvm() {
    return new Jvm(daemon.pid());
  }

  @Override
  public void awaitCompilers() {
    jvm().awaitCompilers();
  }

  @Override
  public boolean awaitCompilersGone(Duration most) {
    return jvm().awaitCompilersGone(most);
  }

  @Override
  public long codeBytes() {
    return jvm().codeBytes();
  }

  /// All of the heap that is in memory, but what a full collection leaves, without what it fills gaps with. Less than nothing where some of
  /// that has not been written to and is in no memory yet: it counts as if it were.
  @Override
  public LongSupplier unusedBytes() {
    Jvm jvm = jvm();
    String classes = jvm.say("GC.class_histogram"); // collects first
    jvm.say("System.trim_native_heap"); // as it does itself, but not just now
    Matcher total = TOTAL.matcher(classes);
    long fillers =
        FILLERS.matcher(classes).results().mapToLong(each -> Long.parseLong(each.group(1))).sum();
    List<MatchResult> heap = HEAP.matcher(jvm.say("GC.heap_info")).results().toList();
    if (!total.find() || heap.isEmpty()) {
      throw new IllegalStateException("nothing is told of the heap");
    }
    long from = heap.stream().mapToLong(part -> address(part.group(1))).min().orElseThrow();
    long to = heap.stream().mapToLong(part -> address(part.group(2))).max().orElseThrow();
    long needed = Long.parseLong(total.group(1)) - fillers;
    return () -> memoryBytes(jvm.pid(), from, to) - needed;
  }

  private static long address(String digits) {
    return Long.parseLong(digits, HEX);
  }

  /// Pss of what lies between two addresses.
  private static long memoryBytes(long pid, long from, long to) {
    try (Stream<String> lines = Files.lines(Path.of("/proc", Long.toString(pid), "smaps"))) {
      long[] sum = new long[2]; // kB; whether the present area counts
      lines.forEach(line -> {
        Matcher area = AREA.matcher(line);
        if (area.matches()) {
          long start = Long.parseUnsignedLong(area.group(1), HEX);
          sum[1] =
              Long.compareUnsigned(start, from) >= 0 && Long.compareUnsigned(start, to) < 0 ? 1 : 0;
        } else if (line.startsWith("Pss:")) {
          sum[0] += sum[1] * Long.parseLong(line.replaceAll("\\D", ""));
        }
      });
      return sum[0] << 10;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// A sample of its metrics, summed over all series that begin like this.
  long metric(String begin) {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + adminPort + "/metrics")).build();
    return HTTP.sendAsync(request, HttpResponse.BodyHandlers.ofString())
        .orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS)
        .join()
        .body()
        .lines()
        .filter(line -> line.startsWith(begin))
        .mapToLong(line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  @Override
  public synchronized void close() {
    daemon.close();
  }
}
