package dormouse.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class MetricsServerTest {
  private final Metrics metrics = new Metrics();
  private final HttpClient client = HttpClient.newHttpClient();
  private MetricsServer server;

  @BeforeEach
  void start() throws IOException {
    server =
        MetricsServer.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), metrics);
    server.serve();
  }

  @AfterEach
  void stop() {
    server.close();
    client.close();
  }

  @Test
  void metricsAreServedAsPrometheusText() throws Exception {
    metrics.hibernated();
    HttpResponse<String> answer = get("/metrics");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("Content-Type"))
        .hasValue("text/plain; version=0.0.4; charset=utf-8");
    assertThat(answer.body()).contains("dormouse_hibernations_total 1.0");
  }

  @Test
  void healthSaysOk() throws Exception {
    assertThat(get("/health").body()).isEqualTo("ok\n");
  }

  @Test
  void whateverElseIsNotThere() throws Exception {
    assertThat(get("/").statusCode()).isEqualTo(404);
    assertThat(get("/metrics/all").statusCode()).isEqualTo(404);
    HttpRequest post = request("/metrics").POST(BodyPublishers.ofString("x")).build();
    assertThat(client.send(post, BodyHandlers.ofString()).statusCode()).isEqualTo(405);
  }

  @Test
  void aUserIsKickedByName() throws Exception {
    List<String> kicked = new ArrayList<>();
    server.kickBy(user -> {
      kicked.add(user);
      return 2;
    });
    assertThat(post("/kick?user=ann%2Bwork@example.org").body()).isEqualTo("2\n");
    assertThat(post("/kick?user=J%C3%B6rg").statusCode()).isEqualTo(200);
    for (String unclear : List.of("", "?", "?user=", "?name=ann", "?user=ann&user=bob", "/ann")) {
      assertThat(post("/kick" + unclear).statusCode()).as(unclear).isBetween(400, 404);
    }
    assertThat(get("/kick?user=bob").statusCode()).isEqualTo(405);
    assertThat(kicked).containsExactly("ann+work@example.org", "J\u00f6rg");
  }

  @Test
  void whoAsksForAReloadHearsWhatIsUnwiseToo() throws Exception {
    Deque<MetricsServer.Reloaded> outcomes =
        new ArrayDeque<>(
            List.of(
                new MetricsServer.Reloaded(true, ""),
                new MetricsServer.Reloaded(true, "unwise\n"),
                new MetricsServer.Reloaded(false, "wrong\n")));
    server.reloadBy(outcomes::removeFirst);
    for (String answer : List.of("200 ", "200 unwise\n", "422 wrong\n")) {
      HttpResponse<String> heard = post("/reload");
      assertThat(heard.statusCode() + " " + heard.body()).isEqualTo(answer);
    }
  }

  private HttpResponse<String> post(String path) throws Exception {
    HttpRequest post = request(path).POST(BodyPublishers.noBody()).build();
    return client.send(post, BodyHandlers.ofString());
  }

  @Test
  void aTakenPortIsToldWithItsSetting() {
    assertThatThrownBy(() -> MetricsServer.bind(server.address(), metrics))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("admin.address: cannot listen on ")
        .hasMessageContaining(Integer.toString(server.address().getPort()));
  }

  private HttpResponse<String> get(String path) throws Exception {
    return client.send(request(path).build(), BodyHandlers.ofString());
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder()
        .timeout(Duration.ofSeconds(30))
        .uri(URI.create("http://127.0.0.1:" + server.address().getPort() + path));
  }
}
