package dormouse.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The links of a directory, as a settings file has them.
final class DirectorySettingsTest extends SettingsFileCase {
  @Test
  void anHttpDaemonIsReadWholly() {
    Settings settings =
        good(
            SMALLEST
                + """
                directory:
                  - http:
                      url: https://auth.example.org:9443/mail?x=1
                      headers: [ "X-Auth-Key: s3cret", "X-Place: a b" ]
                      pass-client-certificate: true
                      keep-alive: 7
                      extended: true
                      resume: true
                      ca: mail.pem
                  - http: { url: "127.0.0.1:9000/auth" }
                  - http: { url: "unix:/run/auth.sock:/auth?x=1" }
                  - http: { url: "http://unix:/run/auth.sock" }
                """);
    assertThat(settings.directory().get(0).kind())
        .isInstanceOfSatisfying(
            HttpLinkSettings.class,
            http -> {
              assertThat(http.url())
                  .isEqualTo(new AuthUrl(true, "auth.example.org", 9443, "/mail?x=1"));
              assertThat(http.headers()).containsExactly("X-Auth-Key: s3cret", "X-Place: a b");
              differsInEveryKey(http, HttpLinkSettings.DEFAULT);
            });
    assertThat(settings.directory().get(1).kind())
        .isEqualTo(
            new HttpLinkSettings(
                new AuthUrl(false, "127.0.0.1", 9000, "/auth"),
                List.of(),
                false,
                0,
                false,
                false,
                null));
    assertThat(urls(settings, 2, 3))
        .containsExactly(
            new AuthUrl(false, "localhost", 80, "/run/auth.sock", "/auth?x=1"),
            new AuthUrl(false, "localhost", 80, "/run/auth.sock", "/"));
    assertThat(urls(settings, 2, 3))
        .extracting(AuthUrl::toString)
        .containsExactly("unix:/run/auth.sock:/auth?x=1", "unix:/run/auth.sock:/");
    assertThat(faults(SMALLEST + "directory: [ http: { url: \"ftp://x/y z\", headers: [ x ] } ]\n"))
        .containsExactlyInAnyOrder(
            "3:27: directory[0].http.url: wanted a URL such as http://127.0.0.1:9000/auth, not"
                + " `ftp://x/y z`",
            "3:42: directory[0].http.headers: wanted lines such as \"X-Auth-Key: secret\"");
  }

  private static List<AuthUrl> urls(Settings settings, int from, int to) {
    return settings.directory().subList(from, to + 1).stream()
        .map(link -> ((HttpLinkSettings) link.kind()).url())
        .toList();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"unix:", "unix:auth.sock", "https://unix:/a.sock:/auth", "unix:/a.sock:auth"})
  void aSocketHasAPathAndAUri(String url) {
    assertThat(faults(SMALLEST + "directory: [ http: { url: \"" + url + "\" } ]\n"))
        .containsExactly(
            "3:27: directory[0].http.url: wanted a URL such as http://127.0.0.1:9000/auth, not `"
                + url
                + "`");
  }

  @Test
  void aSocketMayBeAsLongAsTheKernelTakesIt() {
    String most = "unix:/" + "a".repeat(106);
    assertThat(AuthUrl.parse(most)).isNotNull();
    assertThat(AuthUrl.parse(most + "a")).isNull();
  }

  @Test
  void providersOfTokensHaveNoSocket() {
    assertThat(
            faults(
                SMALLEST
                    + "directory: [ oauth2: { issuer: i, audience: [ a ], jwks: \"unix:/a.sock\" } ]\n"))
        .anySatisfy(fault ->
            assertThat(fault)
                .contains("directory[0].oauth2.jwks: wanted a URL with `https://` or `http://`"));
  }

  @Test
  void filesRewritesAndMapsAreReadWholly() {
    Settings settings =
        good(
            SMALLEST
                + """
                directory:
                  - rewrite:
                      pattern: "(.*)%(.*)"
                      to: "$1@$2"
                      host-after: "!"
                      lower-case: true
                      strip-domains: [ "*" ]
                      add-domain: example.org
                  - map:
                      lines: [ "ann: mx" ]
                      file: mail.pem
                      form: patterns
                      keys: [ '\\u' ]
                      renames: true
                      delimiter: "%"
                      unknown: reject
                  - file: { path: mail.key, scheme: PLAIN }
                """);
    differsInEveryKey(settings.directory().get(0).kind(), RewriteLinkSettings.DEFAULT);
    differsInEveryKey(settings.directory().get(1).kind(), MapLinkSettings.DEFAULT);
    differsInEveryKey(settings.directory().get(2).kind(), FileLinkSettings.DEFAULT);
  }

  @Test
  void aDatabaseIsReadWholly() {
    Settings settings =
        good(
            SMALLEST
                + """
                directory:
                  - sql:
                      url: "jdbc:postgresql://127.0.0.1/mail"
                      user: dormouse
                      password-file: master.secret
                      query: "SELECT host FROM users WHERE name = :local AND domain = :domain"
                      scheme: CRYPT
                      connections: 5
                """);
    differsInEveryKey(settings.directory().get(0).kind(), SqlLinkSettings.DEFAULT);
    assertThat(
            faults(
                SMALLEST
                    + """
                    directory:
                      - sql: { url: "jdbc:h2:mem", query: "SELECT 1" }
                      - sql: { url: "jdbc:sqlite:x", query: "SELECT ':x' WHERE :user = :usr", password-file: nowhere }
                      - sql: { url: "jdbc:sqlite:x", query: "SELECT :user = ?", connections: 0 }
                    """))
        .containsExactly(
            "4:12: directory[0].sql.url: wanted a URL such as jdbc:postgresql://127.0.0.1/mail, of"
                + " postgresql, mariadb or sqlite",
            "4:32: directory[0].sql.query: wanted a query that asks for `:user`, or for `:local` and"
                + " `:domain`",
            "5:34: directory[1].sql.query: wanted no other parameters than :client_ip, :domain, :local,"
                + " :password, :protocol, :server_ip, :server_name, :user",
            "6:34: directory[2].sql.query: wanted parameters by name, as `:user`, and none as `?`",
            "6:61: directory[2].sql.connections: wanted a number from 1 to 1000");
  }

  @Test
  void anLdapDirectoryIsReadWholly() {
    Settings settings =
        good(
            SMALLEST
                + """
                directory:
                  - ldap:
                      urls: [ "ldap://[2001:db8::1]:1389", "ldaps://ldap.example.org/" ]
                      starttls: true
                      ca: mail.pem
                      bind-dn: cn=dormouse,dc=example,dc=org
                      password-file: master.secret
                      base: ou=people,dc=example,dc=org
                      scope: one
                      filter: "(&(objectClass=person)(mail=:local@:domain))"
                      attributes: [ mailHost=host ]
                      bind: false
                      scheme: CRYPT
                      connections: 5
                """);
    differsInEveryKey(settings.directory().get(0).kind(), LdapLinkSettings.DEFAULT);
    assertThat(LdapLinkSettings.server("ldap://[2001:db8::1]:1389"))
        .isEqualTo(new Units.HostPort("2001:db8::1", 1389));
    assertThat(LdapLinkSettings.server("ldaps://ldap.example.org/").port()).isEqualTo(636);
    assertThat(
            faults(
                SMALLEST
                    + """
                    directory:
                      - ldap: { urls: [ "http://x" ], base: nowhere }
                      - ldap: { urls: [ "ldap://x" ], base: dc=x, filter: "(uid=:user", bind-dn: cn=x }
                      - ldap: { urls: [ "ldap://x" ], base: dc=x, filter: "(uid=ann)", attributes: [ mailHost ] }
                    """))
        .containsExactly(
            "4:13: directory[0].ldap.urls: wanted a list of URLs such as ldap://ldap.example.org or"
                + " ldaps://[2001:db8::1]:636",
            "4:35: directory[0].ldap.base: wanted a DN such as ou=people,dc=example,dc=org",
            "5:11: directory[1].ldap.password-file: wanted both `bind-dn` and `password-file`, or"
                + " neither",
            "5:47: directory[1].ldap.filter: wanted a filter that asks for `:user` or `:local`, such as"
                + " (&(objectClass=person)(uid=:user))",
            "6:47: directory[2].ldap.filter: wanted a filter that asks for `:user` or `:local`, such as"
                + " (&(objectClass=person)(uid=:user))",
            "6:68: directory[2].ldap.attributes: wanted a list such as mailHost=host");
  }

  @Test
  void anOAuthProviderIsReadWholly() {
    Settings settings =
        good(
            SMALLEST
                + """
                directory:
                  - oauth2:
                      issuer: https://id.example.net
                      audience: [ imap, mail ]
                      scopes: [ mail.read ]
                      openid-configuration: https://id.example.net/.well-known/openid-configuration
                      username-claim: preferred_username
                      facts: [ mail_host=host ]
                      jwks: https://id.example.net/jwks
                      algorithms: [ es512 ]
                      jwks-max-age: 1h
                      leeway: 1s
                      client-id: dormouse
                      client-secret-file: master.secret
                      ca: mail.pem
                      connections: 5
                  - oauth2: { issuer: x, audience: [ y ], introspection: "https://id.example.net/i" }
                  - backend:
                """);
    differsInEveryKey(
        settings.directory().get(0).kind(), OAuth2LinkSettings.DEFAULT, "introspection");
    assertThat(
            faults(
                SMALLEST
                    + """
                    directory:
                      - oauth2: { issuer: x, audience: [], jwks: "https://x/", introspection: "https://x/" }
                      - oauth2: { issuer: x, audience: [ y ], client-id: z, algorithms: [ hs256 ] }
                    """))
        .containsExactly(
            "4:26: directory[0].oauth2.audience: wanted at least one, or tokens for anybody else would"
                + " do",
            "4:60: directory[0].oauth2.introspection: wanted either `jwks` or `introspection`",
            "5:13: directory[1].oauth2.client-secret-file: wanted both `client-id` and"
                + " `client-secret-file`, or neither",
            "5:71: directory[1].oauth2.algorithms[0]: wanted one of rs256, rs384, rs512, ps256, ps384,"
                + " ps512, es256, es384, es512, eddsa, not `hs256`");
    assertThat(
            faults(SMALLEST + "directory: [ oauth2: { issuer: x, audience: [ y ] }, backend: ]\n"))
        .containsExactly("3:22: directory[0].oauth2: wanted `jwks` or `introspection`");
  }

  @Test
  void aMechanismThatNobodyCanAnswerIsAFault() {
    assertThat(faults(SMALLEST + "login: { mechanisms: [ plain, scram-sha-256, oauthbearer ] }\n"))
        .containsExactly(
            "2:17: backends.mx.login-as: wanted a master user: behind scram-sha-256, oauthbearer"
                + " nobody knows the client's password, and no link of `directory` tells `pass`",
            "3:10: login.mechanisms: no link of `directory` can answer scram-sha-256",
            "3:10: login.mechanisms: no link of `directory` can answer oauthbearer");
    assertThat(
            faults(
                """
                listen: [ { address: "0.0.0.0:993" } ]
                backends: { mx: { address: mx, login-as: { user: boss, password-file: master.secret } } }
                directory: [ oauth2: { issuer: x, audience: [ y ], jwks: "https://x/" } ]
                login: { mechanisms: [ plain, external, xoauth2 ] }
                """))
        .containsExactly(
            "4:10: login.mechanisms: no link of `directory` can answer plain",
            "4:10: login.mechanisms: no link of `directory` can answer external",
            "4:10: login.mechanisms: external needs `tls.client-certificates` and `tls.client-ca`");
    assertThat(
            good(
                """
                listen: [ { address: "0.0.0.0:993" } ]
                backends: { mx: { address: mx } }
                directory: [ sql: { url: "jdbc:sqlite:x", query: "SELECT password, 'x' AS pass FROM u WHERE n = :user" } ]
                login: { mechanisms: [ plain, scram-sha-256, cram-md5 ] }
                """))
        .isNotNull();
  }

  @Test
  void aBackendThatIsShownTokensNeedsNoMasterUserForThem() {
    String settings =
        """
        listen: [ { address: "0.0.0.0:993" } ]
        backends: { mx: { address: mx, token-mechanism: oauthbearer } }
        directory: [ oauth2: { issuer: x, audience: [ y ], jwks: "https://x/" }, sql: { url: "jdbc:sqlite:x", query: "SELECT password FROM u WHERE n = :user" } ]
        login: { mechanisms: [ plain, oauthbearer, xoauth2%s ] }
        """;
    assertThat(good(settings.formatted("")).backends().get("mx"))
        .extracting("tokenMechanism")
        .isEqualTo(TokenMechanism.OAUTHBEARER);
    assertThat(faults(settings.formatted(", scram-sha-256")))
        .singleElement()
        .asString()
        .startsWith("2:17: backends.mx.login-as: wanted a master user: behind ");
  }

  /// Else a client could name the host to which a master user's password goes.
  @Test
  void aHostThatClientsTypeIsNoneOfAPattern() {
    String settings =
        """
        listen: [ { address: "0.0.0.0:993" } ]
        backends: { mx: { address: mx }, any: { address: "*.test", login-as: { user: boss, password-file: master.secret } } }
        directory: [ { rewrite: { host-after: "#" } }, backend: ]
        """;
    assertThat(faults(settings))
        .containsExactly(
            "3:27: directory[0].rewrite.host-after: clients name hosts by it, and any of `backends`"
                + " would be any of them: wanted no `*` in its address");
    assertThat(good(settings.replace("*.test", "any.test"))).isNotNull();
    assertThat(good(settings.replace("host-after: \"#\"", "lower-case: true"))).isNotNull();
  }

  @Test
  void aProviderThatIsAskedInClearIsWarnedOf() {
    String settings =
        """
        listen: [ { address: "0.0.0.0:993" } ]
        backends: { mx: { address: mx, token-mechanism: oauthbearer } }
        login: { mechanisms: [ oauthbearer ] }
        directory: [ oauth2: { issuer: x, audience: [ y ], %s } ]
        """;
    for (String url : List.of("jwks: id/jwks", "introspection: \"http://192.0.2.1/x\"")) {
      assertThat(warnings(settings.formatted(url)))
          .singleElement()
          .asString()
          .startsWith("4:52: directory[0].oauth2.")
          .contains("in clear");
    }
    for (String host : List.of("https://id", "127.0.0.1", "http://[::1]:80", "localhost")) {
      assertThat(warnings(settings.formatted("jwks: \"" + host + "/jwks\""))).isEmpty();
    }
  }

  @Test
  void whatRewritesAndMapsCannotBeIsAFault() {
    assertThat(
            faults(
                SMALLEST
                    + """
                    directory:
                      - rewrite: { pattern: "(", to: x }
                      - rewrite: { pattern: "(a)", to: $2 }
                      - rewrite: { pattern: a }
                      - rewrite: { to: a, add-domain: "@x" }
                      - map: { keys: [ '\\x' ], delimiter: "--" }
                      - map: { file: nowhere }
                      - file: { scheme: "{PLAIN}" }
                    """))
        .containsExactly(
            "4:16: directory[0].rewrite.pattern: wanted a regular expression of Java",
            "5:32: directory[1].rewrite.to: wanted no more `$n` than the pattern has groups",
            "6:14: directory[2].rewrite.to: wanted what stands in place of the `pattern`",
            "7:14: directory[3].rewrite.pattern: wanted what is replaced by `to`",
            "7:23: directory[3].rewrite.add-domain: wanted a domain without `@`",
            "8:12: directory[4].map.keys: wanted a list of what to look up, such as \\U or \\u\\D\\d,"
                + " and no other letters behind a backslash",
            "8:28: directory[4].map.delimiter: wanted one character",
            "9:12: directory[5].map.file: there is no file " + directory.resolve("nowhere"),
            "10:11: directory[6].file.path: must be set",
            "10:13: directory[6].file.scheme: wanted a scheme such as CRYPT or PLAIN");
    assertThat(
            faults(SMALLEST + "directory: [ map: { file: nowhere }, file: { path: nowhere } ]\n"))
        .hasSize(2);
  }
}
