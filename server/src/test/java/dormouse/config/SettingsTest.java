package dormouse.config;

import static java.time.Duration.ZERO;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofHours;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class SettingsTest {
  @Test
  void theDefaultsAreThese() {
    assertThat(ListenSettings.DEFAULT)
        .isEqualTo(
            new ListenSettings(
                Protocol.IMAP,
                new InetSocketAddress(InetAddress.ofLiteral("0.0.0.0"), 993),
                ListenTls.IMPLICIT));
    assertThat(TlsSettings.DEFAULT).isEqualTo(new TlsSettings(List.of()));
    assertThat(BackendSettings.DEFAULT)
        .isEqualTo(
            new BackendSettings(
                "localhost",
                143,
                BackendTls.STARTTLS,
                true,
                null,
                null,
                List.of(),
                null,
                null,
                null,
                List.of(),
                false,
                ProxyProtocol.NONE,
                BackendMechanism.AUTO,
                TokenMechanism.NONE,
                ofSeconds(5),
                ofSeconds(30),
                Watch.AUTO,
                new GateSettings(200, 50, 50, 5000),
                new HealthSettings(
                    HealthSettings.Check.GREETING, ofSeconds(10), ofSeconds(5), 3, 2, null, null),
                new PoolSettings(2, ofSeconds(30), ofSeconds(60), ZERO, 1000),
                new LoginAsSettings(null, null, null),
                new CanarySettings(null, null, ofSeconds(30), ofSeconds(5))));
    assertThat(LinkSettings.DEFAULT)
        .isEqualTo(
            new LinkSettings(
                new BackendLinkSettings(),
                ofSeconds(10),
                LinkSettings.Unavailable.STOP,
                ZERO,
                ZERO,
                10_000,
                5,
                ofSeconds(10)));
    assertThat(FileLinkSettings.DEFAULT).isEqualTo(new FileLinkSettings(Path.of("users"), "CRYPT"));
    assertThat(SqlLinkSettings.DEFAULT)
        .isEqualTo(
            new SqlLinkSettings(
                "jdbc:sqlite:users.db",
                null,
                null,
                "SELECT password FROM users WHERE name = :user",
                "PLAIN",
                4));
    assertThat(LdapLinkSettings.DEFAULT)
        .isEqualTo(
            new LdapLinkSettings(
                List.of("ldap://localhost"),
                false,
                null,
                null,
                null,
                "dc=example,dc=org",
                LdapLinkSettings.Scope.SUBTREE,
                "(uid=:user)",
                List.of(),
                true,
                "PLAIN",
                4));
    assertThat(OAuth2LinkSettings.DEFAULT)
        .isEqualTo(
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
                4));
    assertThat(RewriteLinkSettings.DEFAULT)
        .isEqualTo(new RewriteLinkSettings(null, null, null, false, List.of(), null));
    assertThat(MapLinkSettings.DEFAULT)
        .isEqualTo(
            new MapLinkSettings(
                List.of(),
                null,
                MapLinkSettings.Form.WORDS,
                List.of("\\U"),
                false,
                "@",
                MapLinkSettings.Unknown.NEXT));
    assertThat(LoginSettings.DEFAULT)
        .isEqualTo(
            new LoginSettings(
                ofSeconds(60),
                ofSeconds(180),
                5,
                100,
                8192,
                4096,
                List.of(SaslMechanism.PLAIN, SaslMechanism.LOGIN),
                List.of(),
                List.of(),
                List.of()));
    assertThat(LimitsSettings.DEFAULT)
        .isEqualTo(new LimitsSettings(500, 2000, 100, 5000, 100_000, 1000, 0, 10_000, List.of()));
    assertThat(ThrottleSettings.DEFAULT)
        .isEqualTo(
            new ThrottleSettings(
                true,
                10,
                ofSeconds(1),
                ofSeconds(15),
                ofMinutes(1),
                ofSeconds(30),
                262144,
                262144,
                ofDays(30),
                List.of()));
    assertThat(HibernateSettings.DEFAULT)
        .isEqualTo(
            new HibernateSettings(
                true,
                ofSeconds(15),
                ofSeconds(60),
                ofMinutes(10),
                ofSeconds(10),
                ofMinutes(10),
                ofSeconds(60),
                ofSeconds(120),
                ofSeconds(30),
                65536,
                20000,
                262144,
                4194304,
                50,
                ofHours(1),
                true));
    assertThat(AdminSettings.DEFAULT)
        .isEqualTo(
            new AdminSettings(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 8080)));
    assertThat(RuntimeSettings.DEFAULT)
        .isEqualTo(new RuntimeSettings(0, Path.of("state"), ofSeconds(5), true, true, List.of()));
  }

  @Test
  void aBackendWithoutAPortHasTheUsualOne() {
    assertThat(backend(0, BackendTls.TLS).port()).isEqualTo(993);
    assertThat(backend(0, BackendTls.STARTTLS).port()).isEqualTo(143);
    assertThat(backend(0, BackendTls.NONE).port()).isEqualTo(143);
    assertThat(backend(1143, BackendTls.TLS).port()).isEqualTo(1143);
  }

  @Test
  void aRecordNamesEveryKeyThatItRefusesAndWhatWasWanted() {
    assertThatThrownBy(() ->
            new LoginSettings(
                ZERO, ofHours(2), 0, 0, 1, 1 << 20, List.of(), List.of(), List.of(), List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "timeout: wanted a duration from 10ms to 30m; "
                + "limit: wanted a duration from 10ms to 30m; "
                + "max-errors: wanted a number from 1 to 1000; "
                + "max-commands: wanted a number from 1 to 100000; "
                + "max-line-bytes: wanted a size from 512 to 64KiB; "
                + "max-literal-bytes: wanted a size from 64 to 64KiB; "
                + "mechanisms: wanted at least one");
    assertThatThrownBy(() -> backend(70000, BackendTls.TLS)).hasMessageStartingWith("address: ");
    assertThatThrownBy(() -> Settings.of(List.of(), Map.of()))
        .hasMessage("listen: wanted at least one listener; backends: wanted at least one backend");
  }

  private static BackendSettings backend(int port, BackendTls tls) {
    return BackendSettings.to("mx", port, tls);
  }

  @Test
  void aDerivedRecordDiffersInWhatWasSaidAndIsChecked() {
    HibernateSettings usual = HibernateSettings.DEFAULT;
    assertThat(usual.withAfter(ofSeconds(1)).withAfter(usual.after())).isEqualTo(usual);
    assertThat(usual.withAfter(ofSeconds(1)).after()).isEqualTo(ofSeconds(1));
    assertThatThrownBy(() -> usual.withAfter(ofDays(2))).hasMessageStartingWith("after: wanted");
  }
}
