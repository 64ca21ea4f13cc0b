package dormouse.directory;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.config.BackendMechanism;
import dormouse.config.Network;
import dormouse.config.TokenMechanism;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FactsTest {
  private static final Instant NOW = Instant.ofEpochSecond(1_700_000_000);

  @Test
  void whatIsMeantForAMailServerIsLeftOut() {
    Facts facts = facts("proxy", "y", "userdb_home", "/home/ann", "uid", "1000", "host", "mx2");

    assertThat(facts.fields()).containsOnlyKeys("proxy", "host");
  }

  @Test
  void theBackendIsWhereItIsSaidToBe() {
    assertThat(facts("host", "mx2", "port", "1143").host()).isEqualTo("mx2");
    assertThat(facts("host", "mx2", "hostip", "10.0.0.2").host()).isEqualTo("mx2");
    assertThat(facts("host", "mx2", "hostip", "10.0.0.2").hostip()).isEqualTo("10.0.0.2");
    assertThat(facts("hostip", "10.0.0.2").host()).isEqualTo("10.0.0.2");
    assertThat(facts("host", "mx2").hostip()).isNull();
    assertThat(facts("host", "mx2", "port", "1143").port()).isEqualTo(1143);
    assertThat(facts("ssl", "any-cert").tls()).isEqualTo(Facts.Tls.TLS);
    assertThat(facts("ssl", "no", "starttls", "yes").tls()).isEqualTo(Facts.Tls.STARTTLS);
    assertThat(Facts.NONE.tls()).isEqualTo(Facts.Tls.UNSAID);
  }

  @Test
  void anAddressIsReadInOneForm() {
    assertThat(facts("hostip", "2001:DB8:0::1").hostip()).isEqualTo("2001:db8::1");
    assertThat(facts("host", "2001:DB8:0::1").host()).isEqualTo("2001:db8::1");
  }

  @ParameterizedTest
  @CsvSource({
    "host,fe80::1%eth0",
    "hostip,fe80::1%eth0",
    "hostip,mx2.example.org",
    "hostip,10.0.*",
    "port,0",
    "port,65536",
    "port,imap",
    "host,' '",
    "ssl,maybe",
    "nologin,2",
    "allow_nets,'10.0.0.0/8,mail.example.org'",
    "delay_until,soon",
    "reason,'a\nb'",
    "proxy_timeout,long",
    "proxy_refresh,often",
    "proxy_mech,scram-sha-1",
    "proxy_mech,''",
    "source_ip,mail.example.org",
    "source_ip,'192.0.2.1,192.0.2.2'"
  })
  void whatCannotBeRightIsNotTakenForAnAnswer(String name, String value) {
    assertThat(Facts.accept(Map.of(name, value, "user", "ann")))
        .isEqualTo(new Answer.CannotTell("impossible facts: " + name, /* down= */ false));
  }

  /// Who has no address, as at Dovecot's own sockets, does not come here.
  @Test
  void localNetworksAreNobodys() {
    InetAddress here = InetAddress.getLoopbackAddress();
    List<Network> local = facts("allow_nets", "local").allowNets();
    assertThat(local).isNotEmpty(); // else all might come
    assertThat(Network.contain(local, here)).isFalse();
    List<Network> both = facts("allow_nets", "local, 127.0.0.0/8").allowNets();
    assertThat(Network.contain(both, here)).isTrue();
    assertThat(Network.contain(both, InetAddress.ofLiteral("192.0.2.1"))).isFalse();
  }

  @Test
  void whoLogsFactsLogsNoPassword() {
    assertThat(facts("pass", "secret", "host", "mx2").toString())
        .contains("mx2")
        .doesNotContain("secret", "115");
  }

  @Test
  void factsLieOverOthers() {
    Facts over = facts("user", "ann").over(facts("user", "a", "destuser", "b", "pass", "x"));

    assertThat(over.user()).isEqualTo("ann");
    assertThat(over.backendUser()).isEqualTo("b");
    assertThat(over.pass()).containsExactly('x');
  }

  @ParameterizedTest
  @ValueSource(strings = {"host", "hostip", "backend"})
  void whoNamesABackendSaysAllOfWhereItIs(String name) {
    Facts before =
        facts(
            "host",
            "mx1",
            "hostip",
            "10.0.0.1",
            "port",
            "143",
            "ssl",
            "y",
            "starttls",
            "y",
            "backend",
            "mail",
            "proxy_timeout",
            "5s");

    assertThat(facts(name, "10.0.0.2", "ssl", "no").over(before).fields())
        .isEqualTo(Map.of(name, "10.0.0.2", "ssl", "no", "proxy_timeout", "5s"));
    assertThat(facts(name, "10.0.0.2").over(before).fields())
        .as("what was to be by TLS still is")
        .isEqualTo(Map.of(name, "10.0.0.2", "ssl", "y", "starttls", "y", "proxy_timeout", "5s"));
    assertThat(facts(name, "10.0.0.2", "port", "993").over(before).port()).isEqualTo(993);
  }

  @Test
  void whoNamesNoneSaysMoreOfTheOneBefore() {
    Facts over = facts("ssl", "y", "port", "993").over(facts("host", "mx1", "port", "143"));

    assertThat(over.host()).isEqualTo("mx1");
    assertThat(over.port()).isEqualTo(993);
    assertThat(over.tls()).isEqualTo(Facts.Tls.TLS);
  }

  @Test
  void whoIsPassedOnMayLogIn() {
    assertThat(facts("nologin", "y").nologin()).isTrue();
    assertThat(facts("nologin", "y", "host", "mx2").nologin()).isTrue();
    assertThat(facts("nologin", "y", "proxy", "y").nologin()).isFalse();
    assertThat(facts("nologin", "y", "proxy", "n").nologin()).isTrue();
    assertThat(facts("nologin", "y", "proxy_maybe", "y", "host", "mx2").nologin()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "authz_fail,AUTHORIZATIONFAILED",
    "pass_expired,EXPIRED",
    "user_disabled,CONTACTADMIN",
    "limit,LIMIT"
  })
  void whatDovecotCallsARefusalIsTranslated(String code, String ours) {
    assertThat(facts("nologin", "y", "code", code).code()).isEqualTo(ours);
  }

  @ParameterizedTest
  @CsvSource({
    "proxy_maybe,192.0.2.1,143,true",
    "proxy_maybe,192.0.2.1,,true",
    "proxy_maybe,192.0.2.1,993,false",
    "proxy_maybe,192.0.2.2,,false",
    "proxy_maybe,mx2,,false",
    "proxy,192.0.2.1,143,false"
  })
  void whoIsAtHomeHereIsPassedOnToNobody(String flag, String host, String port, boolean here) {
    Facts told =
        port == null
            ? facts(flag, "y", "host", host, "user", "ann", "nologin", "y", "pass", "p")
            : facts(flag, "y", "host", host, "port", port, "ssl", "y", "user", "ann", "pass", "p");

    Facts known = told.at(new InetSocketAddress(InetAddress.ofLiteral("192.0.2.1"), 143));

    assertThat(known.host()).isEqualTo(here ? null : host);
    assertThat(known.user()).isEqualTo("ann");
    assertThat(known.pass()).containsExactly('p');
    if (here) {
      assertThat(known.fields()).doesNotContainKeys("port", "ssl", "proxy_maybe");
      assertThat(known.nologin()).isEqualTo(port == null);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1699999999,0",
    "1700000010,10",
    "1700000010+20,20",
    "1700009999,300",
  })
  void aLoginCanBeHeldUpForAWhile(String until, long seconds) {
    assertThat(facts("delay_until", until).delay(NOW, 0.5)).isEqualTo(Duration.ofSeconds(seconds));
  }

  @ParameterizedTest
  @CsvSource({"5,5000", "500 msecs,500", "2s,2000", "1mins,60000", "999999,600000", "0,"})
  void aLoginAtTheBackendMayHaveATimeOfItsOwn(String told, Long millis) {
    assertThat(facts("proxy_timeout", told).timeout())
        .isEqualTo(millis == null ? null : Duration.ofMillis(millis));
  }

  @Test
  void howTheBackendIsComeToCanBeSaid() {
    Facts told = facts("proxy_mech", "LOGIN", "source_ip", "192.0.2.7");
    assertThat(told.mechanism()).isEqualTo(BackendMechanism.LOGIN);
    assertThat(told.source()).isEqualTo(InetAddress.ofLiteral("192.0.2.7"));
    Facts bearer = facts("proxy_mech", "OAUTHBEARER");
    assertThat(bearer.tokens()).isEqualTo(TokenMechanism.OAUTHBEARER);
    assertThat(bearer.mechanism()).isNull();
    assertThat(facts("proxy_mech", "xoauth2").tokens()).isEqualTo(TokenMechanism.XOAUTH2);
    assertThat(told.tokens()).isNull();
    assertThat(facts("proxy_mech", "%m").mechanism()).as("Dovecot: the client's").isNull();
    assertThat(facts("proxy_mech", "%m").tokens()).isNull();
    assertThat(facts("proxy_not_trusted", "y").untold()).isTrue();
    assertThat(Facts.NONE.untold()).isFalse();
    assertThat(facts("proxy_refresh", "450").refresh()).isEqualTo(Duration.ofSeconds(450));
    assertThat(facts("proxy_refresh", "0").refresh()).isNull();
    assertThat(Facts.NONE.refresh()).isNull();
    assertThat(Facts.NONE.timeout()).isNull();
    assertThat(Facts.NONE.mechanism()).isNull();
    assertThat(Facts.NONE.source()).isNull();
  }

  @Test
  void whatIsForwardedLosesItsPrefix() {
    assertThat(facts("forward_tenant", "7", "host", "mx").forwarded())
        .isEqualTo(Map.of("tenant", "7"));
  }

  private static Facts facts(String... namesAndValues) {
    Map<String, String> told = new HashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      told.put(namesAndValues[i], namesAndValues[i + 1]);
    }
    Answer answer = Facts.accept(told);
    assertThat(answer).isInstanceOf(Answer.Accept.class);
    return ((Answer.Accept) answer).facts();
  }
}
