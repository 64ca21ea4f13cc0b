package dormouse.imap.backend;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.auth.Credentials;
import dormouse.auth.LoginResult;
import dormouse.auth.LoginResult.Cause;
import dormouse.backend.Approach;
import dormouse.backend.Backend;
import dormouse.backend.Priority;
import dormouse.config.BackendSettings;
import dormouse.imap.backend.BackendLogin.Outcome;
import dormouse.listen.EventLoops;
import dormouse.ops.Metrics;
import dormouse.session.Client;
import dormouse.session.HandClock;
import dormouse.testkit.StandInBackend;
import dormouse.testkit.StandInConnection;
import dormouse.testkit.Wait;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// How the try of a client ends that waits for backends which may be in a restart, or for a kept connection.
class LoginTryTest {
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final Duration CONNECT = Duration.ofSeconds(60);
  private static final Duration ANSWER = Duration.ofSeconds(1);

  private final HandClock clock = new HandClock();
  private final EventLoops loops = EventLoops.untimed(1, clock);
  private final EventLoop loop = loops.all().getFirst();
  private final ConnectionPool pool = new ConnectionPool(loop, loops.wheel(loop), new Metrics());
  private final StandInBackend server = StandInBackend.start();

  @AfterEach
  void close() {
    server.close();
    loops.close();
  }

  @Test
  void whoIsTiredOfWaitingHearsWhyItHadTo() {
    Backend away = backend();
    server.refuse();
    LoginTry waiting = begin(away);
    awaitFailure(away);
    onLoop(Executors.callable(waiting::giveUp));
    assertEnd(waiting, Cause.UNREACHABLE);
  }

  /// It is let in too late to begin with another backend.
  @Test
  void aKeptConnectionThatIsDeadEndsItWhenTheTimeIsOver() {
    Backend first = backend();
    Backend second = backend();
    LoginTry before = begin(first);
    StandInConnection kept = letIn();
    BackendConnection connection = loggedIn(before);

    LoginTry waiting = begin(first, second);
    server.accept().say("* BYE restarting");
    server.accept().say("* BYE restarting");
    awaitFailure(second);
    onLoop(Executors.callable(() -> pool.keep(connection, /* afterLogout= */ false)));
    pass(Duration.ofMillis(600));
    kept.expectCommand("NOOP");
    pass(Duration.ofMillis(600));
    kept.close();
    assertEnd(waiting, Cause.REFUSED);
  }

  @Test
  void whoIsTiredOfWaitingForAKeptConnectionHearsWhyItHadTo() {
    Backend backend = backend();
    LoginTry before = begin(backend);
    StandInConnection kept = letIn();
    BackendConnection connection = loggedIn(before);

    LoginTry waiting = begin(backend);
    server.accept().say("* BYE restarting");
    awaitFailure(backend);
    onLoop(Executors.callable(() -> pool.keep(connection, /* afterLogout= */ false)));
    pass(Duration.ofMillis(600));
    kept.expectCommand("NOOP");
    onLoop(Executors.callable(waiting::giveUp));
    assertEnd(waiting, Cause.REFUSED);
  }

  /// Nobody waits in a queue.
  @Test
  void whoIsTiredOfTheFirstKeptConnectionHearsThatNobodyAnswers() {
    Backend backend = backend();
    LoginTry before = begin(backend);
    StandInConnection kept = letIn();
    BackendConnection connection = loggedIn(before);
    onLoop(Executors.callable(() -> pool.keep(connection, /* afterLogout= */ false)));

    LoginTry waiting = begin(backend);
    kept.expectCommand("NOOP");
    onLoop(Executors.callable(waiting::giveUp));
    assertEnd(waiting, Cause.SLOW);
  }

  private StandInConnection letIn() {
    StandInConnection connection = server.accept().greet("IMAP4rev1");
    connection.expect("zz1 LOGIN \"ann\" \"secret\"").say("zz1 OK [CAPABILITY IMAP4rev1] in");
    return connection;
  }

  private Backend backend() {
    return OwnConnection.backend(
        BackendSettings.inClear("127.0.0.1", server.port(), /* trusted= */ false)
            .withTimeouts(CONNECT, ANSWER),
        loops.epoll());
  }

  private LoginTry begin(Backend... backends) {
    InetSocketAddress here = new InetSocketAddress("192.0.2.1", 40001);
    Client client = new Client("s1", here, here, /* tls= */ false);
    Wish wish =
        new Wish(
            "ann",
            "ann",
            client,
            "session",
            Priority.CLIENT,
            "ann",
            _ -> credentials(),
            Wish.Standing.PROVEN,
            Set.of());
    return onLoop(() ->
        LoginTry.begin(
            pool,
            ConnectionPool.Spares.NONE,
            List.of(backends),
            Approach.USUAL,
            wish,
            _ -> new Applicant(client, "", credentials())));
  }

  private static Credentials credentials() {
    return new Credentials("ann", "", "secret".getBytes(UTF_8));
  }

  private <T> T onLoop(Callable<T> does) {
    return loop.submit(does).syncUninterruptibly().getNow();
  }

  private static void awaitFailure(Backend backend) {
    Wait.until("it is away", SOON, () -> backend.health().failingFor().isPositive());
  }

  private void pass(Duration time) {
    clock.turn(time);
    loops.advance();
  }

  private static BackendConnection loggedIn(LoginTry one) {
    CompletableFuture<Outcome> outcome = one.outcome();
    assertThat(outcome).succeedsWithin(SOON).isInstanceOf(Outcome.LoggedIn.class);
    return ((Outcome.LoggedIn) outcome.join()).connection();
  }

  private static void assertEnd(LoginTry one, Cause cause) {
    assertThat(one.outcome())
        .succeedsWithin(SOON)
        .isEqualTo(new Outcome.Failed(new LoginResult.Unavailable(cause)));
  }
}
