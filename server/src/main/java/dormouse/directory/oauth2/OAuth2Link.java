package dormouse.directory.oauth2;

import dormouse.config.AuthUrl;
import dormouse.config.OAuth2LinkSettings;
import dormouse.directory.Answer;
import dormouse.directory.Attempt;
import dormouse.directory.Facts;
import dormouse.directory.Link;
import dormouse.directory.Proof;
import dormouse.directory.TokenRefusal;
import dormouse.directory.TokenRefusal.Reason;
import dormouse.directory.Workers;
import dormouse.session.SteadyClock;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/// Accepts clients by their access tokens (OAUTHBEARER of RFC 7628, XOAUTH2), and knows nobody by anything else. Any thread.
///
/// A token must be genuine and in time ([Tokens]), of the issuer, for one of the audience, with all scopes, and of the user that the
/// client says it is, small and capital letters aside: the claim is the user's name from then on. Else the client is told which
/// scopes it must have, and where tokens are to be had, if the settings say ([TokenRefusal]). An address that the provider says it has not
/// seen to be its user's (`email_verified`, OpenID Connect Core §5.1) is nobody's.
public final class OAuth2Link implements Link {
  private final OAuth2LinkSettings settings;
  private final Duration cache;
  private final Tokens tokens;
  private final Workers workers;
  private final InstantSource timeOfDay;

  private OAuth2Link(
      OAuth2LinkSettings settings,
      Duration cache,
      Tokens tokens,
      Workers workers,
      InstantSource timeOfDay) {
    this.settings = settings;
    this.cache = cache;
    this.tokens = tokens;
    this.workers = workers;
    this.timeOfDay = timeOfDay;
  }

  /// Prepares the link; the provider may be away.
  ///
  /// @param name of the link
  /// @param timeout for an answer
  /// @param cache how long acceptances are kept, but never longer than their tokens are good
  /// @throws IOException if a certificate or the client's secret cannot be read
  public static OAuth2Link of(
      OAuth2LinkSettings settings, String name, Duration timeout, Duration cache, SteadyClock clock)
      throws IOException {
    Provider provider = new Provider(settings.ca(), timeout);
    Workers workers = new Workers(name, settings.connections(), timeout.dividedBy(2), clock);
    AuthUrl introspection = settings.introspection();
    AuthUrl jwks = settings.jwks();
    try {
      Tokens tokens;
      if (introspection != null) {
        tokens =
            IntrospectedTokens.of(settings, introspection, provider, workers, clock.timeOfDay());
      } else if (jwks != null) {
        tokens = new SignedTokens(settings, jwks, provider, timeout, workers, clock);
      } else {
        throw new IOException(
            name + ": wanted `jwks` or `introspection`"); // the settings see to it
      }
      return new OAuth2Link(settings, cache, tokens, workers, clock.timeOfDay());
    } catch (IOException | RuntimeException | Error e) {
      workers.close();
      provider.close();
      throw e;
    }
  }

  @Override
  public CompletableFuture<Answer> ask(Attempt attempt, EventLoop loop) {
    return switch (attempt.proof()) {
      case Proof.Token(var token) ->
          tokens
              .claims(token)
              .thenApply(claims ->
                  claims.isEmpty()
                      ? refused(attempt, Reason.INVALID_TOKEN)
                      : answer(attempt, claims.get()))
              .exceptionally(OAuth2Link::failed);
      case Proof.Password _, Proof.CramMd5 _, Proof.Scram _, Proof.Certificate _, Proof.Resumed _ ->
          CompletableFuture.completedFuture(new Answer.NotMine());
    };
  }

  private static Answer failed(Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    if (cause instanceof NothingKnown) {
      return new Answer.CannotTell(String.valueOf(cause.getMessage()), /* down= */ false);
    }
    throw new CompletionException(cause);
  }

  /// All it knows is in the token.
  @Override
  public boolean resumes(Proof.Kind before) {
    return false;
  }

  private Answer refused(Attempt attempt, Reason reason) {
    var refusal = new TokenRefusal(reason, settings.scopes(), settings.openidConfiguration());
    return new Answer.Reject("", "", Duration.ZERO, false, refusal.json(attempt.mechanism()));
  }

  private Answer answer(Attempt attempt, JsonObject claims) {
    String name = claims.text(settings.usernameClaim());
    boolean ours = claims.all("aud").stream().anyMatch(settings.audience()::contains);
    if (name == null
        || !ours
        || !isOfTheIssuer(claims)
        || !name.equalsIgnoreCase(attempt.user())
        || isUnverified(claims)) {
      return refused(attempt, Reason.INVALID_TOKEN);
    }
    if (!scopes(claims).containsAll(settings.scopes())) {
      return refused(attempt, Reason.INSUFFICIENT_SCOPE);
    }
    Map<String, String> facts = new HashMap<>();
    facts.put("user", name);
    for (String each : settings.facts()) {
      int equals = each.indexOf('=');
      String value = claims.text(each.substring(0, equals));
      if (value != null) {
        facts.put(each.substring(equals + 1), value);
      }
    }
    return kept(Facts.accept(facts), claims.seconds("exp"));
  }

  private boolean isUnverified(JsonObject claims) {
    return settings.usernameClaim().equals("email")
        && "false".equalsIgnoreCase(claims.text("email_verified"));
  }

  private Answer kept(Answer answer, @Nullable Long expires) {
    if (!(answer instanceof Answer.Accept(Facts facts, _)) || expires == null) {
      return answer;
    }
    Duration left = Duration.between(timeOfDay.instant(), Instant.ofEpochSecond(expires));
    if (left.isNegative()) {
      return new Answer.Accept(facts, Duration.ZERO); // within the leeway
    }
    return left.compareTo(cache) < 0 ? new Answer.Accept(facts, left) : answer;
  }

  /// A provider that is asked need not say that it is itself (RFC 7662 §2.2).
  private boolean isOfTheIssuer(JsonObject claims) {
    String issuer = claims.text("iss");
    return issuer == null ? settings.introspection() != null : issuer.equals(settings.issuer());
  }

  /// One text with spaces (RFC 8693 §4.2), or a list, as some providers have it.
  private static List<String> scopes(JsonObject claims) {
    List<String> all = claims.all("scope").isEmpty() ? claims.all("scp") : claims.all("scope");
    return all.stream().flatMap(text -> List.of(text.split(" ")).stream()).toList();
  }

  @Override
  public void close() {
    workers.close();
    tokens.close();
  }
}
