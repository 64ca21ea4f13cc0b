package dormouse.config;

import static java.time.Duration.ofHours;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A provider of OAuth 2.0 whose access tokens say who a client is: read here by the provider's keys, or shown to it.
///
/// @param issuer who tokens must be of (`iss`)
/// @param audience whom one of they must be for (`aud`)
/// @param scopes that a token must have, all of them
/// @param openidConfiguration where a client whose token is refused can find out where to get another (OpenID Connect Discovery §4)
/// @param usernameClaim which claim is the user's name
/// @param facts what other claims are to us, as `mail_host=host`
/// @param jwks where the keys are by which tokens are signed (RFC 7517); or `introspection`
/// @param algorithms by which they may be signed (RFC 7518)
/// @param jwksMaxAge how long the keys are believed; a token by another key has them fetched at once; 10s to 24h
/// @param leeway how far the provider's clock may be off; at most 10m
/// @param introspection where the provider says what a token is (RFC 7662); or `jwks`
/// @param clientId who asks there
/// @param clientSecretFile holds that one's secret
/// @param ca PEM, certificates that may sign the provider's; none: those the JDK trusts
/// @param connections questions to the provider at a time; 1 to 1000
@Key("oauth2")
public record OAuth2LinkSettings(
    @Required String issuer,
    @Required List<String> audience,
    List<String> scopes,
    @Nullable String openidConfiguration,
    String usernameClaim,
    List<String> facts,
    @Nullable AuthUrl jwks,
    List<TokenAlgorithm> algorithms,
    Duration jwksMaxAge,
    Duration leeway,
    @Nullable AuthUrl introspection,
    @Nullable String clientId,
    @Nullable Path clientSecretFile,
    @Nullable Path ca,
    int connections)
    implements LinkKind {
  private static final String NO_SOCKET = "a URL with `https://` or `http://`";

  /// What a link of the file has that says nothing else; its issuer, its audience and one of its URLs must be said.
  public static final OAuth2LinkSettings DEFAULT =
      new OAuth2LinkSettings(
          "https://id.example.org",
          List.of("mail"),
          List.of(),
          null,
          "email",
          List.of(),
          null,
          List.of(
              TokenAlgorithm.RS256,
              TokenAlgorithm.PS256,
              TokenAlgorithm.ES256,
              TokenAlgorithm.EDDSA),
          ofMinutes(10),
          ofSeconds(60),
          null,
          null,
          null,
          null,
          4);

  public OAuth2LinkSettings {
    audience = List.copyOf(audience);
    scopes = List.copyOf(scopes);
    facts = List.copyOf(facts);
    algorithms = List.copyOf(algorithms);
    new Checks()
        .that(!audience.isEmpty(), "audience", "at least one, or tokens for anybody else would do")
        .that(
            scopes.stream().allMatch(each -> each.matches("[!#-\\[\\]-~]+")),
            "scopes",
            "a list of words without quotes and backslashes (RFC 6749 §3.3)")
        .that(
            openidConfiguration == null || openidConfiguration.matches("https?://[!-~]+"),
            "openid-configuration",
            "a URL, as https://id.example.org/.well-known/openid-configuration")
        .that(
            facts.stream().allMatch(each -> each.matches("[^=\\s]+=[a-z_]+")),
            "facts",
            "a list such as mail_host=host")
        .that(!algorithms.isEmpty(), "algorithms", "at least one")
        .that(isByTcp(jwks), "jwks", NO_SOCKET)
        .that(isByTcp(introspection), "introspection", NO_SOCKET)
        .that(
            jwks == null || introspection == null,
            "introspection",
            "either `jwks` or `introspection`")
        .that(
            (clientId == null) == (clientSecretFile == null),
            clientId == null ? "client-id" : "client-secret-file",
            "both `client-id` and `client-secret-file`, or neither")
        .between("jwks-max-age", jwksMaxAge, ofSeconds(10), ofHours(24))
        .between("leeway", leeway, Duration.ZERO, ofMinutes(10))
        .between("connections", connections, 1, 1000)
        .done();
  }

  private static boolean isByTcp(@Nullable AuthUrl url) {
    return url == null || url.socket() == null;
  }
}
