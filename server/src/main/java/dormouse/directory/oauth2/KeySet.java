package dormouse.directory.oauth2;

import dormouse.config.AuthUrl;
import dormouse.ops.EventLog;
import java.io.IOException;
import java.security.PublicKey;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The provider's keys (RFC 7517 §5), fetched when they are needed and too old, or when a token names one that is not among them; one
/// fetch at a time, and the next no sooner than ten seconds after its end, however many such tokens come.
///
/// A token whose key is known waits for a fetch as long as it takes a provider that is well, and no longer: while the provider is
/// away, or takes questions and answers none, the keys there are go on. Any thread; does not block.
final class KeySet {
  private static final EventLog LOG = EventLog.of(KeySet.class);
  private static final Duration LEAST_PAUSE = Duration.ofSeconds(10);
  private static final Duration WELL = Duration.ofMillis(500);

  /// A key and its name.
  private record Named(@Nullable String id, PublicKey key) {}

  /// A question to the provider that is on its way.
  ///
  /// @param sinceNanos when it was put; the clock does not count for what is on the wire
  /// @param keys what comes of it
  private record Fetch(long sinceNanos, CompletableFuture<List<Named>> keys) {
    /// The same, or those known before if they are not there so long after it was put.
    CompletableFuture<List<Named>> within(Duration patience, List<Named> known) {
      long leftNanos = patience.toNanos() - (System.nanoTime() - sinceNanos);
      return leftNanos <= 0
          ? CompletableFuture.completedFuture(known)
          : keys.copy().completeOnTimeout(known, leftNanos, TimeUnit.NANOSECONDS);
    }
  }

  private final Provider provider;
  private final AuthUrl url;
  private final Duration maxAge;
  private final Duration patience;
  private final InstantSource clock;
  private @Nullable List<Named> keys;
  private boolean answered; // the last question, well
  private @Nullable Fetch fetch;
  private long fetchedMillis;
  private long endedMillis = Long.MIN_VALUE / 2;

  /// @param maxAge how long keys are believed
  /// @param patience how long a token waits whose key is not among those there are
  KeySet(Provider provider, AuthUrl url, Duration maxAge, Duration patience, InstantSource clock) {
    this.provider = provider;
    this.url = url;
    this.maxAge = maxAge;
    this.patience = patience;
    this.clock = clock;
  }

  /// The keys that a token may be signed with.
  ///
  /// @param id what the token says of it (`kid`); null: nothing
  /// @return failed by an [IOException] if there are none at all, because the provider is away; by [NothingKnown] if only the one that it
  /// names is not among those that were there before
  synchronized CompletableFuture<List<PublicKey>> candidates(@Nullable String id) {
    long now = clock.millis();
    List<Named> known = keys;
    List<PublicKey> found = named(known, id);
    if (known != null && now - fetchedMillis < maxAge.toMillis() && !found.isEmpty()) {
      return CompletableFuture.completedFuture(found);
    }
    Fetch asked = fetch(now);
    if (known == null) {
      return asked == null
          ? CompletableFuture.failedFuture(new IOException("the provider had no keys a moment ago"))
          : asked.keys.thenApply(all -> named(all, id));
    }
    CompletableFuture<List<Named>> all =
        asked == null
            ? CompletableFuture.completedFuture(known)
            : asked.within(found.isEmpty() ? patience : WELL, known);
    return all.thenCompose(among -> sure(named(among, id)));
  }

  /// The provider may have made the key since it last answered.
  private synchronized CompletableFuture<List<PublicKey>> sure(List<PublicKey> found) {
    return found.isEmpty() && !answered
        ? CompletableFuture.failedFuture(
            new NothingKnown("a token names a key that the provider, which is away, may know"))
        : CompletableFuture.completedFuture(found);
  }

  private static List<PublicKey> named(@Nullable List<Named> among, @Nullable String id) {
    return among == null
        ? List.of()
        : among.stream()
            .filter(each -> id == null || each.id == null || id.equals(each.id))
            .map(Named::key)
            .toList();
  }

  /// What is on its way, or is put on it; null if one has just ended.
  private @Nullable Fetch fetch(long now) {
    Fetch running = fetch;
    if (running != null && !running.keys.isDone()) {
      return running;
    }
    if (now - endedMillis < LEAST_PAUSE.toMillis()) {
      return null;
    }
    answered = false;
    Fetch next =
        new Fetch(
            System.nanoTime(),
            provider
                .send(provider.request(url).GET().build())
                .handle((body, failure) -> ended(now, body, failure)));
    fetch = next;
    return next;
  }

  /// @param since when the provider was asked
  /// @param body null if it has not answered
  private synchronized List<Named> ended(
      long since, byte @Nullable [] body, @Nullable Throwable failure) {
    endedMillis = clock.millis();
    List<Named> before = keys;
    try {
      if (body == null) {
        throw failure instanceof CompletionException && failure.getCause() instanceof IOException e
            ? e
            : new IOException(failure);
      }
      List<Named> fetched = parse(body);
      keys = fetched;
      answered = true;
      fetchedMillis = since;
      return fetched;
    } catch (IOException e) {
      if (before == null) {
        throw new CompletionException(e);
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
