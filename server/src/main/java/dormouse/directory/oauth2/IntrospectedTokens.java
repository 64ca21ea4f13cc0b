package dormouse.directory.oauth2;

import dormouse.config.AuthUrl;
import dormouse.config.OAuth2LinkSettings;
import dormouse.config.SecretFile;
import dormouse.directory.Workers;
import java.io.IOException;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/// Tokens that only their provider can read: it is asked about each (RFC 7662). Any thread.
final class IntrospectedTokens implements Tokens {
  private final AuthUrl url;
  private final Provider provider;
  private final @Nullable String authorization;
  private final Workers workers;
  private final InstantSource timeOfDay;

  private IntrospectedTokens(
      AuthUrl url,
      Provider provider,
      @Nullable String authorization,
      Workers workers,
      InstantSource timeOfDay) {
    this.url = url;
    this.provider = provider;
    this.authorization = authorization;
    this.workers = workers;
    this.timeOfDay = timeOfDay;
  }

  /// @param workers where the provider is asked, so many questions at a time
  /// @throws IOException if the client's secret cannot be read
  static IntrospectedTokens of(
      OAuth2LinkSettings settings,
      AuthUrl url,
      Provider provider,
      Workers workers,
      InstantSource timeOfDay)
      throws IOException {
    return new IntrospectedTokens(url, provider, authorization(settings), workers, timeOfDay);
  }

  /// HTTP Basic with both words as in a form (RFC 6749 §2.3.1).
  private static @Nullable String authorization(OAuth2LinkSettings settings) throws IOException {
    if (settings.clientId() == null || settings.clientSecretFile() == null) {
      return null;
    }
    byte[] secret = SecretFile.read(settings.clientSecretFile());
    String both =
        form(settings.clientId()) + ":" + form(new String(secret, StandardCharsets.UTF_8));
    Arrays.fill(secret, (byte) 0);
    return "Basic " + Base64.getEncoder().encodeToString(both.getBytes(StandardCharsets.UTF_8));
  }

  private static String form(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  @Override
  public CompletableFuture<Optional<JsonObject>> claims(byte[] token) {
    return workers.run(() -> ask(token));
  }

  private Optional<JsonObject> ask(byte[] token) throws IOException, InterruptedException {
    String body =
        "token="
            + form(new String(token, StandardCharsets.UTF_8))
            + "&token_type_hint=access_token";
    HttpRequest.Builder request =
        provider
            .request(url)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString(body));
    if (authorization != null) {
      request.header("Authorization", authorization);
    }
    JsonObject claims = JsonObject.parse(answer(request.build()));
    if (claims == null) {
      throw new IOException("the provider's answer is no JSON object");
    }
    Long expires = claims.seconds("exp");
    boolean expired = expires != null && timeOfDay.instant().getEpochSecond() >= expires;
    return "true".equals(claims.text("active")) && !expired
        ? Optional.of(claims)
        : Optional.empty();
  }

  private byte[] answer(HttpRequest request) throws IOException, InterruptedException {
    try {
      return provider.send(request).get();
    } catch (ExecutionException e) {
      throw switch (e.getCause()) {
        case Provider.BadStatus bad when bad.isOfTheQuestion() ->
            new NothingKnown(String.valueOf(bad.getMessage()));
        case IOException told -> told;
        case null, default -> new IOException(e);
      };
    }
  }

  @Override
  public void close() {
    provider.close();
  }
}
