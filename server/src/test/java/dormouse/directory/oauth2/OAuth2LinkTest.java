package dormouse.directory.oauth2;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.config.AuthUrl;
import dormouse.config.OAuth2LinkSettings;
import dormouse.config.TokenAlgorithm;
import dormouse.directory.Answer;
import dormouse.directory.Attempt;
import dormouse.directory.Attempts;
import dormouse.directory.Facts;
import dormouse.directory.Proof;
import dormouse.session.HandClock;
import dormouse.testkit.TokenProvider;
import dormouse.testkit.Wait;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Tokens of a provider with real keys, over real HTTP.
class OAuth2LinkTest {
  /// Less than a silent provider is waited for: half of the link's 4 s.
  private static final long KNOWN_MILLIS = 1_500;

  private static final String CONFIGURATION =
      "https://id.example.org/.well-known/openid-configuration";

  private final HandClock clock = new HandClock();
  private final TokenProvider provider = TokenProvider.start();
  private final EmbeddedChannel channel = new EmbeddedChannel();
  private Duration cache = Duration.ZERO;

  @TempDir Path directory = Path.of("");

  @AfterEach
  void stop() {
    provider.close();
    channel.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"RS256", "PS256", "ES256", "EdDSA"})
  void aSignedTokenSaysWhoItsBearerIs(String algorithm) throws Exception {
    try (OAuth2Link link = signed()) {
      String token = provider.token(algorithm, claims(60));
      assertThat(ask(link, "ANN@example.org", token))
          .isEqualTo(Facts.accept(Map.of("user", "ann@example.org", "host", "mx3")));
      assertThat(ask(link, "bob@example.org", token)).isEqualTo(refused("invalid_token"));
      assertThat(ask(link, "ann@example.org", token.substring(0, token.length() - 4) + "AAAA"))
          .isEqualTo(refused("invalid_token"));
      String[] parts = token.split("\\.");
      String other = base64(claims(60).replace("ann", "bob").getBytes(UTF_8));
      assertThat(ask(link, "bob@example.org", parts[0] + "." + other + "." + parts[2]))
          .isEqualTo(refused("invalid_token"));
    }
  }

  @Test
  void aTokenMustBeInTimeOfTheIssuerForUsAndOfItsScopes() throws Exception {
    try (OAuth2Link link = signed()) {
      long now = clock.instant().getEpochSecond();
      for (String claims :
          List.of(
              claims(-61),
              claims(60).replace("https://id", "https://di"),
              claims(60).replace("\"imap\"", "\"web\""),
              claims(60).replace("\"email\"", "\"mail\""),
              claims(60).replace("\"exp\"", "\"xep\""),
              claims(60).replaceAll("\"exp\":\\d+", "\"exp\":\"never\""),
              claims(60).replace("{", "{\"nbf\":" + (now + 100) + ","),
              claims(60).replace("{", "{\"nbf\":\"soon\","),
              claims(60).replace("{", "{\"email_verified\":false,"),
              claims(60).replace("{", "{\"email_verified\":\"false\","),
              claims(60).replace("{", "{\"iss\":\"https://id.example.org\","),
              "[]",
              "")) {
        assertThat(ask(link, "ann@example.org", provider.token("ES256", claims)))
            .as(claims)
            .isEqualTo(refused("invalid_token"));
      }
      assertThat(
              ask(
                  link,
                  "ann@example.org",
                  provider.token("ES256", claims(60).replace("{", "{\"email_verified\":true,"))))
          .isInstanceOf(Answer.Accept.class);
      assertThat(ask(link, "ann@example.org", provider.token("ES256", claims(-59))))
          .as("the clocks may differ by a minute")
          .isInstanceOf(Answer.Accept.class);
      for (String token : List.of("", "a.b", "a.b.c.d", "....", "x".repeat(5000))) {
        assertThat(ask(link, "ann@example.org", token)).isEqualTo(refused("invalid_token"));
      }
    }
  }

  @Test
  void whoLacksAScopeAloneIsToldSo() throws Exception {
    try (OAuth2Link link = signed()) {
      String token = provider.token("ES256", claims(60).replace("mail.read", "mail.write"));
      assertThat(ask(link, "ann@example.org", token)).isEqualTo(refused("insufficient_scope"));
      assertThat(ask(link, "bob@example.org", token))
          .as("another's token")
          .isEqualTo(refused("invalid_token"));
      Attempt attempt =
          Attempts.of("ann@example.org", "XOAUTH2", new Proof.Token(token.getBytes(UTF_8)));
      assertThat(link.ask(attempt, channel.eventLoop()).get(20, TimeUnit.SECONDS))
          .isEqualTo(refused("403"));
    }
  }

  /// As RFC 7628 §3.2.2 has it.
  private static Answer refused(String status) {
    String json =
        "{\"status\":\"%s\",\"schemes\":\"bearer\",\"scope\":\"mail.read\",\"openid-configuration\":\"%s\"}"
            .formatted(status, CONFIGURATION);
    return new Answer.Reject("", "", Duration.ZERO, false, json);
  }

  @Test
  void anAcceptanceIsKeptForNoLongerThanItsTokenIsGood() throws Exception {
    cache = Duration.ofMinutes(5);
    provider.introspects("short", claims(60).replace("{", "{\"active\":true,"));
    try (OAuth2Link link = signed();
        OAuth2Link introspected = introspected(TokenProvider.SECRET)) {
      assertThat(kept(ask(link, "ann@example.org", provider.token("ES256", claims(3600)))))
          .as("as the settings say")
          .isNull();
      assertThat(kept(ask(link, "ann@example.org", provider.token("ES256", claims(60)))))
          .isBetween(Duration.ofSeconds(59), Duration.ofSeconds(60));
      assertThat(kept(ask(link, "ann@example.org", provider.token("ES256", claims(-59)))))
          .isEqualTo(Duration.ZERO);
      assertThat(kept(ask(introspected, "ann@example.org", "short")))
          .isBetween(Duration.ofSeconds(59), Duration.ofSeconds(60));
    }
  }

  private static @Nullable Duration kept(Answer answer) {
    return ((Answer.Accept) answer).kept();
  }

  @Test
  void onlyAllowedAlgorithmsCountWhateverATokenSays() throws Exception {
    try (OAuth2Link link = signed()) {
      String claims = claims(60);
      String none =
          base64("{\"alg\":\"none\"}".getBytes(UTF_8)) + "." + base64(claims.getBytes(UTF_8));
      assertThat(ask(link, "ann@example.org", none + ".")).isEqualTo(refused("invalid_token"));
      assertThat(ask(link, "ann@example.org", byPublicKeyAsSecret(claims)))
          .isEqualTo(refused("invalid_token"));
      for (String header :
          List.of(
              "{\"kid\":\"R0\"}",
              "{\"alg\":\"ES256\",\"kid\":\"R0\"}",
              "{\"alg\":\"RS256\",\"kid\":\"X\"}",
              "{\"alg\":\"RS512\",\"kid\":\"R0\"}",
              "{\"alg\":\"RS256\",\"kid\":\"R0\",\"crit\":[\"exp\"]}")) {
        assertThat(ask(link, "ann@example.org", provider.token(header, "RS256", claims)))
            .as(header)
            .isEqualTo(refused("invalid_token"));
      }
      assertThat(
              ask(link, "ann@example.org", provider.token("{\"alg\":\"RS256\"}", "RS256", claims)))
          .as("a token that names no key")
          .isInstanceOf(Answer.Accept.class);
    }
  }

  /// HS256 with the provider's public key as the shared secret: the classical confusion.
  private String byPublicKeyAsSecret(String claims) throws GeneralSecurityException {
    String signed =
        base64("{\"alg\":\"HS256\",\"kid\":\"R0\"}".getBytes(UTF_8))
            + "."
            + base64(claims.getBytes(UTF_8));
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(provider.rsaPublicKey(), "HmacSHA256"));
    return signed + "." + base64(mac.doFinal(signed.getBytes(UTF_8)));
  }

  @Test
  void rotatedKeysAreFetchedOnceAndOldOnesForgotten() throws Exception {
    try (OAuth2Link link = signed()) {
      String old = provider.token("RS256", claims(3600));
      assertThat(ask(link, "ann@example.org", old)).isInstanceOf(Answer.Accept.class);
      provider.rotate();
      String rotated = provider.token("RS256", claims(3600));
      assertThat(ask(link, "ann@example.org", rotated))
          .as("fetched a moment ago")
          .isEqualTo(refused("invalid_token"));
      clock.turn(Duration.ofSeconds(10));
      assertThat(ask(link, "ann@example.org", rotated)).isInstanceOf(Answer.Accept.class);
      assertThat(ask(link, "ann@example.org", old)).isEqualTo(refused("invalid_token"));
      int served = provider.served();
      for (int i = 0; i < 20; i++) {
        ask(
            link,
            "ann@example.org",
            provider.token("{\"alg\":\"RS256\",\"kid\":\"k" + i + "\"}", "RS256", claims(60)));
      }
      assertThat(provider.served() - served).as("unknown keys cause no storm").isLessThan(2);
      provider.close();
      clock.turn(Duration.ofMinutes(20));
      assertThat(ask(link, "ann@example.org", rotated))
          .as("keys outlive their provider")
          .isInstanceOf(Answer.Accept.class);
    }
  }

  @Test
  void aProviderThatIsAwayCannotTell() throws Exception {
    provider.close();
    try (OAuth2Link link = signed()) {
      assertThat(ask(link, "ann@example.org", provider.token("RS256", claims(60))))
          .isInstanceOf(Answer.CannotTell.class);
    }
  }

  /// It may have made the key since it last answered.
  @Test
  void aTokenWhoseKeyAProviderThatIsAwayMayKnowIsNotRefused() throws Exception {
    try (OAuth2Link link = signed()) {
      String known = provider.token("RS256", claims(3600));
      assertThat(ask(link, "ann@example.org", known)).isInstanceOf(Answer.Accept.class);
      provider.close();
      provider.rotate();
      clock.turn(Duration.ofSeconds(10));
      String rotated = provider.token("RS256", claims(3600));
      for (int i = 0; i < 2; i++) {
        assertThat(ask(link, "ann@example.org", rotated)).satisfies(OAuth2LinkTest::isOfItAlone);
      }
      assertThat(ask(link, "ann@example.org", known)).isInstanceOf(Answer.Accept.class);
    }
  }

  private static void isOfItAlone(Answer answer) {
    assertThat(answer)
        .isInstanceOfSatisfying(
            Answer.CannotTell.class, cannot -> assertThat(cannot.down()).isFalse());
  }

  @ParameterizedTest
  @EnumSource(names = {"WHOLE", "BEHIND_HEADERS"})
  void aProviderThatSaysNothingHoldsUpNoTokenWhoseKeyIsKnown(TokenProvider.Silence silence)
      throws Exception {
    try (OAuth2Link link = signed()) {
      String known = provider.token("ES256", claims(1_000_000));
      assertThat(ask(link, "ann@example.org", known)).isInstanceOf(Answer.Accept.class);
      provider.falls(silence);
      clock.turn(Duration.ofMinutes(20));
      assertThat(asked(link, known).get(KNOWN_MILLIS, TimeUnit.MILLISECONDS))
          .isInstanceOf(Answer.Accept.class);

      List<CompletableFuture<Answer>> unknown = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        String header = "{\"alg\":\"RS256\",\"kid\":\"k" + i + "\"}";
        unknown.add(asked(link, provider.token(header, "RS256", claims(1_000_000))));
      }
      assertThat(asked(link, known).get(KNOWN_MILLIS, TimeUnit.MILLISECONDS))
          .isInstanceOf(Answer.Accept.class);
      for (CompletableFuture<Answer> each : unknown) {
        assertThat(each.get(20, TimeUnit.SECONDS)).satisfies(OAuth2LinkTest::isOfItAlone);
      }
      int served = provider.served();
      assertThat(served).as("of all of them one").isEqualTo(2);
      assertThat(asked(link, known).get(KNOWN_MILLIS, TimeUnit.MILLISECONDS))
          .isInstanceOf(Answer.Accept.class);
      assertThat(provider.served()).as("it has just been silent").isEqualTo(served);

      provider.falls(TokenProvider.Silence.NONE);
      provider.rotate();
      String rotated = provider.token("ES256", claims(1_000_000));
      Wait.until(
          "the question is given up, and put again",
          Duration.ofSeconds(20),
          () -> {
            clock.turn(Duration.ofSeconds(10));
            return asked(link, rotated).join() instanceof Answer.Accept;
          });
      assertThat(ask(link, "ann@example.org", known)).isEqualTo(refused("invalid_token"));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"WHOLE", "BEHIND_HEADERS"})
  void aProviderThatSaysNothingOfATokenIsWaitedForNoLongerThanTheTimeout(
      TokenProvider.Silence silence) throws Exception {
    provider.falls(silence);
    try (OAuth2Link link = introspected(TokenProvider.SECRET)) {
      assertThat(ask(link, "ann@example.org", "any")).isInstanceOf(Answer.CannotTell.class);
    }
  }

  @Test
  void theProviderSaysWhatATokenIs() throws Exception {
    String about = claims(60).replace("{", "{\"active\":true,");
    provider.introspects("good+/=&?", about);
    provider.introspects("gone", about.replace("true", "false"));
    provider.introspects("old", claims(-1).replace("{", "{\"active\":true,"));
    provider.introspects("other", about.replace("\"imap\"", "\"web\""));
    provider.introspects("nonsense", "[]");
    provider.takesNoQuestionOf("garbage");
    provider.introspects("unsaid", about.replace("\"iss\":\"https://id.example.org\",", ""));
    provider.introspects("another", about.replace("https://id.example.org", "https://else"));
    try (OAuth2Link link = introspected(TokenProvider.SECRET)) {
      assertThat(ask(link, "ann@example.org", "good+/=&?"))
          .isEqualTo(Facts.accept(Map.of("user", "ann@example.org", "host", "mx3")));
      assertThat(ask(link, "ann@example.org", "unsaid")).isInstanceOf(Answer.Accept.class);
      for (String token : List.of("gone", "old", "other", "another", "unknown")) {
        assertThat(ask(link, "ann@example.org", token))
            .as(token)
            .isEqualTo(refused("invalid_token"));
      }
      assertThat(ask(link, "ann@example.org", "nonsense")).isInstanceOf(Answer.CannotTell.class);
      assertThat(ask(link, "ann@example.org", "garbage")).satisfies(OAuth2LinkTest::isOfItAlone);
    }
    try (OAuth2Link link = introspected("wrong")) {
      assertThat(ask(link, "ann@example.org", "good+/=&?"))
          .as("it is asked as nobody whom it knows")
          .isInstanceOfSatisfying(
              Answer.CannotTell.class, cannot -> assertThat(cannot.down()).isTrue());
    }
  }

  @Test
  void whoShowsAPasswordIsNotKnownHere() throws Exception {
    try (OAuth2Link link = signed()) {
      assertThat(link.ask(Attempts.of("ann@example.org", "x"), channel.eventLoop()).join())
          .isEqualTo(new Answer.NotMine());
    }
  }

  private String claims(int seconds) {
    return "{\"iss\":\"https://id.example.org\",\"aud\":[\"other\",\"imap\"],\"email\":\"ann@example.org\","
        + "\"scope\":\"openid mail.read\",\"mail_host\":\"mx3\",\"deep\":{\"iss\":\"x\"},\"exp\":"
        + (clock.instant().getEpochSecond() + seconds)
        + "}";
  }

  private OAuth2Link signed() throws IOException {
    return link(new AuthUrl(false, "127.0.0.1", port(), "/jwks"), null, null);
  }

  private OAuth2Link introspected(String secret) throws IOException {
    Path file = Files.writeString(directory.resolve("secret"), secret + "\n");
    return link(null, new AuthUrl(false, "127.0.0.1", port(), "/introspect"), file);
  }

  private int port() {
    return Integer.parseInt(provider.url().substring(provider.url().lastIndexOf(':') + 1));
  }

  private OAuth2Link link(
      @Nullable AuthUrl jwks, @Nullable AuthUrl introspection, @Nullable Path secret)
      throws IOException {
    OAuth2LinkSettings settings =
        new OAuth2LinkSettings(
            "https://id.example.org",
            List.of("mail", "imap"),
            List.of("mail.read"),
            CONFIGURATION,
            "email",
            List.of("mail_host=host"),
            jwks,
            List.of(
                TokenAlgorithm.RS256,
                TokenAlgorithm.PS256,
                TokenAlgorithm.ES256,
                TokenAlgorithm.EDDSA),
            Duration.ofMinutes(10),
            Duration.ofSeconds(60),
            introspection,
            secret == null ? null : "dormouse",
            secret,
            null,
            2);
    return OAuth2Link.of(settings, "oauth2", Duration.ofSeconds(4), cache, clock.steady());
  }

  private Answer ask(OAuth2Link link, String user, String token) throws Exception {
    Proof proof = new Proof.Token(token.getBytes(UTF_8));
    try {
      return link.ask(Attempts.of(user, "OAUTHBEARER", proof), channel.eventLoop())
          .get(20, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      return new Answer.CannotTell(String.valueOf(e.getCause()));
    }
  }

  private CompletableFuture<Answer> asked(OAuth2Link link, String token) {
    Proof proof = new Proof.Token(token.getBytes(UTF_8));
    return link.ask(Attempts.of("ann@example.org", "OAUTHBEARER", proof), channel.eventLoop());
  }

  private static String base64(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
