package dormouse.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class SettingsFileTest extends SettingsFileCase {
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
          - { certificate: mail.pem, key: mail.key, passphrase-file: master.secret, ocsp: mail.pem }
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
          client-passphrase-file: master.secret
          source-addresses: [ 10.0.0.5, "2001:db8::5" ]
          trusted: true
          proxy-protocol: v2
          mechanism: plain
          token-mechanism: xoauth2
          connect-timeout: 7s
          answer-timeout: 8s
          health: { check: login, interval: 11s, timeout: 6s, down-after: 4, up-after: 3, user: probe, password-file: master.secret }
          watch: poll
          gate: { logins-per-second: 9, burst: 10, concurrent-logins: 11, queue: 12 }
          pool: { per-user: 13, keep: 14s, keep-after-logout: 15s, trust-password: 17s, max: 16 }
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
        asleep-per-network: 100001
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
                directory.resolve("master.secret"),
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
                directory.resolve("master.secret"),
                List.of(InetAddress.ofLiteral("10.0.0.5"), InetAddress.ofLiteral("2001:db8::5")),
                true,
                ProxyProtocol.V2,
                BackendMechanism.PLAIN,
                TokenMechanism.XOAUTH2,
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
                new PoolSettings(
                    13, Duration.ofSeconds(14), Duration.ofSeconds(15), Duration.ofSeconds(17), 16),
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
  void whatNoConnectionCanBeMadeToOrComeFromIsAFault() {
    assertThat(
            faults(
                """
                listen: [ { address: "0.0.0.0:993" } ]
                backends: { mx: { address: "[fe80::1%eth0]:143" } }
                routes: [ { to: mx }, { listener: "0.0.0.0:0", to: mx } ]
                runtime: { name-servers: [ "10.0.0.53:53", "10.0.1.53:0" ] }
                feeds: [ { redis: { address: "[fe80::1%1]" } } ]
                """))
        .containsExactly(
            "2:19: backends.mx.address: wanted an address without a scope (`%eth0`)",
            "3:25: routes[1].listener: wanted the port at which clients come in, which is never 0",
            "4:12: runtime.name-servers: wanted each with its port, which is not 0",
            "5:21: feeds[0].redis.address: wanted an address without a scope (`%eth0`)");
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
  void aFeedHasAllAddressesOfItsPort() {
    assertThat(
            faults(
                """
                listen: [ { address: "[::]:8025" } ]
                backends: { mx: { address: mail } }
                feeds:
                  - dovecot-events: { listen: "0.0.0.0:8025" }
                  - cyrus-events: { listen: "[::]:8026" }
                  - dovecot-ox: { listen: "0.0.0.0:8026" }
                  - dovecot-ox: { listen: "127.0.0.1:8026" }
                """))
        .containsExactly(
            "4:23: feeds[0].dovecot-events.listen: the same port of all addresses as listen[0].address: 0.0.0.0:8025",
            "6:19: feeds[2].dovecot-ox.listen: the same port of all addresses as feeds[1].cyrus-events.listen: 0.0.0.0:8026");
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
}
