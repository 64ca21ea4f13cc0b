package dormouse.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class SettingsFileTest {
  private static final String SMALLEST =
      """
      listen: [ { address: "0.0.0.0:993" } ]
      backends: { mx: { address: mail.example.org } }
      """;

  private static final String KINDS = "backend, http, file, sql, ldap, oauth2, rewrite, map";

  private static final String EVERYTHING_ELSE =
      """
      listen:
        - protocol: imap
          address: "127.0.0.1:1143"
          tls: optional
          proxy-protocol-from: [ 10.0.0.0/8, "::1" ]
        - { protocol: imap, address: "[::1]:1993", tls: none }
      tls:
        certificates:
          - { certificate: mail.pem, key: mail.key, ocsp: mail.pem }
        reload-every: 11s
        client-certificates: required
        client-ca: mail.pem
        client-crl: mail.pem
        ticket-keys: ticket-keys
      backends:
        mx2:
          address: 10.0.0.2:1144
          tls: tls
          verify: false
          ca: mail.pem
          tls-name: mail.example.org
          client-certificate: mail.pem
          client-key: mail.key
          source-addresses: [ 10.0.0.5, "2001:db8::5" ]
          trusted: true
          proxy-protocol: v2
          mechanism: plain
          connect-timeout: 7s
          answer-timeout: 8s
          health: { check: login, interval: 11s, timeout: 6s, down-after: 4, up-after: 3, user: probe, password-file: master.secret }
          watch: poll
          gate: { logins-per-second: 9, burst: 10, concurrent-logins: 11, queue: 12 }
          pool: { per-user: 13, keep: 14s, keep-after-logout: 15s, max: 16 }
          login-as: { user: boss, password-file: master.secret, separator: "*" }
          canary: { user: tweety, password-file: master.secret, every: 31s, within: 6s }
      groups:
        all: { mail: shared, backends: { mx2: { weight: 3 } } }
      routes:
        - { user: "a*", domain: "*.org", protocol: imap, listener: "127.0.0.1:1143", to: all }
      directory:
        - backend:
          timeout: 11s
          unavailable: next
          cache: 1s
          cache-refusals: 2s
          cache-entries: 10001
          break-after: 6
          break-for: 12s
      login:
        timeout: 61s
        limit: 181s
        max-errors: 6
        max-commands: 101
        max-line-bytes: 9KiB
        max-literal-bytes: 5KiB
        mechanisms: [ plain ]
        trusted-networks: [ "2001:db8::/32" ]
        admins: [ root ]
        admins-from: [ 10.0.0.0/8 ]
      limits:
        per-address: 501
        per-network: 2001
        per-user: 101
        asleep-per-address: 5001
        asleep-per-user: 1001
        per-listener: 1
        before-login: 10001
        exempt: [ 10.0.0.0/8 ]
      throttle:
        enabled: false
        free: 11
        delay: 2s
        max-delay: 16s
        forget: 2m
        patience: 31s
        remembered: 262145
        devices: 262145
        device-age: 31d
        exempt: [ 10.0.0.0/8 ]
      imap:
        compress: false
        status-cache: { per-user-bytes: 65KiB, total-bytes: 65MiB }
      hibernate:
        enabled: false
        after: 0s
        quiet-after: 61s
        proof-max: 11m
        wake-timeout: 11s
        sweep: 12m
        poll: 62s
        keep-alive: 121s
        sync-linger: 31s
        uid-set-max-bytes: 65KiB
        plain-max-messages: 20001
        kept-per-session-bytes: 257KiB
        kept-per-user-bytes: 5MiB
        kept-heap-percent: 51
        ask-again-every: 61m
        keep-password: false
      feeds:
        - dovecot-events: { listen: "127.0.0.3:8026", allow: [ 10.0.0.0/8 ], backends: [ mx2 ] }
        - dovecot-ox: { listen: "127.0.0.4:8026", allow: [ 10.0.0.0/8 ], backends: [ mx2 ] }
        - cyrus-events: { listen: "127.0.0.5:8026", allow: [ 10.0.0.0/8 ], backends: [ mx2 ] }
        - redis:
            address: "10.0.0.7:6380"
            user: dormouse
            password-file: master.secret
            topic: mail
            mode: pub-sub
            max-length: 5000
            publish: true
            backends: [ mx2 ]
      admin:
        address: 127.0.0.2:8081
      runtime:
        loops: 3
        state-dir: /var/lib/dormouse
        drain: 6s
        park: false
        own-records: false
        name-servers: [ "127.0.0.1:53" ]
      """;

  @TempDir Path directory = Path.of("");

  @BeforeEach
  void theFilesAreThere() throws IOException {
    Files.writeString(directory.resolve("mail.pem"), "");
    Files.writeString(directory.resolve("mail.key"), "");
    Files.writeString(directory.resolve("ticket-keys"), "A".repeat(64) + "\n");
    mode("ticket-keys", "rw-------");
    Files.writeString(directory.resolve("master.secret"), "secret\n");
    mode("master.secret", "rw-------");
    mode("mail.key", "rw-------");
  }

  @Test
  void whatIsNotSetIsByDefault() {
    Settings settings = good(SMALLEST);
    assertThat(settings)
        .isEqualTo(
            Settings.of(
                List.of(new ListenSettings(Protocol.IMAP, at("0.0.0.0", 993), ListenTls.IMPLICIT)),
                settings.backends()));
    assertThat(settings.backends()).containsOnlyKeys("mx");
    assertThat(settings.backends().get("mx"))
        .usingRecursiveComparison()
        .ignoringFields("host")
        .isEqualTo(BackendSettings.DEFAULT);
  }

  @Test
  void aSectionWithNothingBelowItIsByDefault() {
    assertThat(good(SMALLEST + "hibernate:\nlogin: # nothing yet\n")).isEqualTo(good(SMALLEST));
  }

  @Test
  void everyKeyIsRead() {
    Settings settings = good(EVERYTHING_ELSE);
    assertThat(settings.listen())
        .containsExactly(
            new ListenSettings(
                Protocol.IMAP,
                at("127.0.0.1", 1143),
                ListenTls.OPTIONAL,
                List.of(
                    new Network(InetAddress.ofLiteral("10.0.0.0"), 8),
                    new Network(InetAddress.ofLiteral("::1"), 128))),
            new ListenSettings(Protocol.IMAP, at("::1", 1993), ListenTls.NONE));
    assertThat(settings.tls().certificates())
        .containsExactly(
            new CertificateSettings(
                directory.resolve("mail.pem"),
                directory.resolve("mail.key"),
                directory.resolve("mail.pem")));
    differsInEveryKey(settings.tls(), TlsSettings.DEFAULT);
    assertThat(settings.backends().get("mx2"))
        .isEqualTo(
            new BackendSettings(
                "10.0.0.2",
                1144,
                BackendTls.TLS,
                false,
                directory.resolve("mail.pem"),
                "mail.example.org",
                List.of(),
                directory.resolve("mail.pem"),
                directory.resolve("mail.key"),
                List.of(InetAddress.ofLiteral("10.0.0.5"), InetAddress.ofLiteral("2001:db8::5")),
                true,
                ProxyProtocol.V2,
                BackendMechanism.PLAIN,
                Duration.ofSeconds(7),
                Duration.ofSeconds(8),
                Watch.POLL,
                new GateSettings(9, 10, 11, 12),
                new HealthSettings(
                    HealthSettings.Check.LOGIN,
                    Duration.ofSeconds(11),
                    Duration.ofSeconds(6),
                    4,
                    3,
                    "probe",
                    directory.resolve("master.secret")),
                new PoolSettings(13, Duration.ofSeconds(14), Duration.ofSeconds(15), 16),
                new LoginAsSettings("boss", directory.resolve("master.secret"), "*"),
                new CanarySettings(
                    "tweety",
                    directory.resolve("master.secret"),
                    Duration.ofSeconds(31),
                    Duration.ofSeconds(6))));
    assertThat(settings.groups())
        .containsExactly(
            Map.entry(
                "all",
                new GroupSettings(
                    GroupSettings.Mail.SHARED, Map.of("mx2", new MemberSettings(3)))));
    assertThat(settings.routes())
        .containsExactly(
            new RouteSettings("a*", "*.org", Protocol.IMAP, at("127.0.0.1", 1143), "all"));
    assertThat(settings.runtime())
        .isEqualTo(
            new RuntimeSettings(
                3,
                Path.of("/var/lib/dormouse"),
                Duration.ofSeconds(6),
                false,
                false,
                List.of(at("127.0.0.1", 53))));
    differsInEveryKey(settings.listen().getFirst(), ListenSettings.DEFAULT, "protocol");
    differsInEveryKey(
        Objects.requireNonNull(settings.backends().get("mx2")), BackendSettings.DEFAULT, "pins");
    differsInEveryKey(settings.directory().getFirst(), LinkSettings.DEFAULT, "kind");
    differsInEveryKey(settings.login(), LoginSettings.DEFAULT);
    differsInEveryKey(settings.limits(), LimitsSettings.DEFAULT);
    differsInEveryKey(settings.throttle(), ThrottleSettings.DEFAULT);
    differsInEveryKey(settings.imap(), ImapSettings.DEFAULT);
    differsInEveryKey(settings.imap().statusCache(), StatusCacheSettings.DEFAULT);
    differsInEveryKey(settings.hibernate(), HibernateSettings.DEFAULT);
    assertThat(settings.feeds())
        .containsExactly(
            new FeedSettings(
                new DovecotEventsSettings(
                    at("127.0.0.3", 8026),
                    List.of(new Network(InetAddress.ofLiteral("10.0.0.0"), 8)),
                    List.of("mx2"))),
            new FeedSettings(
                new DovecotOxSettings(
                    at("127.0.0.4", 8026),
                    List.of(new Network(InetAddress.ofLiteral("10.0.0.0"), 8)),
                    List.of("mx2"))),
            new FeedSettings(
                new CyrusEventsSettings(
                    at("127.0.0.5", 8026),
                    List.of(new Network(InetAddress.ofLiteral("10.0.0.0"), 8)),
                    List.of("mx2"))),
            new FeedSettings(
                new RedisSettings(
                    "10.0.0.7",
                    6380,
                    "dormouse",
                    directory.resolve("master.secret"),
                    "mail",
                    RedisSettings.Mode.PUB_SUB,
                    5000,
                    true,
                    List.of("mx2"))));
    settings
        .feeds()
        .forEach(feed ->
            differsInEveryKey(
                feed.kind(), Objects.requireNonNull(RecordKey.defaults(feed.kind().getClass()))));
    differsInEveryKey(settings.admin(), AdminSettings.DEFAULT);
    differsInEveryKey(settings.runtime(), RuntimeSettings.DEFAULT);
  }

  @Test
  void pinsAreReadAndExcludeOtherWaysToTrust() {
    String pin = "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=";
    Settings settings =
        good(
            "listen: [ { address: \"0.0.0.0:993\" } ]\nbackends: { mx: { address: mx, pins: [ sha256//"
                + pin
                + ", "
                + pin
                + " ] } }\n");
    BackendSettings pinned = Objects.requireNonNull(settings.backends().get("mx"));
    assertThat(pinned.pins()).containsExactly(pin, pin);
    String slash = "/" + pin.substring(1);
    assertThat(pinned.withPins(List.of("sha256/" + slash, "sha256//" + slash, slash)).pins())
        .containsOnly(slash);
    assertThatThrownBy(() -> pinned.withVerify(false)).hasMessageStartingWith("pins: ");
    assertThatThrownBy(() -> pinned.withCa(Path.of("ca.pem"))).hasMessageStartingWith("pins: ");
    assertThatThrownBy(() -> pinned.withPins(List.of("abc"))).hasMessageStartingWith("pins: ");
  }

  @Test
  void noneSwitchesOffWhatMayBeOff() {
    assertThat(good(SMALLEST + "admin: { address: none }\n").admin().address()).isNull();
  }

  @Test
  void allFaultsAreToldAtOnceWhereTheyAre() {
    assertThat(
            faults(
                """
                listen:
                  - { address: "0.0.0.0:993", tsl: starttls }
                  - address: mail.example.org:143
                    protocol: gopher
                backends:
                  mx: { address: "mail.example.org:99999" }
                hibernat: { after: 15s }
                hibernate:
                  after: fifteen
                  wake-timeout: 11m
                  keep-alive: { every: 2m }
                  enabled: maybe
                  uid-set-max-bytes: 4TB
                  plain-max-messages: many
                login: [ 1, 2 ]
                tls:
                  certificates: mail.pem
                """))
        .containsExactly(
            "2:31: listen[0].tsl: unknown key; did you mean `tls`?",
            "3:14: listen[1].address: wanted an address such as 127.0.0.1:993 or \"[::1]:993\","
                + " not `mail.example.org:143`",
            "4:15: listen[1].protocol: wanted one of imap, not `gopher`",
            "6:18: backends.mx.address: wanted an address such as mail.example.org:143,"
                + " not `mail.example.org:99999`",
            "7:1: hibernat: unknown key; did you mean `hibernate`?",
            "9:10: hibernate.after: wanted a duration such as 250ms, 15s, 10m or 1h, not `fifteen`",
            "10:3: hibernate.wake-timeout: wanted a duration from 10ms to 10m",
            "11:15: hibernate.keep-alive: wanted one value here",
            "12:12: hibernate.enabled: wanted true or false, not `maybe`",
            "13:22: hibernate.uid-set-max-bytes: wanted a size such as 512, 16KiB or 4MiB, not `4TB`",
            "14:23: hibernate.plain-max-messages: wanted a whole number, not `many`",
            "15:8: login: wanted keys and their values here",
            "17:17: tls.certificates: wanted a list: lines that begin with `- `, or [ … ]");
  }

  @Test
  void whatIsMissingIsToldBesideWhatIsWrong() {
    assertThat(
            faults(
                """
                listen: [ { address: "0.0.0.0:993" }, { address: "0.0.0.0:993" } ]
                tls:
                  reload-every: 10
                  certificates:
                    - { certificate: nowhere.pem, key: mail.key, oscp: mail.pem }
                    - { certificate: mail.pem, key: nowhere.key }
                backends:
                  mx: { address: mx, ca: nowhere.pem, gate: { burst: 0 } }
                  my: { address: my, login-as: { user: boss, password-file: nowhere.secret }, pins: [ [ a ] ] }
                directory:
                  - file: { path: nowhere, shceme: PLAIN }
                  - map: { file: nowhere }
                  - bakend:
                  - ldap: { urls: [ "ldap://h" ], base: o=x, ca: nowhere.pem }
                groups: { mail: { mail: mirrored, backends: { mx: , nobody: } } }
                routes: [ { to: nowhere }, { to: mx }, { to: mail } ]
                login: { mechanisms: [ oauthbearer, ntlm ] }
                feeds:
                  - redis: { address: r, backends: [ none ] }
                limits: { per-user: -1 }
                """))
        .extracting(fault -> fault.replaceAll("/.*/", "").replaceFirst(", not .*", ""))
        .containsExactly(
            "1:41: listen[1].address: the same address as listen[0].address: 0.0.0.0:993",
            "3:17: tls.reload-every: wanted a duration such as 250ms, 15s, 10m or 1h",
            "5:9: tls.certificates[0].certificate: there is no file nowhere.pem",
            "5:50: tls.certificates[0].oscp: unknown key; did you mean `ocsp`?",
            "6:32: tls.certificates[1].key: there is no file nowhere.key",
            "8:22: backends.mx.ca: there is no file nowhere.pem",
            "8:47: backends.mx.gate.burst: wanted a number from 1 to 100000",
            "9:46: backends.my.login-as.password-file: there is no file nowhere.secret",
            "9:87: backends.my.pins[0]: wanted one value here",
            "11:13: directory[0].file.path: there is no file nowhere",
            "11:28: directory[0].file.shceme: unknown key; did you mean `scheme`?",
            "12:12: directory[1].map.file: there is no file nowhere",
            "13:5: directory[2].bakend: unknown key; did you mean `backend`?",
            "13:5: directory[2]: wanted one of " + KINDS,
            "14:46: directory[3].ldap.ca: there is no file nowhere.pem",
            "15:25: groups.mail.mail: wanted one of shared, split",
            "16:13: routes[0].to: there is no group or backend nowhere",
            "17:37: login.mechanisms[1]: wanted one of plain, login, scram-sha-256, scram-sha-256-plus, cram-md5, external, oauthbearer, xoauth2",
            "19:26: feeds[0].redis.backends: there is no backend none",
            "20:11: limits.per-user: wanted a number from 0 to 1000000");
  }

  @Test
  void anUnknownKeyLikeNoOtherTellsWhichThereAre() {
    assertThat(faults(SMALLEST + "admin: { colour: red }\n"))
        .containsExactly("3:10: admin.colour: unknown key; known here: address");
  }

  @Test
  void aKeySetTwiceIsAFault() {
    assertThat(faults(SMALLEST + "admin:\n  address: none\n  address: none\n"))
        .containsExactly("5:3: admin.address: set twice, first in line 4");
  }

  @Test
  void whatHasNoDefaultMustBeSet() {
    assertThat(faults("listen: [ { tls: none } ]\nbackends: { mx: { tls: none }, my: {} }\n"))
        .containsExactly(
            "1:11: listen[0].address: must be set",
            "2:17: backends.mx.address: must be set",
            "2:36: backends.my.address: must be set");
  }

  @Test
  void aListenerAndABackendAreTheLeast() {
    assertThat(faults("admin: { address: none }\n"))
        .containsExactlyInAnyOrder(
            "1:1: listen: wanted at least one listener",
            "1:1: backends: wanted at least one backend");
    assertThat(faults("listen: []\nbackends: {}\n"))
        .containsExactly(
            "1:1: listen: wanted at least one listener",
            "2:1: backends: wanted at least one backend");
  }

  @Test
  void withoutADirectoryTheBackendDecides() {
    assertThat(good(SMALLEST).directory()).containsExactly(LinkSettings.DEFAULT);
    assertThat(good(SMALLEST + "directory: [ backend: ]\n")).isEqualTo(good(SMALLEST));
  }

  @Test
  void aLinkIsOfOneKind() {
    assertThat(faults(SMALLEST + "directory:\n  - timeout: 5s\n  - bakend:\n"))
        .containsExactly(
            "4:5: directory[0]: wanted one of " + KINDS,
            "5:5: directory[1].bakend: unknown key; did you mean `backend`?",
            "5:5: directory[1]: wanted one of " + KINDS);
  }

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
    assertThat(faults(SMALLEST + "directory: [ http: { url: \"ftp://x/y z\", headers: [ x ] } ]\n"))
        .containsExactlyInAnyOrder(
            "3:27: directory[0].http.url: wanted a URL such as http://127.0.0.1:9000/auth, not"
                + " `ftp://x/y z`",
            "3:42: directory[0].http.headers: wanted lines such as \"X-Auth-Key: secret\"");
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
            "4:10: login.mechanisms: external needs `tls.client-certificates`");
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

  @Test
  void patternsAloneAreNoHome() {
    assertThat(
            faults(
                """
                listen: [ { address: "0.0.0.0:993" } ]
                backends: { any: { address: "*.example.org" } }
                """))
        .containsExactly(
            "2:1: backends: wanted at least one without `*` in its address, unless a link of"
                + " `directory` names hosts");
  }

  @Test
  void aBackendsNameIsAPlainWord() {
    assertThat(
            faults(
                "listen: [ { address: \"0.0.0.0:993\" } ]\nbackends: { \"m x\": { address: h } }\n"))
        .singleElement()
        .asString()
        .startsWith("2:13: backends.m x: wanted a name");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          'listen: [' | expected the node content
          'a: b: c'   | mapping values are not allowed here
          '@listen'    | found character
          'just text' | wanted keys and their values
          '[1, 2]'    | wanted keys and their values
          '*nobody'   | undefined alias
          """)
  void whatIsNotYamlOrNoMappingIsOneFaultWithAPlace(String text, String why) {
    assertThat(faults(text)).singleElement().asString().matches("1:\\d+: .*").contains(why);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n\n", "# only a comment\n", "---\n"})
  void anEmptyFileIsAFault(String text) {
    assertThat(faults(text)).isNotEmpty();
  }

  @Test
  void aSecondDocumentIsAFault() {
    assertThat(faults(SMALLEST + "---\n" + SMALLEST)).hasSize(1);
  }

  @Test
  void aCircleOfAliasesIsAFault() {
    assertThat(faults("listen: &a [ *a ]\nbackends: &b { x: *b }\n")).isNotEmpty();
  }

  @Test
  void aHugeOrBinaryOrMissingFileIsAFault() throws IOException {
    Path file = directory.resolve("dormouse.yaml");
    assertThat(faultsOf(file)).containsExactly("there is no such file");
    Files.write(file, new byte[] {(byte) 0xff, (byte) 0xfe, 0, 1});
    assertThat(faultsOf(file)).containsExactly("1:1: wanted text in UTF-8");
    Files.writeString(file, "#".repeat(1024 * 1024 + 1));
    assertThat(faultsOf(file)).containsExactly("1:1: larger than 1MiB, which no settings file is");
    assertThat(faultsOf(directory)).singleElement().asString().startsWith("cannot be read");
  }

  @Test
  void filesThatAreNamedMustBeThere() {
    assertThat(
            faults(
                """
                listen: [ { address: "0.0.0.0:993" } ]
                tls: { certificates: [ { certificate: nowhere.pem, key: . } ] }
                backends: { mx: { address: mail, ca: ca.pem } }
                """))
        .containsExactly(
            "2:26: tls.certificates[0].certificate: there is no file "
                + directory.resolve("nowhere.pem"),
            "2:52: tls.certificates[0].key: " + directory.resolve(".") + " is not a file",
            "3:34: backends.mx.ca: there is no file " + directory.resolve("ca.pem"));
  }

  @Test
  void twoListenersCannotShareAnAddress() {
    assertThat(
            faults(
                """
                listen: [ { address: "0.0.0.0:993" }, { address: "0.0.0.0:993" }, { address: "127.0.0.1:8080" } ]
                backends: { mx: { address: mail } }
                """))
        .containsExactly(
            "1:1: admin.address: the same address as listen[2].address: 127.0.0.1:8080",
            "1:41: listen[1].address: the same address as listen[0].address: 0.0.0.0:993");
    assertThat(
            good(
                "listen: [ { address: \"0.0.0.0:0\" }, { address: \"0.0.0.0:0\" } ]\nbackends: { m: { address: m } }"))
        .isNotNull();
  }

  @Test
  void aKeyThatAllCanReadIsWarnedOf() throws IOException {
    mode("mail.key", "rw-r--r--");
    assertThat(
            warnings(
                SMALLEST + "tls: { certificates: [ { certificate: mail.pem, key: mail.key } ] }\n"))
        .singleElement()
        .asString()
        .startsWith("3:49: tls.certificates[0].key: ")
        .endsWith("can be read by every user of this machine");
  }

  @Test
  void keysOfTicketsAreKeysThatNobodyElseCanRead() throws IOException {
    String tls = SMALLEST + "tls: { ticket-keys: ticket-keys }\n";
    mode("ticket-keys", "rw-r--r--");
    assertThat(warnings(tls))
        .singleElement()
        .asString()
        .startsWith("3:8: tls.ticket-keys: ")
        .endsWith("can be read by every user of this machine");
    Path keys = Files.writeString(directory.resolve("ticket-keys"), "# mine\n\nno-key\n");
    assertThat(faults(tls))
        .containsExactly(
            "3:8: tls.ticket-keys: line 3 of "
                + keys
                + " is not Base64; make one with: openssl rand -base64 48");
  }

  @Test
  void aMasterUserNeedsAFileWithItsPassword() throws IOException {
    Files.writeString(directory.resolve("empty"), "\n");
    Files.writeString(directory.resolve("two-lines"), "one\ntwo\n");
    assertThat(
            faults(
                """
                listen: [ { address: "0.0.0.0:993" } ]
                backends:
                  a: { address: a, login-as: { user: boss, password-file: nowhere } }
                  b: { address: b, login-as: { user: boss, password-file: empty } }
                  c: { address: c, login-as: { user: boss, password-file: two-lines } }
                """))
        .containsExactly(
            "3:44: backends.a.login-as.password-file: there is no file "
                + directory.resolve("nowhere"),
            "4:44: backends.b.login-as.password-file: "
                + directory.resolve("empty")
                + " holds no secret in its first line",
            "5:44: backends.c.login-as.password-file: "
                + directory.resolve("two-lines")
                + " holds more than one line");
    assertThat(
            faults(
                """
                listen: [ { address: "0.0.0.0:993" } ]
                backends:
                  a: { address: a, login-as: { user: boss } }
                  b: { address: b, login-as: { password-file: empty } }
                  c: { address: c, login-as: { separator: "*" } }
                """))
        .containsExactly(
            "3:30: backends.a.login-as.password-file: wanted the file that holds the password of `user`",
            "4:30: backends.b.login-as.user: wanted the master user whose password `password-file` holds",
            "5:30: backends.c.login-as.user: wanted the master user behind the separator");
  }

  @Test
  void aSecretThatAllCanReadIsWarnedOf() throws IOException {
    mode("master.secret", "rw-r--r--");
    assertThat(
            warnings(
                """
                listen: [ { address: "0.0.0.0:993" } ]
                backends:
                  mx: { address: mx, login-as: { user: boss, password-file: master.secret } }
                """))
        .singleElement()
        .asString()
        .contains("login-as.password-file: ")
        .endsWith("can be read by every user of this machine");
  }

  @Test
  void anUncheckedCertificateAndAnUnusualPortAreWarnedOf() {
    assertThat(
            warnings(
                """
                listen: [ { address: "0.0.0.0:993" } ]
                backends:
                  mx: { address: "mail:993", verify: false }
                """))
        .hasSize(2)
        .allMatch(warning -> warning.startsWith("3:"));
  }

  private Settings good(String text) {
    SettingsRead read = SettingsFile.parse(text, directory);
    assertThat(read).isInstanceOf(SettingsRead.Good.class);
    return ((SettingsRead.Good) read).settings();
  }

  private List<String> warnings(String text) {
    SettingsRead read = SettingsFile.parse(text, directory);
    assertThat(read).isInstanceOf(SettingsRead.Good.class);
    return ((SettingsRead.Good) read).warnings().stream().map(Fault::toString).toList();
  }

  private List<String> faults(String text) {
    return told(SettingsFile.parse(text, directory));
  }

  private static List<String> faultsOf(Path file) {
    return told(SettingsFile.read(file));
  }

  private static List<String> told(SettingsRead read) {
    assertThat(read).isInstanceOf(SettingsRead.Bad.class);
    return ((SettingsRead.Bad) read).faults().stream().map(Fault::toString).toList();
  }

  private static void differsInEveryKey(Object settings, Object defaults, String... except) {
    for (RecordComponent component : settings.getClass().getRecordComponents()) {
      if (!List.of(except).contains(component.getName())) {
        assertThat(RecordKey.value(component, settings))
            .as(component.toString())
            .isNotEqualTo(RecordKey.value(component, defaults));
      }
    }
  }

  private void mode(String file, String mode) throws IOException {
    Files.setPosixFilePermissions(directory.resolve(file), PosixFilePermissions.fromString(mode));
  }

  private static InetSocketAddress at(String ip, int port) {
    return new InetSocketAddress(InetAddress.ofLiteral(ip), port);
  }
}
