package dormouse.route;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.backend.Approach;
import dormouse.backend.Backend;
import dormouse.backend.Backends;
import dormouse.backend.Gate;
import dormouse.backend.Health;
import dormouse.backend.Host;
import dormouse.config.BackendSettings;
import dormouse.config.BackendTls;
import dormouse.config.GateSettings;
import dormouse.config.GroupSettings;
import dormouse.config.GroupSettings.Mail;
import dormouse.config.HealthSettings;
import dormouse.config.LoginAsSettings;
import dormouse.config.MemberSettings;
import dormouse.config.RouteSettings;
import dormouse.ops.Metrics;
import dormouse.session.HandClock;
import dormouse.tls.BackendTrust;
import dormouse.tls.BadCertificates;
import io.netty.resolver.DefaultAddressResolverGroup;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RouterTest {
  private final Map<String, Backend> all = new LinkedHashMap<>();
  private final Map<String, GroupSettings> groups = new LinkedHashMap<>();
  private final List<BackendTrust> trusts = new ArrayList<>();

  RouterTest() throws BadCertificates {
    for (String name : List.of("mx1", "mx2", "mx3", "old", "any")) {
      String host = name.equals("any") ? "*.cluster" : name + ".example.org";
      all.put(name, backend(name, BackendSettings.to(host, 143, BackendTls.NONE)));
    }
    groups.put("mail", group(Mail.SHARED, Map.of("mx1", 1, "mx2", 1, "mx3", 0)));
    groups.put("parts", group(Mail.SPLIT, Map.of("mx1", 1, "mx2", 1)));
  }

  @AfterEach
  void close() {
    trusts.forEach(BackendTrust::close);
  }

  private static GroupSettings group(Mail mail, Map<String, Integer> weights) {
    Map<String, MemberSettings> members = new LinkedHashMap<>();
    weights.forEach((name, weight) -> members.put(name, new MemberSettings(weight)));
    return new GroupSettings(mail, members);
  }

  private Router router(RouteSettings... rules) {
    return new Router(new Backends(all, null), groups, List.of(rules));
  }

  @Test
  void withoutGroupsEveryUserHasOneHomeAmongAll() {
    Router router = new Router(new Backends(all, null), Map.of(), List.of());
    for (int i = 0; i < 50; i++) {
      String user = "user" + i;
      assertThat(names(route(router, user).order(null)))
          .containsExactly(Rendezvous.home(List.of("mx1", "mx2", "mx3", "old"), user));
    }
  }

  @Test
  void membersOfAGroupThatSharesMailStandInForEachOtherAndTheSpareOneForAll() {
    Route route = route(router(), "ann");
    List<String> order = names(route.order(null));
    assertThat(order).hasSize(3).endsWith("mx3");
    Backend home = backend(order.getFirst());
    down(home);
    assertThat(names(route.order(null))).containsExactly(order.get(1), "mx3", order.getFirst());
    down(backend(order.get(1)));
    assertThat(names(route.order(null))).containsExactly("mx3", order.getFirst(), order.get(1));
    down(backend("mx3"));
    assertThat(names(route.order(null))).as("all are down").isEqualTo(order);
  }

  @Test
  void whoeverServesAUserNowComesFirstWhileItIsUpAndNotSpare() {
    Route route = route(router(), "ann");
    List<String> order = names(route.order(null));
    Backend other = backend(order.get(1));
    assertThat(names(route.order(other))).startsWith(order.get(1));
    assertThat(names(route.order(backend("mx3")))).isEqualTo(order);
    assertThat(route.keeps(other)).isTrue();
    assertThat(route.keeps(backend("mx3"))).isFalse();
    assertThat(route.keeps(backend("old"))).isFalse();
    down(other);
    assertThat(names(route.order(other))).startsWith(order.getFirst());
  }

  @Test
  void whoeverServesAUserNowIsTheSameAfterAReload() throws BadCertificates {
    Route before = route(router(), "ann");
    String current = names(before.order(null)).get(1);
    Backend old = backend(current);
    all.put(current, backend(current, old.settings()));
    assertThat(names(route(router(), "ann").order(old))).startsWith(current);
  }

  @Test
  void aBackendIsRightForWhomItWasRightBeforeUnlessItIsToBeLeftNow() {
    Route before = route(router(), "ann");
    assertThat(before.confirms(before, backend("mx1"))).isTrue();
    assertThat(before.confirms(before, backend("mx3"))).as("spare then and now").isTrue();
    assertThat(before.confirms(before, backend("old"))).isFalse();
    groups.put("mail", group(Mail.SHARED, Map.of("mx1", 0, "mx2", 1, "mx3", 1)));
    Route now = route(router(), "ann");
    assertThat(now.confirms(before, backend("mx1"))).as("spare from now on").isFalse();
    assertThat(now.confirms(before, backend("mx3"))).isTrue();
  }

  @Test
  void whereMailIsSplitNobodyStandsInForAnother() {
    Route route = Objects.requireNonNull(router().route(wanted("ann", "parts", null)));
    assertThat(route.order(null)).hasSize(1);
    assertThat(route.place()).isEqualTo(route.order(null).getFirst().place());
  }

  @Test
  void theFirstRuleThatFitsDecides() {
    Router router =
        router(
            new RouteSettings("a*", "*.NET", null, null, "mx1"),
            new RouteSettings(null, "example.net", null, null, "old"),
            new RouteSettings("b*b", null, null, null, "mx2"),
            new RouteSettings(null, null, null, at("0.0.0.0", 1993), "mx3"),
            new RouteSettings(null, null, null, at("10.0.0.1", 993), "parts"));
    assertThat(first(router, "Ann@mail.example.net")).isEqualTo("mx1");
    assertThat(first(router, "dan@x@example.net")).isEqualTo("old");
    assertThat(first(router, "cid@EXAMPLE.net")).isEqualTo("old");
    assertThat(first(router, "bob")).isEqualTo("mx2");
    assertThat(route(router, "bobo").place()).isEqualTo("mail");
    assertThat(route(router, "cid").place()).isEqualTo("mail");
    assertThat(route(router, wanted("cid", at("10.0.0.2", 1993))).place()).startsWith("mx3 ");
    assertThat(route(router, wanted("cid", at("10.0.0.1", 993))).members()).hasSize(1);
    assertThat(route(router, wanted("cid", at("10.0.0.2", 993))).place()).isEqualTo("mail");
  }

  @Test
  void whatTheDirectorySaysGoesBeforeRules() {
    Router router = router(new RouteSettings(null, null, null, null, "old"));
    assertThat(first(router, "ann")).isEqualTo("old");
    assertThat(route(router, wanted("ann", "mail", null)).place()).isEqualTo("mail");
    assertThat(route(router, wanted("ann", "mx2", null)).place()).startsWith("mx2 ");
    assertThat(route(router, wanted("ann", null, "mx3.example.org")).place()).startsWith("mx3 ");
    assertThat(router.route(wanted("ann", "nowhere", null))).isNull();
    assertThat(router.route(wanted("ann", null, "elsewhere"))).isNull();
  }

  @Test
  void hostsThatADirectoryNamesArePlacesOfTheirOwnAndOutliveAReload() {
    Router router = router();
    Route a = route(router, wanted("ann", null, "a.cluster"));
    Route b = route(router, wanted("ann", null, "b.cluster"));
    assertThat(a.place()).isNotEqualTo(b.place());
    Router reloaded = new Router(new Backends(all, router.backends()), Map.of(), List.of());
    assertThat(route(reloaded, wanted("ann", null, "a.cluster")).members())
        .containsExactlyElementsOf(a.members());
  }

  @Test
  void aBackendThatIsReachedOtherwiseThanTheDirectorySaysIsNotMeant() {
    Router router = router(new RouteSettings(null, null, null, null, "old"));
    for (Wanted wanted :
        List.of(
            wanted("mx1", null, 0, BackendTls.TLS),
            wanted("mx1", null, 993, null),
            wanted("mail", null, 143, BackendTls.STARTTLS),
            wanted(null, new Host("mx1", null), 993, BackendTls.TLS),
            wanted(null, new Host("mx1", null), 0, BackendTls.STARTTLS),
            wanted(null, new Host("mx1", null), 1143, null),
            wanted(null, new Host("mx1.example.org", null), 993, BackendTls.TLS),
            wanted(null, null, 993, null),
            wanted(null, null, 0, BackendTls.TLS))) {
      assertThat(router.route(wanted)).as(wanted.toString()).isNull();
    }
    for (Wanted wanted :
        List.of(
            wanted("mx1", null, 143, BackendTls.NONE),
            wanted("mail", null, 143, null),
            wanted(null, new Host("mx1", null), 143, null),
            wanted(null, null, 143, null))) {
      assertThat(router.route(wanted)).as(wanted.toString()).isNotNull();
    }
  }

  @Test
  void whereTheDirectoryWantsTlsAReferralLeadsNowhereElse() {
    Wanted inTls = wanted(null, new Host("a.cluster", null), 0, BackendTls.TLS);
    assertThat(route(router(), inTls.at("b.cluster", 0)).members())
        .singleElement()
        .extracting(backend -> backend.settings().tls())
        .isEqualTo(BackendTls.TLS);
    assertThat(router().route(inTls.at("mx2", 0))).isNull();
  }

  @Test
  void anEntryIsFoundByItsNameThoughTheDirectoryKnowsItsNumber() throws BadCertificates {
    all.put("mx4", backend("mx4", BackendSettings.to("10.0.0.4", 143, BackendTls.NONE)));
    assertThat(route(router(), to("mx1", "10.0.0.4")).place()).isEqualTo("mx1 10.0.0.4:143");
    assertThat(route(router(), to("mx1.example.org", "10.0.0.4")).place())
        .isEqualTo("mx1 10.0.0.4:143");
    assertThat(route(router(), to("mx4", "10.0.0.4")).place()).startsWith("mx4 ");
    assertThat(route(router(), to("elsewhere", "10.0.0.4")).place()).startsWith("mx4 ");
    assertThat(router().route(to("mx4", "10.0.0.5"))).as("mx4 is elsewhere").isNull();
  }

  /// Whoever answers at the number has to show the certificate of the name.
  @Test
  void anEntryThatIsFoundByItsNameIsDialledByNumberAndCheckedByItsOwnName() throws BadCertificates {
    BackendSettings mx5 = BackendSettings.to("mx5.example.org", 1143, BackendTls.STARTTLS);
    all.put("mx5", backend("mx5", mx5));
    all.put("mx6", backend("mx6", mx5.withTlsName("mail.example.org")));
    for (String host : List.of("mx5", "MX5.example.org")) {
      assertThat(route(router(), to(host, "10.0.0.5")).members())
          .singleElement()
          .extracting(Backend::settings)
          .isEqualTo(mx5.at("10.0.0.5", 0, null).withTlsName("mx5.example.org"));
    }
    assertThat(route(router(), to("mx6", "10.0.0.5")).members())
        .singleElement()
        .extracting(Backend::settings)
        .isEqualTo(mx5.at("10.0.0.5", 0, null).withTlsName("mail.example.org"));
  }

  @Test
  void noPasswordGoesToANumberThatTheSettingsDoNotAllowAndNoCertificateProves()
      throws BadCertificates {
    BackendSettings unchecked =
        BackendSettings.to("mx5.example.org", 143, BackendTls.STARTTLS).withVerify(false);
    all.put("mx5", backend("mx5", unchecked));
    for (String host : List.of("mx1", "mx1.example.org", "mx5", "a.cluster")) {
      assertThat(router().route(to(host, "203.0.113.9"))).as(host).isNull();
    }
    all.put("net", backend("net", BackendSettings.to("10.1.*", 0, BackendTls.NONE)));
    assertThat(route(router(), to("mx1", "10.1.0.9")).place()).isEqualTo("mx1 10.1.0.9:143");
    assertThat(route(router(), to("a.cluster", "10.1.0.9")).place()).isEqualTo("any 10.1.0.9:143");
    assertThat(route(router(), to("mx5", "10.1.0.9")).members())
        .singleElement()
        .extracting(there -> there.settings().tls())
        .as("as the entry that is named, not as the one that allows it")
        .isEqualTo(BackendTls.STARTTLS);
    assertThat(router().route(to("mx1", "203.0.113.9"))).isNull();

    all.put("mx7", backend("mx7", BackendSettings.to("10.0.0.7", 143, BackendTls.STARTTLS)));
    for (String host : List.of("mx1", "mx5", "a.cluster")) {
      assertThat(route(router(), to(host, "10.0.0.7")).place())
          .as("not less safely than the entry that is there")
          .isEqualTo("mx7 10.0.0.7:143");
    }

    all.put("mx8", backend("mx8", BackendSettings.to("10.0.0.8", 1143, BackendTls.NONE)));
    assertThat(route(router(), to("mx1", "10.0.0.8")).place())
        .as("another port of the same machine")
        .isEqualTo("mx8 10.0.0.8:1143");
    all.put(
        "mx9",
        backend(
            "mx9",
            BackendSettings.to("mx9.example.org", 143, BackendTls.NONE)
                .withLoginAs(new LoginAsSettings("dormouse", Path.of("master"), null))));
    assertThat(route(router(), to("mx9", "10.1.0.9")).place())
        .as("where a master user's password may not go")
        .isEqualTo("net 10.1.0.9:143");
    assertThat(router().route(wanted("ann", null, "10.1.evil.example")))
        .as("a name that begins like the pattern's numbers")
        .isNull();
  }

  @Test
  void aPatternThatHasAMasterUserAllowsTheNumbersOfABackendWithoutOne() throws BadCertificates {
    LoginAsSettings master = new LoginAsSettings("dormouse", Path.of("master"), null);
    BackendSettings net = BackendSettings.to("10.1.*", 143, BackendTls.NONE);
    all.put("net", backend("net", net.withLoginAs(master)));
    assertThat(route(router(), to("mx1", "10.1.0.9")).place()).isEqualTo("mx1 10.1.0.9:143");
  }

  @Test
  void aPatternIsNoHost() throws BadCertificates {
    all.put("net", backend("net", BackendSettings.to("10.1.*", 0, BackendTls.NONE)));
    for (String pattern : List.of("*.cluster", "*", "10.1.*", "a*.cluster")) {
      assertThat(router().route(wanted("ann", null, pattern))).as(pattern).isNull();
      assertThat(router().route(to(pattern, "10.1.0.9"))).as(pattern).isNull();
    }
  }

  @Test
  void aHostThatADirectoryNamesIsDialledByNumberAndCheckedByName() throws BadCertificates {
    all.put("net", backend("net", BackendSettings.to("10.0.0.*", 143, BackendTls.NONE)));
    Wanted wanted = wanted(null, new Host("a.cluster", "10.0.0.7"), 0, BackendTls.TLS);
    BackendSettings there = route(router(), wanted).members().getFirst().settings();
    assertThat(there.host()).isEqualTo("10.0.0.7");
    assertThat(there.port()).isEqualTo(993);
    assertThat(there.tlsName()).isEqualTo("a.cluster");
    Wanted other = wanted(null, new Host("b.cluster", "10.0.0.7"), 0, BackendTls.TLS);
    assertThat(route(router(), other).members().getFirst().settings().tlsName())
        .isEqualTo("b.cluster");
    assertThat(route(router(), to("a.cluster", "10.0.0.7")).members().getFirst().settings())
        .isEqualTo(BackendSettings.to("10.0.0.7", 143, BackendTls.NONE));
  }

  @Test
  void anEntryOfIpV6IsFoundHoweverItsNumberIsWritten() throws BadCertificates {
    all.put("mx6", backend("mx6", BackendSettings.to("2001:DB8:0::1", 143, BackendTls.NONE)));
    assertThat(route(router(), wanted("ann", null, "2001:db8::1")).place()).startsWith("mx6 ");
    assertThat(route(router(), to("elsewhere", "2001:db8::1")).place()).startsWith("mx6 ");
  }

  @Test
  void aPatternOfIpV6AllowsNumbersAsTheyAreWrittenThere() throws BadCertificates {
    all.put("net", backend("net", BackendSettings.to("FD00:*", 143, BackendTls.NONE)));
    assertThat(route(router(), to("mx1", "fd00::7")).place()).isEqualTo("mx1 fd00::7:143");
    assertThat(router().route(to("mx1", "fd01::7"))).isNull();
  }

  @Test
  void aPatternMayFitTheNumber() throws BadCertificates {
    all.put(
        "net",
        backend(
            "net",
            BackendSettings.to("10.1.*", 0, BackendTls.STARTTLS).withTlsName("mail.example.org")));
    BackendSettings there = route(router(), to("mx9", "10.1.0.9")).members().getFirst().settings();
    assertThat(there.host()).isEqualTo("10.1.0.9");
    assertThat(there.tlsName()).as("the operator's").isEqualTo("mail.example.org");
  }

  @ParameterizedTest
  @CsvSource({
    "mx4, , , 0, , no such backend in the settings",
    "mx1, , , 993, , the backend has another port or TLS",
    "mail, , , 0, TLS, the backend has another port or TLS",
    ", elsewhere, , 0, , no such backend in the settings",
    ", elsewhere, 203.0.113.9, 993, TLS, no such backend in the settings",
    ", mx1, , 993, , the backend has another port or TLS",
    ", mx1, 203.0.113.9, 993, TLS, the backend has another port or TLS",
    ", mx1, 203.0.113.9, 143, NONE, no password may go to that hostip",
    ", a.cluster, 203.0.113.9, 0, , no password may go to that hostip",
    ", num, 203.0.113.9, 0, , the backend has another number than that hostip",
    ", num, 203.0.113.9, 993, , the backend has another port or TLS",
    ", *.cluster, , 0, , a pattern is no host",
    ", , , 993, , the backend has another port or TLS"
  })
  void theLogSaysWhatLeadsNowhere(
      @Nullable String name,
      @Nullable String host,
      @Nullable String ip,
      int port,
      @Nullable BackendTls tls,
      String why)
      throws BadCertificates {
    all.put("num", backend("num", BackendSettings.to("10.0.0.4", 143, BackendTls.NONE)));
    Wanted wanted = wanted(name, host == null ? null : new Host(host, ip), port, tls);
    assertThat(router().route(wanted)).isNull();
    assertThat(router().nowhere(wanted)).isEqualTo(why);
  }

  @Test
  void withoutABackendTheSettingsLeadNowhere() {
    Router router = new Router(new Backends(Map.of(), null), Map.of(), List.of());
    Wanted wanted = wanted("ann", null, null);
    assertThat(router.route(wanted)).isNull();
    assertThat(router.nowhere(wanted)).isEqualTo("no backend named, and the settings lead to none");
  }

  @Test
  void aDirectoryNamesNotMoreThanSoManyHosts() {
    Router router = router();
    for (int i = 0; i < 10_000; i++) {
      assertThat(router.route(wanted("ann", null, i + ".cluster"))).isNotNull();
    }
    Wanted oneMore = wanted("ann", null, "one-more.cluster");
    assertThat(router.route(oneMore)).isNull();
    assertThat(router.nowhere(oneMore))
        .isEqualTo("more hosts are named than the 10000 that may be");
    assertThat(router.route(wanted("ann", null, "7.cluster"))).as("one of them").isNotNull();
    assertThat(router.route(wanted("ann", null, "mx1"))).isNotNull();
  }

  private Backend backend(String name, BackendSettings settings) throws BadCertificates {
    BackendTrust trust = BackendTrust.load(name, settings);
    trusts.add(trust);
    return new Backend(
        name,
        settings,
        trust,
        new Gate(name, GateSettings.DEFAULT, new HandClock(), new Metrics()),
        new Health(name, settings.host(), HealthSettings.DEFAULT, new Metrics()),
        DefaultAddressResolverGroup.INSTANCE,
        false);
  }

  private Backend backend(String name) {
    return Objects.requireNonNull(all.get(name));
  }

  private static void down(Backend backend) {
    for (int i = 0; i < HealthSettings.DEFAULT.downAfter(); i++) {
      backend.health().failed("slow");
    }
  }

  private static String first(Router router, String user) {
    return route(router, user).order(null).getFirst().name();
  }

  private static Route route(Router router, String user) {
    return route(router, wanted(user, null, null));
  }

  private static Route route(Router router, Wanted wanted) {
    return Objects.requireNonNull(router.route(wanted));
  }

  private static Wanted wanted(String user, InetSocketAddress cameTo) {
    return new Wanted(user, "imap", cameTo, null, null, 0, null, Approach.USUAL);
  }

  private static Wanted wanted(String user, @Nullable String name, @Nullable String host) {
    Host there = host == null ? null : new Host(host, null);
    return new Wanted(user, "imap", at("10.0.0.3", 993), name, there, 0, null, Approach.USUAL);
  }

  private static Wanted wanted(
      @Nullable String name, @Nullable Host host, int port, @Nullable BackendTls tls) {
    return new Wanted("ann", "imap", at("10.0.0.3", 993), name, host, port, tls, Approach.USUAL);
  }

  private static Wanted to(String host, String ip) {
    return wanted(null, new Host(host, ip), 0, null);
  }

  private static List<String> names(List<Backend> backends) {
    return backends.stream().map(Backend::name).toList();
  }

  private static InetSocketAddress at(String address, int port) {
    return new InetSocketAddress(InetAddress.ofLiteral(address), port);
  }
}
