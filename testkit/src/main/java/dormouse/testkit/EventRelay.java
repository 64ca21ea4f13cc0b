package dormouse.testkit;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/// Stands between a mail server that posts events and whoever wants them, and passes each on: at first faithfully, on
/// request with losses, doubles and delays, so that events also overtake each other. Any thread.
public final class EventRelay implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final HttpServer server;
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(PATIENCE).build();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final ScheduledExecutorService later = Executors.newSingleThreadScheduledExecutor();
  private final AtomicLong heard = new AtomicLong();
  private final AtomicLong lost = new AtomicLong();
  private final Random random;
  private volatile int port;
  private volatile double loss;
  private volatile double doubling;
  private volatile Duration delay = Duration.ZERO;

  private EventRelay(HttpServer server, long seed) {
    this.server = server;
    this.random = new Random(seed);
  }

  /// Starts one on a free port of 127.0.0.1; until [#to] it loses everything.
  ///
  /// @param seed of its mischief
  public static EventRelay start(long seed) {
    try {
      var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
      var relay = new EventRelay(HttpServer.create(address, 0), seed);
      relay.server.createContext("/", relay::handle);
      relay.server.setExecutor(relay.threads);
      relay.server.start();
      return relay;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Where the mail server is to post.
  public int port() {
    return server.getAddress().getPort();
  }

  /// Passes events on to this port of 127.0.0.1.
  public void to(int other) {
    port = other;
  }

  /// From now on one event in how many is lost, another doubled, and each delayed by up to so long.
  ///
  /// @param loss from 0, none, to 1, all
  /// @param doubling from 0 to 1
  public void mischief(double loss, double doubling, Duration delay) {
    this.loss = loss;
    this.doubling = doubling;
    this.delay = delay;
  }

  /// How many events came, and were lost on purpose, or passed on and answered.
  public long heard() {
    return heard.get();
  }

  /// How many of them were lost on purpose.
  public long lost() {
    return lost.get();
  }

  private void handle(HttpExchange exchange) throws IOException {
    byte[] body = exchange.getRequestBody().readAllBytes();
    exchange.sendResponseHeaders(204, -1);
    exchange.close();
    if (port == 0 || chance() < loss) {
      lost.incrementAndGet();
      heard.incrementAndGet();
      return;
    }
    passOn(() -> {
      post(body);
      heard.incrementAndGet();
    });
    if (chance() < doubling) {
      passOn(() -> post(body));
    }
  }

  private void passOn(Runnable event) {
    long nanos = (long) (delay.toNanos() * chance());
    later.schedule(() -> threads.execute(event), nanos, TimeUnit.NANOSECONDS);
  }

  private double chance() {
    synchronized (random) {
      return random.nextDouble();
    }
  }

  private void post(byte[] body) {
    var request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/"))
            .timeout(PATIENCE)
            .POST(HttpRequest.BodyPublishers.ofByteArray(body))
            .build();
    try {
      client.send(request, HttpResponse.BodyHandlers.discarding());
    } catch (IOException _) {
      lost.incrementAndGet(); // nobody listens any more
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /// Passes on nothing more.
  @Override
  public void close() {
    server.stop(0);
    later.shutdownNow();
    threads.shutdownNow();
    client.shutdownNow();
  }
}
