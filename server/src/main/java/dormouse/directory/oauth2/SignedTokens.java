package dormouse.directory.oauth2;

import dormouse.config.AuthUrl;
import dormouse.config.OAuth2LinkSettings;
import dormouse.config.TokenAlgorithm;
import dormouse.directory.Workers;
import dormouse.session.SteadyClock;
import java.security.PublicKey;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// Tokens that carry their claims under the provider's signature: JSON Web Tokens (RFC 7519) in JWS compact form (RFC 7515 §7.1).
///
/// Only algorithms of the settings count, whatever a token says; one must say when it expires. While keys are fetched, who waits for
/// them takes none of the workers' places from tokens whose keys are there. Any thread.
final class SignedTokens implements Tokens {
  private final OAuth2LinkSettings settings;
  private final Provider provider;
  private final KeySet keys;
  private final Workers workers;
  private final InstantSource timeOfDay;

  /// What a token says, not yet whether that is true.
  ///
  /// @param key which it says it is signed by; null: it does not
  /// @param signed what is
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Unproven(
      JsonObject claims,
      TokenAlgorithm algorithm,
      @Nullable String key,
      byte[] signed,
      byte[] signature) {
    Optional<JsonObject> by(List<PublicKey> candidates) {
      return candidates.stream()
              .anyMatch(each -> Signatures.verify(algorithm, each, signed, signature))
          ? Optional.of(claims)
          : Optional.empty();
    }
  }

  /// @param timeout of the link, of which a token waits for its key half at most
  /// @param workers where tokens are read and signatures checked
  SignedTokens(
      OAuth2LinkSettings settings,
      AuthUrl jwks,
      Provider provider,
      Duration timeout,
      Workers workers,
      SteadyClock clock) {
    this.settings = settings;
    this.provider = provider;
    this.keys = new KeySet(provider, jwks, settings.jwksMaxAge(), timeout.dividedBy(2), clock);
    this.workers = workers;
    this.timeOfDay = clock.timeOfDay();
  }

  @Override
  public CompletableFuture<Optional<JsonObject>> claims(byte[] token) {
    return workers
        .run(() -> Optional.ofNullable(read(token)))
        .thenCompose(read ->
            read.isEmpty()
                ? CompletableFuture.completedFuture(Optional.empty())
                : keys.candidates(read.get().key())
                    .thenCompose(candidates -> workers.run(() -> read.get().by(candidates))));
  }

  private @Nullable Unproven read(byte[] token) {
    int first = indexOfDot(token, 0);
    int second = indexOfDot(token, first + 1);
    if (first < 0 || second < 0 || indexOfDot(token, second + 1) >= 0) {
      return null;
    }
    JsonObject header = object(token, 0, first);
    JsonObject claims = object(token, first + 1, second);
    byte[] signature = decode(token, second + 1, token.length);
    if (header == null || claims == null || signature == null) {
      return null;
    }
    TokenAlgorithm algorithm = algorithm(header.text("alg"));
    // what is critical we would have to know (RFC 7515 §4.1.11)
    if (algorithm == null || header.members().containsKey("crit") || !isInTime(claims)) {
      return null;
    }
    return new Unproven(
        claims, algorithm, header.text("kid"), Arrays.copyOf(token, second), signature);
  }

  private @Nullable TokenAlgorithm algorithm(@Nullable String name) {
    return settings.algorithms().stream()
        .filter(allowed -> name != null && allowed.name().equals(name.toUpperCase(Locale.ROOT)))
        .findFirst()
        .orElse(null);
  }

  private boolean isInTime(JsonObject claims) {
    long now = timeOfDay.instant().getEpochSecond();
    long leeway = settings.leeway().toSeconds();
    Long expires = claims.seconds("exp");
    Long begins = claims.seconds("nbf");
    return expires != null
        && now < expires + leeway
        && (begins == null ? !claims.members().containsKey("nbf") : now >= begins - leeway);
  }

  private static @Nullable JsonObject object(byte[] token, int from, int to) {
    byte[] json = decode(token, from, to);
    return json == null ? null : JsonObject.parse(json);
  }

  private static byte @Nullable [] decode(byte[] token, int from, int to) {
    try {
      return Base64.getUrlDecoder().decode(Arrays.copyOfRange(token, from, to));
    } catch (IllegalArgumentException _) {
      return null;
    }
  }

  private static int indexOfDot(byte[] token, int from) {
    for (int i = from; i < token.length; i++) {
      if (token[i] == '.') {
        return i;
      }
    }
    return -1;
  }

  @Override
  public void close() {
    provider.close();
  }
}
