package dormouse.directory.oauth2;

import dormouse.config.AuthUrl;
import dormouse.ops.EventLog;
import java.io.IOException;
import java.security.PublicKey;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The provider's keys (RFC 7517 §5), fetched when they are needed and too old, or when a token names one that is not among them; then
/// at most each ten seconds, however many such tokens come. While the provider is away the keys there are go on. Any thread; blocks.
final class KeySet {
  private static final EventLog LOG = EventLog.of(KeySet.class);
  private static final Duration LEAST_PAUSE = Duration.ofSeconds(10);

  /// A key and its name.
  private record Named(@Nullable String id, PublicKey key) {}

  private final Provider provider;
  private final AuthUrl url;
  private final Duration maxAge;
  private final InstantSource clock;
  private @Nullable List<Named> keys;
  private long fetchedMillis;
  private long triedMillis = Long.MIN_VALUE / 2;

  KeySet(Provider provider, AuthUrl url, Duration maxAge, InstantSource clock) {
    this.provider = provider;
    this.url = url;
    this.maxAge = maxAge;
    this.clock = clock;
  }

  /// The keys that a token may be signed with.
  ///
  /// @param id what the token says of it (`kid`); null: nothing
  /// @throws IOException if there are none, because the provider is away
  synchronized List<PublicKey> candidates(@Nullable String id)
      throws IOException, InterruptedException {
    long now = clock.millis();
    List<Named> known = keys;
    boolean fresh = known != null && now - fetchedMillis < maxAge.toMillis();
    if (!fresh || named(known, id).isEmpty()) {
      known = fetch(now);
    }
    return named(known, id);
  }

  private static List<PublicKey> named(@Nullable List<Named> among, @Nullable String id) {
    return among == null
        ? List.of()
        : among.stream()
            .filter(each -> id == null || each.id == null || id.equals(each.id))
            .map(Named::key)
            .toList();
  }

  private List<Named> fetch(long now) throws IOException, InterruptedException {
    List<Named> before = keys;
    if (now - triedMillis < LEAST_PAUSE.toMillis()) {
      if (before == null) {
        throw new IOException("the provider had no keys a moment ago");
      }
      return before;
    }
    triedMillis = now;
    try {
      List<Named> fetched = parse(provider.send(provider.request(url).GET().build()));
      keys = fetched;
      fetchedMillis = now;
      return fetched;
    } catch (IOException e) {
      if (before == null) {
        throw e;
      }
      LOG.warn("keys-not-fetched", "url", url, "why", e.toString());
      return before;
    }
  }

  private static List<Named> parse(byte[] json) throws IOException {
    List<JsonObject> jwks = JsonObject.list(json, "keys");
    if (jwks == null) {
      throw new IOException("the provider's keys are no JSON Web Key Set");
    }
    List<Named> parsed = new ArrayList<>();
    for (JsonObject jwk : jwks) {
      PublicKey key = Signatures.key(jwk);
      if (key != null) {
        parsed.add(new Named(jwk.text("kid"), key));
      }
    }
    if (parsed.isEmpty()) {
      throw new IOException("none of the provider's keys can sign tokens");
    }
    return List.copyOf(parsed);
  }
}
