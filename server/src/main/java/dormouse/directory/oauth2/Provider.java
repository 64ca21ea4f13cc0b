package dormouse.directory.oauth2;

import dormouse.config.AuthUrl;
import dormouse.tls.JdkTrust;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// The provider's HTTP server. Any thread.
final class Provider implements AutoCloseable {
  private static final int MOST_BYTES = 1 << 20;
  private static final int TOO_MANY_REQUESTS = 429; // RFC 6585 §4

  private final HttpClient client;
  private final Duration timeout;

  /// @param ca PEM, certificates that may sign the server's; null: those the JDK trusts
  /// @param timeout for a whole answer
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
    return HttpRequest.newBuilder(URI.create(url.toString())).header("Accept", "application/json");
  }

  /// The body of its answer; failed by an [IOException] if there is none in time, or it is too long, or its status is not 200.
  CompletableFuture<byte[]> send(HttpRequest request) {
    CompletableFuture<HttpResponse<byte[]>> sent =
        client.sendAsync(request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), MOST_BYTES));
    CompletableFuture<byte[]> body =
        // a timeout of the request would end with the headers
        sent.thenApply(Provider::body).orTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS);
    body.whenComplete((_, failure) -> {
      if (failure != null) {
        sent.cancel(true);
      }
    });
    return body.exceptionally(failure -> {
      throw new CompletionException(told(failure));
    });
  }

  private static byte[] body(HttpResponse<byte[]> response) {
    if (response.statusCode() != 200) {
      throw new CompletionException(new BadStatus(response.statusCode()));
    }
    return response.body();
  }

  /// It has answered with another status than 200.
  static final class BadStatus extends IOException {
    private static final long serialVersionUID = 1;

    private final int status;

    BadStatus(int status) {
      super("the provider answers with status " + status);
      this.status = status;
    }

    /// Whether it is about what was asked, and not about who asks or how often.
    boolean isOfTheQuestion() {
      return status / 100 == 4
          && status != HttpURLConnection.HTTP_UNAUTHORIZED
          && status != HttpURLConnection.HTTP_FORBIDDEN
          && status != HttpURLConnection.HTTP_PROXY_AUTH
          && status != TOO_MANY_REQUESTS;
    }
  }

  private static IOException told(Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    return switch (cause) {
      case IOException told -> told;
      case TimeoutException _ -> new IOException("the provider has not answered in time");
      default -> new IOException("the provider cannot be asked: " + cause, cause);
    };
  }

  @Override
  public void close() {
    client.shutdownNow();
  }
}
