package dormouse.directory.oauth2;

import dormouse.config.AuthUrl;
import dormouse.tls.JdkTrust;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// The provider's HTTP server. Any thread; blocks.
final class Provider implements AutoCloseable {
  private static final int MOST_BYTES = 1 << 20;

  private final HttpClient client;
  private final Duration timeout;

  /// @param ca PEM, certificates that may sign the server's; null: those the JDK trusts
  /// @param timeout for an answer
  Provider(@Nullable Path ca, Duration timeout) throws IOException {
    this.timeout = timeout;
    client =
        HttpClient.newBuilder()
            .sslContext(JdkTrust.of(ca))
            .connectTimeout(timeout)
            .followRedirects(HttpClient.Redirect.NEVER)
            .build();
  }

  /// A request for a URL of the settings, to be completed.
  HttpRequest.Builder request(AuthUrl url) {
    return HttpRequest.newBuilder(URI.create(url.toString()))
        .timeout(timeout)
        .header("Accept", "application/json");
  }

  /// The body of its answer.
  ///
  /// @throws IOException if there is none, or it is too long, or its status is not 200
  byte[] send(HttpRequest request) throws IOException, InterruptedException {
    HttpResponse<InputStream> response =
        client.send(request, HttpResponse.BodyHandlers.ofInputStream());
    try (InputStream in = response.body()) {
      if (response.statusCode() != 200) {
        throw new IOException("the provider answers with status " + response.statusCode());
      }
      byte[] body = in.readNBytes(MOST_BYTES + 1);
      if (body.length > MOST_BYTES) {
        throw new IOException("the provider's answer is longer than " + MOST_BYTES + " bytes");
      }
      return body;
    }
  }

  @Override
  public void close() {
    client.shutdownNow();
  }
}
