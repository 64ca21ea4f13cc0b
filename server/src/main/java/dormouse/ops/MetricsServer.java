package dormouse.ops;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;

/// Serves `GET /metrics` in the Prometheus text format, `GET /health` with `ok`, and for clients on this machine `POST /reload` and
/// `POST /kick`, on one address and no other. Its
/// requests run on virtual threads. Any thread.
public final class MetricsServer implements AutoCloseable {
  private static final String PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8";
  private static final String PLAIN_TEXT = "text/plain; charset=utf-8";
  private static final int BACKLOG = 64;

  /// What a `POST` brings about.
  private interface Order {
    void obey(HttpExchange exchange, String query) throws IOException;
  }

  private final HttpServer server;
  private final ExecutorService threads;

  private MetricsServer(HttpServer server, ExecutorService threads) {
    this.server = server;
    this.threads = threads;
  }

  /// Takes the address, and lets requests wait until [#serve()].
  ///
  /// @param address where; port 0 is any free one
  /// @throws IOException with a text for the operator, if the address is taken or not this machine's
  public static MetricsServer bind(InetSocketAddress address, Metrics metrics) throws IOException {
    HttpServer server = open(address);
    ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    server.setExecutor(threads);
    server.createContext("/metrics", page("/metrics", PROMETHEUS_TEXT, metrics::scrape));
    server.createContext("/health", page("/health", PLAIN_TEXT, () -> "ok\n"));
    return new MetricsServer(server, threads);
  }

  /// What came of a reload.
  ///
  /// @param served whether what was read is served
  /// @param told all that is wrong with it, or unwise, a line each with its end; or `""`
  public record Reloaded(boolean served, String told) {}

  /// Serves `POST /reload` too: 200 with all that is unwise, or 422 with all that is wrong.
  public void reloadBy(Supplier<Reloaded> reload) {
    server.createContext(
        "/reload",
        order(
            "/reload",
            (exchange, _) -> {
              Reloaded reloaded = reload.get();
              answer(exchange, reloaded.served() ? 200 : 422, PLAIN_TEXT, reloaded.told());
            }));
  }

  /// Serves `POST /kick?user=NAME` too: 200 and the number of clients that were sent away, or 400 without a name.
  ///
  /// @param kick sends a user's clients away, and says how many they were
  public void kickBy(ToIntFunction<String> kick) {
    server.createContext(
        "/kick",
        order(
            "/kick",
            (exchange, query) -> {
              String user = query.startsWith("user=") ? query.substring("user=".length()) : "";
              if (user.isEmpty() || user.contains("&")) {
                answer(exchange, 400, PLAIN_TEXT, "wanted ?user=NAME\n");
                return;
              }
              int number = kick.applyAsInt(URLDecoder.decode(user, StandardCharsets.UTF_8));
              answer(exchange, 200, PLAIN_TEXT, number + "\n");
            }));
  }

  /// Answers from here on. Once: when all that `/health` answers for is up.
  public void serve() {
    server.start();
  }

  /// Where it listens, with the port it has.
  public InetSocketAddress address() {
    return server.getAddress();
  }

  /// Serves nothing more.
  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  private static HttpServer open(InetSocketAddress address) throws IOException {
    try {
      return HttpServer.create(address, BACKLOG);
    } catch (BindException e) {
      String text =
          "admin.address: cannot listen on " + address.getHostString() + ":" + address.getPort();
      throw new IOException(text + " (" + e.getMessage() + ")", e);
    }
  }

  private static HttpHandler page(String path, String type, Supplier<String> content) {
    return exchange -> {
      try (exchange) {
        if (!exchange.getRequestURI().getPath().equals(path)) {
          answer(exchange, 404, PLAIN_TEXT, "not here\n");
          return;
        }
        switch (exchange.getRequestMethod()) {
          case "GET", "HEAD" -> answer(exchange, 200, type, content.get());
          default -> {
            exchange.getResponseHeaders().set("Allow", "GET, HEAD");
            answer(exchange, 405, PLAIN_TEXT, "only GET\n");
          }
        }
      }
    };
  }

  /// What is done on request, for clients on this machine only.
  private static HttpHandler order(String path, Order order) {
    return exchange -> {
      try (exchange) {
        if (!exchange.getRequestURI().getPath().equals(path)) {
          answer(exchange, 404, PLAIN_TEXT, "not here\n");
        } else if (!exchange.getRemoteAddress().getAddress().isLoopbackAddress()) {
          answer(exchange, 403, PLAIN_TEXT, "only from this machine\n");
        } else if (!exchange.getRequestMethod().equals("POST")) {
          exchange.getResponseHeaders().set("Allow", "POST");
          answer(exchange, 405, PLAIN_TEXT, "only POST\n");
        } else {
          String query = exchange.getRequestURI().getRawQuery();
          order.obey(exchange, query == null ? "" : query);
        }
      }
    };
  }

  private static void answer(HttpExchange exchange, int status, String type, String content)
      throws IOException {
    byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", type);
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.sendResponseHeaders(status, -1);
      return;
    }
    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    exchange.getResponseBody().write(bytes);
  }
}
