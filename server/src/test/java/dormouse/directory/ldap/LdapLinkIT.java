package dormouse.directory.ldap;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dormouse.FrontEnd;
import dormouse.config.LdapLinkSettings;
import dormouse.directory.Answer;
import dormouse.directory.Attempt;
import dormouse.directory.Attempts;
import dormouse.directory.Facts;
import dormouse.directory.Proof;
import dormouse.directory.Workers;
import dormouse.directory.password.ScramVerifier;
import dormouse.session.HandClock;
import dormouse.testkit.FreePort;
import dormouse.testkit.ImapClient;
import dormouse.testkit.LdapRelay;
import dormouse.testkit.LoginBackend;
import dormouse.testkit.SlapdServer;
import dormouse.testkit.Wait;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Against a real OpenLDAP.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LdapLinkIT {
  private static final String VERIFIER = // of the password `pencil`
      "{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==,WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
  private static final String USERS =
      """
      dn: uid=ann,dc=example,dc=org
      objectClass: inetOrgPerson
      objectClass: mailUser
      uid: ann
      cn: Ann
      sn: A
      mail: ann@example.org
      mailHost: mx9.example.org
      description: J6vkCf8WDhKoPl0k8z0119NWl5N8h/Xm
      userPassword: {SSHA}J6vkCf8WDhKoPl0k8z0119NWl5N8h/Xm

      dn: uid=bob,dc=example,dc=org
      objectClass: inetOrgPerson
      uid: bob
      cn: Bob
      sn: B
      userPassword: in clear

      dn: uid=a*(\\29,dc=example,dc=org
      objectClass: inetOrgPerson
      uid: a*()
      cn: Odd
      sn: O
      userPassword: odd

      dn: uid=cid,dc=example,dc=org
      objectClass: inetOrgPerson
      uid: cid
      cn: Cid
      sn: C

      dn: uid=sam,dc=example,dc=org
      objectClass: inetOrgPerson
      uid: sam
      cn: Sam
      sn: S
      userPassword: %s

      dn: ou=deeper,dc=example,dc=org
      objectClass: organizationalUnit
      ou: deeper

      dn: uid=eve,ou=deeper,dc=example,dc=org
      objectClass: inetOrgPerson
      uid: eve
      cn: Eve
      sn: E
      userPassword: deep
      """;

  private static final String ANNS_PASSWORD = "P\u00e4sswort 1";

  private final InstantSource clock = InstantSource.system();
  private final Workers checks = new Workers("checks", 2, Duration.ofSeconds(5), clock);
  private final EmbeddedChannel channel = new EmbeddedChannel();
  private SlapdServer slapd;

  @TempDir static Path directory = Path.of("");

  @BeforeAll
  void start() throws IOException {
    slapd = SlapdServer.start(USERS.formatted(VERIFIER));
    Files.writeString(directory.resolve("ldap.secret"), SlapdServer.PASSWORD + "\n");
  }

  @AfterAll
  void stop() {
    checks.close();
    channel.close();
    slapd.close();
  }

  @Test
  void aBindTellsWhetherThePasswordIsRight() throws Exception {
    try (LdapLink link = link(settings(List.of("mailHost=host"), true, slapd.url()))) {
      assertThat(ask(link, "ann", ANNS_PASSWORD))
          .isEqualTo(Facts.accept(Map.of("host", "mx9.example.org")));
      assertThat(ask(link, "ann", "wrong")).isEqualTo(Answer.reject());
      assertThat(ask(link, "ann", "")).as("no bind without a password").isEqualTo(Answer.reject());
      assertThat(ask(link, "cid", "x")).as("who has no password").isEqualTo(Answer.reject());
      assertThat(ask(link, "dan", "x")).isEqualTo(new Answer.NotMine());
      assertThat(ask(link, "bob", "in clear")).isEqualTo(Facts.accept(Map.of()));
    }
  }

  @Test
  void anAttributeMayBeThePassword() throws Exception {
    List<String> attributes = List.of("userPassword=password", "mailHost=host");
    try (LdapLink link = link(settings(attributes, true, slapd.url()))) {
      assertThat(ask(link, "ann", ANNS_PASSWORD))
          .isEqualTo(Facts.accept(Map.of("host", "mx9.example.org")));
      assertThat(ask(link, "ann", "wrong")).isEqualTo(Answer.reject());
      assertThat(ask(link, "bob", "in clear")).isEqualTo(Facts.accept(Map.of()));
      assertThat(ask(link, "cid", "")).isEqualTo(Answer.reject());
    }
  }

  @Test
  void whatIsStoredServesTheMechanismsThatSayNoPassword() throws Exception {
    try (LdapLink link = link(settings(List.of("userPassword=password"), true, slapd.url()))) {
      assertThat(ask(link, Attempts.scram("bob"))).isInstanceOf(Answer.Prove.class);
      assertThat(ask(link, Attempts.scram("ann"))).as("hashed").isEqualTo(Answer.reject());
      assertThat(ask(link, Attempts.scram("dan"))).isEqualTo(new Answer.NotMine());
      assertThat(ask(link, Attempts.scram("sam")))
          .isInstanceOfSatisfying(
              Answer.Prove.class,
              prove ->
                  assertThat(prove.verifier())
                      .usingRecursiveComparison()
                      .isEqualTo(pencil(prove.verifier().salt())));
      assertThat(ask(link, Attempts.cramMd5("sam", "pencil"))).isEqualTo(Answer.reject());
      assertThat(ask(link, "sam", "pencil")).isInstanceOf(Answer.Accept.class);
      assertThat(ask(link, "sam", "Pencil")).isEqualTo(Answer.reject());
      assertThat(ask(link, Attempts.cramMd5("bob", "in clear"))).isInstanceOf(Answer.Accept.class);
      assertThat(ask(link, Attempts.cramMd5("bob", "wrong"))).isEqualTo(Answer.reject());
      assertThat(ask(link, Attempts.certificate("ann"))).isInstanceOf(Answer.Accept.class);
      assertThat(ask(link, Attempts.certificate("dan"))).isEqualTo(new Answer.NotMine());
    }
  }

  private static ScramVerifier pencil(byte[] salt) {
    return ScramVerifier.of("pencil".getBytes(US_ASCII), salt, 4096);
  }

  private Answer ask(LdapLink link, Attempt attempt) throws Exception {
    return link.ask(attempt, channel.eventLoop()).get(20, TimeUnit.SECONDS);
  }

  @Test
  void whoHasLoggedInBeforeIsLookedUpWithoutAPassword() throws Exception {
    Answer mx9 = Facts.accept(Map.of("host", "mx9.example.org"));
    try (LdapLink link = link(settings(List.of("mailHost=host"), true, slapd.url()))) {
      assertThat(again(link, "ann", Proof.Kind.PASSWORD)).as("no bind").isEqualTo(mx9);
      assertThat(again(link, "ann", Proof.Kind.SCRAM)).isEqualTo(new Answer.NotMine());
      assertThat(again(link, "dan", Proof.Kind.PASSWORD)).isEqualTo(new Answer.NotMine());
      assertThat(link.resumes(Proof.Kind.TOKEN)).isFalse();
    }
    List<String> attributes = List.of("userPassword=password", "mailHost=host");
    try (LdapLink link = link(settings(attributes, true, slapd.url()))) {
      assertThat(again(link, "ann", Proof.Kind.PASSWORD)).isEqualTo(mx9);
      assertThat(again(link, "cid", Proof.Kind.PASSWORD))
          .as("who has no password")
          .isEqualTo(Answer.reject());
    }
    try (LdapLink link = link(settings(List.of("mailHost=host"), false, slapd.url()))) {
      assertThat(again(link, "ann", Proof.Kind.PASSWORD)).isInstanceOf(Answer.Learnt.class);
    }
  }

  @Test
  void withoutEitherNothingIsDecided() throws Exception {
    try (LdapLink link = link(settings(List.of("mailHost=host"), false, slapd.url()))) {
      assertThat(ask(link, "ann", "x"))
          .isInstanceOfSatisfying(
              Answer.Learnt.class,
              learnt -> assertThat(learnt.facts().host()).isEqualTo("mx9.example.org"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"*", "a*", "ann)(uid=*", "*)(objectClass=*", "\\61nn", "ann\\"})
  void whatAClientTypesIsAValueAndNeverPartOfTheFilter(String name) throws Exception {
    try (LdapLink link = link(settings(List.of(), true, slapd.url()))) {
      assertThat(ask(link, name, ANNS_PASSWORD)).isEqualTo(new Answer.NotMine());
      assertThat(ask(link, "a*()", "odd")).isInstanceOf(Answer.Accept.class);
    }
  }

  @Test
  void severalEntriesAreTheFiltersFault() throws Exception {
    try (LdapLink link = link(settings("(|(uid=:user)(uid=bob)(uid=cid))", slapd.url()))) {
      assertThat(ask(link, "ann", "x"))
          .isEqualTo(new Answer.CannotTell("the filter fits more than one entry", false));
    }
    try (LdapLink link = link(settings("(&(uid=:local)(mail=:user))", slapd.url()))) {
      assertThat(ask(link, "ann@example.org", ANNS_PASSWORD)).isInstanceOf(Answer.Accept.class);
    }
  }

  @Test
  void tlsIsSpokenAndCertificatesAreChecked() throws Exception {
    Path ca = slapd.certificate();
    try (LdapLink ldaps = link(tls(slapd.tlsUrl(), false, ca));
        LdapLink startTls = link(tls(slapd.url(), true, ca));
        LdapLink distrusting = link(tls(slapd.tlsUrl(), false, null));
        LdapLink distrustingStartTls = link(tls(slapd.url(), true, null))) {
      assertThat(ask(ldaps, "ann", ANNS_PASSWORD)).isInstanceOf(Answer.Accept.class);
      assertThat(ask(startTls, "ann", ANNS_PASSWORD)).isInstanceOf(Answer.Accept.class);
      Wait.until(
          "TLS is logged",
          Duration.ofSeconds(10),
          () -> slapd.log().toString().contains("TLS established"));
      assertThat(ask(distrusting, "ann", ANNS_PASSWORD)).isInstanceOf(Answer.CannotTell.class);
      assertThat(ask(distrustingStartTls, "ann", ANNS_PASSWORD))
          .isInstanceOf(Answer.CannotTell.class);
    }
    Path none = Files.writeString(directory.resolve("none.pem"), "no certificate\n");
    assertThatThrownBy(() -> link(tls(slapd.tlsUrl(), false, none)))
        .isInstanceOf(IOException.class);
  }

  @Test
  void theFirstServerThatAnswersIsAsked() throws Exception {
    SlapdServer second = SlapdServer.start(USERS.formatted(VERIFIER).replace("mx9", "mx8"));
    String dead = "ldap://127.0.0.1:" + FreePort.next();
    try (LdapLink link =
        link(settings(List.of("mailHost=host"), true, dead, second.url(), slapd.url()))) {
      assertThat(host(ask(link, "ann", ANNS_PASSWORD))).isEqualTo("mx8.example.org");
      second.close();
      assertThat(host(ask(link, "ann", ANNS_PASSWORD))).isEqualTo("mx9.example.org");
    }
    try (LdapLink link = link(settings(List.of(), true, dead))) {
      assertThat(ask(link, "ann", ANNS_PASSWORD)).isInstanceOf(Answer.CannotTell.class);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aServerThatIsSilentIsPassedOverForAMinute(boolean searcher) throws Exception {
    HandClock time = new HandClock();
    Duration timeout = Duration.ofSeconds(10);
    SlapdServer first = SlapdServer.start(USERS.formatted(VERIFIER).replace("mx9", "mx8"));
    try (first;
        LdapLink link =
            LdapLink.of(both(first.url(), slapd.url(), searcher), "ldap", timeout, checks, time)) {
      assertThat(hosts(link, 6)).containsOnly("mx8.example.org");

      first.freeze();
      try {
        assertThat(hosts(link, 6)).as("while some wait").containsOnly("mx9.example.org");
        for (int i = 0; i < 3; i++) {
          long sinceNanos = System.nanoTime();
          assertThat(hosts(link, 6)).containsOnly("mx9.example.org");
          assertThat(Duration.ofNanos(System.nanoTime() - sinceNanos))
              .as("nobody waits for it")
              .isLessThan(timeout.dividedBy(2));
        }

        time.turn(FailOver.PASSED_OVER);
        assertThat(hosts(link, 1)).as("who tries it").containsOnly("mx9.example.org");
      } finally {
        first.thaw();
      }

      assertThat(hosts(link, 1)).as("too early").containsOnly("mx9.example.org");
      time.turn(FailOver.PASSED_OVER);
      assertThat(hosts(link, 1)).containsOnly("mx8.example.org");
      assertThat(hosts(link, 6)).containsOnly("mx8.example.org");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aServerThatIsSilentOnSearchesAloneIsTriedByOneLoginAMinute(boolean searcher)
      throws Exception {
    behindARelay(
        searcher,
        (relay, link, time) -> {
          relay.swallow(search("ann"));
          assertThat(hosts(link, 6)).as("while some wait").containsOnly("mx9.example.org");
          for (int minute = 0; minute < 2; minute++) {
            time.turn(FailOver.PASSED_OVER);
            int before = relay.swallowed();
            assertThat(hosts(link, 6)).containsOnly("mx9.example.org");
            assertThat(hosts(link, 6)).containsOnly("mx9.example.org");
            assertThat(relay.swallowed() - before).as("who waited for it").isEqualTo(1);
          }

          relay.swallow(null);
          time.turn(FailOver.PASSED_OVER);
          assertThat(hosts(link, 1)).containsOnly("mx8.example.org");
          assertThat(hosts(link, 6)).containsOnly("mx8.example.org");
        });
  }

  @Test
  void oneUsersSearchThatTakesTooLongPassesNoServerOverThatAnswersOthers() throws Exception {
    isPutToTheSecondAlone(search("bob"));
  }

  @Test
  void oneUsersBindThatTakesTooLongPassesNoServerOverThatAnswersOthers() throws Exception {
    isPutToTheSecondAlone("uid=bob,");
  }

  /// @param text what of bob's login has it in it gets no answer
  private void isPutToTheSecondAlone(String text) throws Exception {
    behindARelay(
        true,
        (relay, link, _) -> {
          CompletableFuture<Answer> heavy = bobIsNotAnswered(relay, link, text);
          assertThat(hosts(link, 6)).as("meanwhile").containsOnly("mx8.example.org");
          assertThat(heavy.get(60, TimeUnit.SECONDS))
              .as("by the second")
              .isEqualTo(Facts.accept(Map.of()));
          assertThat(hosts(link, 6)).containsOnly("mx8.example.org");
          assertThat(relay.swallowed()).isEqualTo(1);
        });
  }

  @Test
  void aServerThatIsSilentOnBindsIsPassedOverThoughItAnswersSearches() throws Exception {
    behindARelay(
        true,
        (relay, link, _) -> {
          CompletableFuture<Answer> silent = bobIsNotAnswered(relay, link, "uid=");
          assertThat(
                  link.ask(Attempts.of("dan", "x"), channel.eventLoop()).get(60, TimeUnit.SECONDS))
              .as("by a search alone")
              .isEqualTo(new Answer.NotMine());
          assertThat(silent.get(60, TimeUnit.SECONDS)).isEqualTo(Facts.accept(Map.of()));
          assertThat(hosts(link, 6)).containsOnly("mx9.example.org");
          assertThat(relay.swallowed()).isEqualTo(1);
        });
  }

  private CompletableFuture<Answer> bobIsNotAnswered(LdapRelay relay, LdapLink link, String text) {
    relay.swallow(text);
    CompletableFuture<Answer> asked = link.ask(Attempts.of("bob", "in clear"), channel.eventLoop());
    Wait.until("it is asked", Duration.ofSeconds(30), () -> relay.swallowed() == 1);
    return asked;
  }

  /// What happens between a link and its servers.
  private interface Play {
    void run(LdapRelay relay, LdapLink link, HandClock time) throws Exception;
  }

  /// Of the link's two servers the first, which is served by, is behind a relay.
  private void behindARelay(boolean searcher, Play play) throws Exception {
    HandClock time = new HandClock();
    Duration timeout = Duration.ofSeconds(12);
    try (SlapdServer first = SlapdServer.start(USERS.formatted(VERIFIER).replace("mx9", "mx8"));
        LdapRelay relay = LdapRelay.before(first.url());
        LdapLink link =
            LdapLink.of(both(relay.url(), slapd.url(), searcher), "ldap", timeout, checks, time)) {
      assertThat(hosts(link, 6)).containsOnly("mx8.example.org");
      play.run(relay, link, time);
    }
  }

  /// What only a search for such a user has in it: an equalityMatch, in BER.
  private static String search(String uid) {
    return "uid\u0004" + (char) uid.length() + uid;
  }

  private LdapLinkSettings both(String first, String second, boolean searcher) {
    LdapLinkSettings usual = settings(List.of("mailHost=host"), true, first, second);
    return new LdapLinkSettings(
        usual.urls(),
        usual.starttls(),
        usual.ca(),
        searcher ? usual.bindDn() : null,
        searcher ? usual.passwordFile() : null,
        usual.base(),
        usual.scope(),
        usual.filter(),
        usual.attributes(),
        usual.bind(),
        usual.scheme(),
        usual.connections());
  }

  /// What so many logins at a time are told.
  private List<@Nullable String> hosts(LdapLink link, int logins) throws Exception {
    List<CompletableFuture<Answer>> asked = new ArrayList<>();
    for (int i = 0; i < logins; i++) {
      asked.add(link.ask(Attempts.of("ann", ANNS_PASSWORD), channel.eventLoop()));
    }
    List<@Nullable String> hosts = new ArrayList<>();
    for (CompletableFuture<Answer> each : asked) {
      hosts.add(host(each.get(60, TimeUnit.SECONDS)));
    }
    return hosts;
  }

  @Test
  void aFrontEndServesTheUsersOfADirectory() {
    LoginBackend backend = LoginBackend.start();
    String file =
        """
        listen:
          - { address: "127.0.0.1:0", tls: none }
        backends:
          mx: { address: "127.0.0.1:%d", tls: none }
        throttle: { enabled: false }
        directory:
          - ldap:
              urls: [ "%s" ]
              starttls: true
              ca: %s
              base: dc=example,dc=org
              attributes: [ uid=user ]
        """
            .formatted(backend.port(), slapd.url(), slapd.certificate());
    try (FrontEnd dormouse = FrontEnd.of(file)) {
      ImapClient.connect(dormouse.plain()).login("BOB", "in clear").logout();
      assertThat(backend.takeLogins())
          .containsExactly(new LoginBackend.Login("bob", "", "in clear"));
      try (ImapClient client = ImapClient.connect(dormouse.plain())) {
        assertThat(client.refused("LOGIN bob \"in Clear\"")).contains("AUTHENTICATIONFAILED");
      }
    } finally {
      backend.close();
    }
  }

  @Test
  void whoIsDeeperIsFoundUnlessOnlyTheNextLevelIsLookedAt() throws Exception {
    LdapLinkSettings all = settings("(uid=:user)", slapd.url());
    LdapLinkSettings one =
        new LdapLinkSettings(
            all.urls(),
            all.starttls(),
            all.ca(),
            all.bindDn(),
            all.passwordFile(),
            all.base(),
            LdapLinkSettings.Scope.ONE,
            all.filter(),
            all.attributes(),
            all.bind(),
            all.scheme(),
            all.connections());
    try (LdapLink subtree = link(all);
        LdapLink level = link(one)) {
      assertThat(ask(subtree, "eve", "deep")).isEqualTo(Facts.accept(Map.of()));
      assertThat(ask(level, "eve", "deep")).isEqualTo(new Answer.NotMine());
      assertThat(ask(level, "bob", "in clear")).isEqualTo(Facts.accept(Map.of()));
    }
  }

  @Test
  void passwordsThatSayNoSchemeHaveTheOneThatIsSet() throws Exception {
    LdapLinkSettings usual = settings(List.of("description=password"), true, slapd.url());
    LdapLinkSettings set =
        new LdapLinkSettings(
            usual.urls(),
            usual.starttls(),
            usual.ca(),
            usual.bindDn(),
            usual.passwordFile(),
            usual.base(),
            usual.scope(),
            usual.filter(),
            usual.attributes(),
            usual.bind(),
            "SSHA",
            usual.connections());
    try (LdapLink plain = link(usual);
        LdapLink ssha = link(set)) {
      assertThat(ask(ssha, "ann", ANNS_PASSWORD)).isInstanceOf(Answer.Accept.class);
      assertThat(ask(ssha, "ann", "wrong")).isEqualTo(Answer.reject());
      assertThat(ask(plain, "ann", ANNS_PASSWORD)).isEqualTo(Answer.reject());
    }
  }

  private LdapLink link(LdapLinkSettings settings) throws IOException {
    return LdapLink.of(settings, "ldap", Duration.ofSeconds(10), checks, clock);
  }

  private LdapLinkSettings settings(List<String> attributes, boolean bind, String... urls) {
    return settings(List.of(urls), false, null, "(uid=:user)", attributes, bind);
  }

  private LdapLinkSettings settings(String filter, String url) {
    return settings(List.of(url), false, null, filter, List.of(), true);
  }

  private LdapLinkSettings tls(String url, boolean starttls, @Nullable Path ca) {
    return settings(List.of(url), starttls, ca, "(uid=:user)", List.of(), true);
  }

  private LdapLinkSettings settings(
      List<String> urls,
      boolean starttls,
      @Nullable Path ca,
      String filter,
      List<String> attributes,
      boolean bind) {
    return new LdapLinkSettings(
        urls,
        starttls,
        ca,
        SlapdServer.SEARCHER,
        directory.resolve("ldap.secret"),
        SlapdServer.BASE,
        LdapLinkSettings.Scope.SUBTREE,
        filter,
        attributes,
        bind,
        "PLAIN",
        3);
  }

  private Answer again(LdapLink link, String user, Proof.Kind shown) throws Exception {
    assertThat(link.resumes(Proof.Kind.PASSWORD)).isTrue();
    return link.ask(Attempts.again(user, shown), channel.eventLoop()).get(20, TimeUnit.SECONDS);
  }

  private Answer ask(LdapLink link, String user, String password) throws Exception {
    try {
      return link.ask(Attempts.of(user, password), channel.eventLoop()).get(20, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      return new Answer.CannotTell(String.valueOf(e.getCause()));
    }
  }

  private static @Nullable String host(Answer answer) {
    return answer instanceof Answer.Accept(Facts facts, _) ? facts.host() : answer.toString();
  }
}
