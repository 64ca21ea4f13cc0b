package dormouse.imap.backend;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.auth.Credentials;
import dormouse.auth.LoginResult;
import dormouse.backend.Approach;
import dormouse.backend.Backend;
import dormouse.config.BackendMechanism;
import dormouse.config.BackendSettings;
import dormouse.config.TokenMechanism;
import dormouse.imap.backend.BackendLogin.Outcome;
import dormouse.listen.EventLoops;
import dormouse.ops.Metrics;
import dormouse.session.Client;
import dormouse.session.HandClock;
import dormouse.testkit.StandInBackend;
import dormouse.testkit.StandInConnection;
import io.netty.channel.EventLoop;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BackendLoginTest {
  private final HandClock clock = new HandClock();
  private final EventLoops loops = EventLoops.untimed(1, clock);
  private final EventLoop loop = loops.all().getFirst();
  private final StandInBackend server = StandInBackend.start();

  @AfterEach
  void close() {
    server.close();
    loops.close();
  }

  @Test
  void plainWithTheMessageInTheCommand() {
    var outcome = login("ann", "", "secret");
    StandInConnection heard = server.accept().greet("IMAP4rev1 SASL-IR AUTH=PLAIN LOGINDISABLED");

    heard.expect("zz1 AUTHENTICATE PLAIN " + base64("\0ann\0secret"));
    heard.say("zz1 OK [CAPABILITY IMAP4rev1 IDLE] in");
    assertThat(capabilities(outcome)).isEqualTo("IMAP4rev1 IDLE");
  }

  @Test
  void plainWithTheMessageBehindTheContinuation() {
    var outcome = login("zoë", "boss", "pässword");
    StandInConnection heard = server.accept().greet("IMAP4rev1 AUTH=PLAIN");

    heard.expect("zz1 AUTHENTICATE PLAIN");
    heard.say("+ ");
    heard.expect(base64("boss\0zoë\0pässword"));
    heard.say("* CAPABILITY IMAP4rev1 MOVE", "zz1 OK in");
    assertThat(capabilities(outcome)).isEqualTo("IMAP4rev1 MOVE");
  }

  @Test
  void aTokenByTheMechanismOfTheSettings() {
    var outcome = login(TokenMechanism.OAUTHBEARER, "a=b,c", "tok");
    StandInConnection heard =
        server.accept().greet("IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=OAUTHBEARER AUTH=XOAUTH2");

    heard.expect("zz1 AUTHENTICATE OAUTHBEARER " + base64("n,a=a=3Db=2Cc,\1auth=Bearer tok\1\1"));
    heard.say("zz1 OK [CAPABILITY IMAP4rev1 IDLE] in");
    assertThat(capabilities(outcome)).isEqualTo("IMAP4rev1 IDLE");
  }

  @Test
  void aRefusedTokenWhoseReasonIsHeardBeforeTheNo() {
    var outcome = login(TokenMechanism.XOAUTH2, "ann", "tok");
    StandInConnection heard = server.accept().greet("IMAP4rev1 AUTH=XOAUTH2");

    heard.expect("zz1 AUTHENTICATE XOAUTH2");
    heard.say("+ ");
    heard.expect(base64("user=ann\1auth=Bearer tok\1\1"));
    heard.say("+ " + base64("{}"));
    heard.expect("");
    heard.say("zz1 NO [AUTHENTICATIONFAILED] no");
    assertThat(failure(outcome)).isEqualTo(new LoginResult.Rejected("AUTHENTICATIONFAILED", ""));
  }

  @Test
  void aLongTokenIsNoInitialResponse() {
    String token = "t".repeat(7000);
    var outcome = login(TokenMechanism.OAUTHBEARER, "ann", token);
    StandInConnection heard = server.accept().greet("IMAP4rev1 SASL-IR AUTH=OAUTHBEARER");

    heard.expect("zz1 AUTHENTICATE OAUTHBEARER");
    heard.say("+ ");
    heard.expect(base64("n,a=ann,\1auth=Bearer " + token + "\1\1"));
    heard.say("zz1 OK [CAPABILITY IMAP4rev1] in");
    assertThat(capabilities(outcome)).isEqualTo("IMAP4rev1");
  }

  @Test
  void aTokenIsShownInNoOtherWay() {
    var outcome = login(TokenMechanism.XOAUTH2, "ann", "tok");
    server.accept().greet("IMAP4rev1 AUTH=PLAIN AUTH=OAUTHBEARER");
    assertThat(failure(outcome)).isEqualTo(unavailable(LoginResult.Cause.MISROUTED));
  }

  @Test
  void loginWithQuotedStrings() {
    var outcome = login("ann", "", "sec\"r\\et");
    StandInConnection heard = server.accept().greet("IMAP4rev1");

    heard.expect("zz1 LOGIN \"ann\" \"sec\\\"r\\\\et\"");
    heard.say("zz1 OK in");
    heard.expect("zz2 CAPABILITY");
    heard.say("* CAPABILITY IMAP4rev1 UIDPLUS", "zz2 OK done");
    assertThat(capabilities(outcome)).isEqualTo("IMAP4rev1 UIDPLUS");
  }

  @Test
  void loginWithLiterals() {
    var outcome = login("zoë", "", "s");
    StandInConnection heard = server.accept().greet("IMAP4rev1");

    assertThat(heard.read())
        .isEqualTo(new String("zz1 LOGIN {4}\r\nzoë {1}\r\ns".getBytes(UTF_8), ISO_8859_1));
    heard.say("zz1 OK [CAPABILITY IMAP4rev1] in");
    assertThat(capabilities(outcome)).isEqualTo("IMAP4rev1");
  }

  @Test
  void nothingIsSentWhereLoginIsDisabled() {
    var outcome = login("ann", "", "secret");
    StandInConnection heard = server.accept().greet("IMAP4rev1 LOGINDISABLED");

    assertThat(failure(outcome)).isEqualTo(unavailable(LoginResult.Cause.REFUSED));
    heard.expectClosed();
  }

  @Test
  void nobodyLogsInAsSomebodyElseWithoutPlain() {
    var outcome = login("ann", "boss", "secret");
    server.accept().greet("IMAP4rev1");

    assertThat(failure(outcome)).isEqualTo(unavailable(LoginResult.Cause.REFUSED));
  }

  @Test
  void capabilitiesAreAskedForWhereTheGreetingHasNone() {
    var outcome = login("ann", "", "secret");
    StandInConnection heard = server.accept().say("* OK hello");

    heard.expect("zz1 CAPABILITY");
    heard.say("* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR", "zz1 OK done");
    heard.expect("zz2 AUTHENTICATE PLAIN " + base64("\0ann\0secret"));
    heard.say("zz2 OK [CAPABILITY IMAP4rev1] in");
    assertThat(capabilities(outcome)).isEqualTo("IMAP4rev1");
  }

  @Test
  void whyTheBackendSaidNoIsPassedOn() {
    assertThat(refused("NO [AUTHENTICATIONFAILED] wrong"))
        .isEqualTo(new LoginResult.Rejected("AUTHENTICATIONFAILED", ""));
    assertThat(refused("NO [EXPIRED] too old"))
        .isEqualTo(new LoginResult.Rejected("EXPIRED", "too old"));
    assertThat(refused("NO wrong")).isEqualTo(new LoginResult.Rejected("", ""));
    assertThat(refused("NO [UNAVAILABLE] later")).isEqualTo(unavailable(LoginResult.Cause.REFUSED));
    assertThat(refused("NO [LIMIT] too many")).isEqualTo(unavailable(LoginResult.Cause.BUSY));
  }

  private LoginResult refused(String reply) {
    var outcome = login("ann", "", "secret");
    try (StandInConnection heard = server.accept().greet("IMAP4rev1 AUTH=PLAIN SASL-IR")) {
      heard.read();
      heard.say("zz1 " + reply);
      return failure(outcome);
    }
  }

  @Test
  void aBackendThatSaysByeIsRefusing() {
    var outcome = login("ann", "", "secret");
    server.accept().say("* BYE full");

    assertThat(failure(outcome)).isEqualTo(unavailable(LoginResult.Cause.REFUSED));
  }

  @Test
  void aBackendThatClosesIsUnreachable() {
    var outcome = login("ann", "", "secret");
    server.accept().close();

    assertThat(failure(outcome)).isEqualTo(unavailable(LoginResult.Cause.UNREACHABLE));
  }

  @Test
  void aBackendThatIsNotThereIsUnreachable() {
    server.refuse();

    assertThat(failure(login("ann", "", "secret")))
        .isEqualTo(unavailable(LoginResult.Cause.UNREACHABLE));
  }

  @Test
  void aBackendThatSaysNothingIsSlow() {
    var outcome = login("ann", "", "secret");
    server.accept();

    clock.turn(Duration.ofSeconds(35));
    loops.advance();
    assertThat(failure(outcome)).isEqualTo(unavailable(LoginResult.Cause.SLOW));
  }

  @Test
  void whoIsInAHurryWaitsNoLonger() {
    var outcome =
        login("ann", "", "secret", new Approach(Duration.ofSeconds(3), null, null, null, false));
    server.accept();

    clock.turn(Duration.ofMillis(2900));
    loops.advance();
    assertThat(outcome).isNotDone();
    clock.turn(Duration.ofMillis(200));
    loops.advance();
    assertThat(failure(outcome)).isEqualTo(unavailable(LoginResult.Cause.SLOW));
  }

  @Test
  void whoHasTimeWaitsForEachAnswer() {
    var outcome =
        login("ann", "", "secret", new Approach(Duration.ofMinutes(2), null, null, null, false));
    StandInConnection heard = server.accept().greet("IMAP4rev1");
    heard.expect("zz1 LOGIN \"ann\" \"secret\"");

    clock.turn(Duration.ofSeconds(100));
    loops.advance();
    heard.say("zz1 OK [CAPABILITY IMAP4rev1] in");
    assertThat(capabilities(outcome)).isEqualTo("IMAP4rev1");
  }

  @Test
  void theMechanismThatIsWantedAndNoOther() {
    var outcome = login("ann", "", "secret", by(BackendMechanism.LOGIN));
    StandInConnection heard = server.accept().greet("IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=LOGIN");
    heard.expect("zz1 AUTHENTICATE LOGIN");
    heard.say("+ VXNlcm5hbWU6");
    heard.expect(base64("ann"));
    heard.say("+ UGFzc3dvcmQ6");
    heard.expect(base64("secret"));
    heard.say("zz1 OK [CAPABILITY IMAP4rev1] in");
    assertThat(capabilities(outcome)).isEqualTo("IMAP4rev1");

    outcome = login("ann", "", "secret", by(BackendMechanism.PLAIN));
    heard = server.accept().greet("IMAP4rev1 AUTH=LOGIN");
    assertThat(failure(outcome)).isEqualTo(unavailable(LoginResult.Cause.MISROUTED));
    heard.expectClosed();

    outcome = login("ann", "boss", "secret", by(BackendMechanism.LOGIN));
    heard = server.accept().greet("IMAP4rev1 AUTH=LOGIN");
    assertThat(failure(outcome)).isEqualTo(unavailable(LoginResult.Cause.MISROUTED));
    heard.expectClosed();
  }

  @Test
  void aTrustedBackendIsToldAddressesWithoutTheirScope() throws Exception {
    byte[] linkLocal = {(byte) 0xfe, (byte) 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7};
    InetAddress scoped = Inet6Address.getByAddress("", linkLocal, 1);
    assertThat(scoped.getHostAddress()).contains("%");
    InetSocketAddress client = new InetSocketAddress(scoped, 50_000);
    Backend trusting =
        OwnConnection.backend(
            BackendSettings.inClear("127.0.0.1", server.port(), /* trusted= */ true),
            loops.epoll());
    var outcome = login(trusting, new Client("s1", client, client, false));
    StandInConnection heard = server.accept().greet("IMAP4rev1 ID SASL-IR AUTH=PLAIN");

    assertThat(heard.read())
        .contains("\"x-originating-ip\" \"fe80::7\"", "\"x-connected-ip\" \"fe80::7\"");
    heard.say("* ID NIL", "zz1 OK done");
    heard.expect("zz2 AUTHENTICATE PLAIN " + base64("\0ann\0secret"));
    heard.say("zz2 OK [CAPABILITY IMAP4rev1] in");
    assertThat(capabilities(outcome)).isEqualTo("IMAP4rev1");
  }

  private static Approach by(BackendMechanism mechanism) {
    return new Approach(null, mechanism, null, null, false);
  }

  private static LoginResult unavailable(LoginResult.Cause cause) {
    return new LoginResult.Unavailable(cause);
  }

  private CompletableFuture<Outcome> login(String user, String authzid, String password) {
    return login(user, authzid, password, Approach.USUAL);
  }

  private CompletableFuture<Outcome> login(
      String user, String authzid, String password, Approach approach) {
    Backend backend = OwnConnection.backend(server.port(), loops.epoll());
    return login(backend, new Credentials(user, authzid, password.getBytes(UTF_8)), approach);
  }

  private CompletableFuture<Outcome> login(TokenMechanism mechanism, String user, String token) {
    Backend backend = OwnConnection.backend(server.port(), mechanism, loops.epoll());
    return login(backend, new Credentials(user, "", token.getBytes(UTF_8), true), Approach.USUAL);
  }

  private CompletableFuture<Outcome> login(
      Backend backend, Credentials credentials, Approach approach) {
    InetSocketAddress here = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
    return login(backend, credentials, approach, new Client("s1", here, here, false));
  }

  private CompletableFuture<Outcome> login(Backend backend, Client client) {
    Credentials ann = new Credentials("ann", "", "secret".getBytes(UTF_8));
    return login(backend, ann, Approach.USUAL, client);
  }

  private CompletableFuture<Outcome> login(
      Backend backend, Credentials credentials, Approach approach, Client client) {
    return loop.submit(() ->
            BackendLogin.open(
                    backend,
                    loop,
                    loops.wheel(loop),
                    new Metrics(),
                    "session",
                    new Applicant(client, "", credentials),
                    approach,
                    BackendLogin.Limits.of(backend.settings(), approach, false))
                .thenApply(BackendLogin.Ended::outcome))
        .syncUninterruptibly()
        .getNow();
  }

  private static String capabilities(CompletableFuture<Outcome> outcome) {
    assertThat(outcome).succeedsWithin(Duration.ofSeconds(10));
    return outcome.join() instanceof Outcome.LoggedIn(var connection, var capabilities)
        ? capabilities.toString()
        : outcome.join().toString();
  }

  private static LoginResult failure(CompletableFuture<Outcome> outcome) {
    assertThat(outcome).succeedsWithin(Duration.ofSeconds(10));
    assertThat(outcome.join()).isInstanceOf(Outcome.Failed.class);
    return ((Outcome.Failed) outcome.join()).result();
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(UTF_8));
  }
}
