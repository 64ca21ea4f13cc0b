package dormouse.imap.backend;

import static dormouse.imap.backend.Wish.Standing.AGAIN;
import static dormouse.imap.backend.Wish.Standing.NEW;
import static dormouse.imap.backend.Wish.Standing.PROVEN;
import static dormouse.imap.backend.Wish.Standing.SHOWN;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.auth.Credentials;
import dormouse.backend.Approach;
import dormouse.backend.Priority;
import dormouse.config.BackendSettings;
import dormouse.config.PoolSettings;
import dormouse.config.ProxyProtocol;
import dormouse.ops.Metrics;
import dormouse.session.Client;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ConnectionPoolTest {
  private static final Credentials ANN = credentials("ann", "", "secret");
  private static final Credentials MASTER = credentials("master", "ann", "master's");
  private static final InetSocketAddress SOMEWHERE = new InetSocketAddress("192.0.2.1", 40001);

  private static final Duration TRUSTED = Duration.ofMinutes(2);

  private OwnConnection own = own(PoolSettings.DEFAULT);
  private BackendConnection connection = own.connection();
  private ConnectionPool pool = own.pool(new Metrics());

  @BeforeEach
  void keep() {
    keep(ANN);
  }

  /// The backend is one whose decision on a password holds for a while.
  private void trusting() {
    own.close();
    own = own(new PoolSettings(2, Duration.ofMinutes(9), Duration.ofMinutes(9), TRUSTED, 100));
    connection = own.connection();
    pool = own.pool(new Metrics());
    keep(ANN);
  }

  private static OwnConnection own(PoolSettings settings) {
    return new OwnConnection(
        BackendSettings.inClear("127.0.0.1", 1, /* trusted= */ true)
            .withProxyProtocol(ProxyProtocol.V1)
            .withPool(settings));
  }

  private void keep(Credentials madeWith) {
    keep(madeWith, Approach.USUAL);
  }

  private void keep(Credentials madeWith, Approach approach) {
    Client before = new Client("s0", SOMEWHERE, SOMEWHERE, /* tls= */ false);
    own.loggedIn(
        pool,
        new Account(connection.backend(), "ann", "ann"),
        LoginKey.of(madeWith, "ann", "ann"),
        Introduction.of(before, connection.backend(), approach));
    pool.keep(connection, /* afterLogout= */ true);
  }

  @AfterEach
  void close() {
    own.close();
  }

  private static Credentials credentials(String user, String authzid, String password) {
    return new Credentials(user, authzid, password.getBytes(UTF_8));
  }

  private static Wish wish(Credentials of, Wish.Standing standing) {
    Client client = new Client("s1", SOMEWHERE, SOMEWHERE, /* tls= */ false);
    return new Wish(
        "ann",
        "ann",
        client,
        "session",
        Priority.CLIENT,
        "ann",
        _ -> of.copy(),
        standing,
        Set.of());
  }

  private boolean lent(Credentials to, Wish.Standing standing) {
    return pool.take(
            connection.backend(),
            Approach.USUAL,
            wish(to, standing),
            LoginKey.of(to, "ann", "ann"),
            ConnectionPool.Spares.NONE)
        == connection;
  }

  @Test
  void aLoginAsTheOneThatMadeItIsLentIt() {
    assertThat(lent(credentials("ann", "", "secret"), PROVEN)).isTrue();
    assertThat(lent(ANN, PROVEN)).as("a second time").isFalse();
  }

  // a backend behind a PROXY header may let in whom it is told of by ID, and nobody else

  @Test
  void whoIsToldOfByIdIsNotLentWhatOthersHaveComeInOnUntold() {
    assertThat(lent(ANN, AGAIN)).isTrue();
    keep(ANN, new Approach(null, null, null, null, /* untold= */ true));
    assertThat(lent(ANN, AGAIN)).isFalse();
  }

  @Test
  void anotherPasswordIsForTheBackendToSee() {
    Credentials changed = credentials("ann", "", "changed");
    assertThat(lent(changed, PROVEN)).isFalse();
    assertThat(lent(changed, AGAIN)).isFalse();
    assertThat(lent(credentials("ann", "ann", "secret"), PROVEN)).isFalse();
  }

  @Test
  void aMasterUserMayHaveWhatTheUserLoggedInOn() {
    assertThat(lent(MASTER, AGAIN)).isTrue();
  }

  @Test
  void theUserMayNotHaveWhatAMasterUserLoggedInOn() {
    assertThat(lent(ANN, PROVEN)).isTrue();
    keep(MASTER);
    assertThat(lent(ANN, AGAIN)).isFalse();
    assertThat(lent(MASTER, PROVEN)).isTrue();
  }

  @Test
  void whatTheBackendAcceptedLongAgoDecidesNoLogin() {
    assertThat(lent(ANN, PROVEN)).isTrue();
    own.pass(Duration.ofMinutes(1)); // it serves a client meanwhile
    pool.keep(connection, /* afterLogout= */ true);
    assertThat(lent(ANN, PROVEN)).as("just accepted").isTrue();
    own.pass(Duration.ofMillis(100));
    pool.keep(connection, /* afterLogout= */ true);
    assertThat(lent(ANN, PROVEN)).isFalse();
    assertThat(lent(MASTER, PROVEN)).isFalse();
    assertThat(lent(ANN, AGAIN)).as("a wake").isTrue();
  }

  @Test
  void whoShowsAPasswordShowsItToTheBackend() {
    assertThat(lent(ANN, SHOWN)).isFalse();
  }

  @Test
  void aPasswordThatTheBackendHasJustTakenNeedsNotBeShownWhereThatIsTrusted() {
    trusting();
    assertThat(lent(credentials("ann", "", "wrong"), SHOWN)).isFalse();
    assertThat(lent(ANN, NEW)).isFalse();
    own.pass(TRUSTED);
    assertThat(lent(ANN, SHOWN)).isTrue();
    pool.keep(connection, /* afterLogout= */ true);
    own.pass(Duration.ofMillis(100));
    assertThat(lent(ANN, SHOWN)).as("however often it was lent").isFalse();
    assertThat(lent(ANN, PROVEN)).isTrue();
  }

  @Test
  void whatTheBackendRefusesMeanwhileIsLentNoMoreOnceItComesBack() {
    trusting();
    assertThat(lent(ANN, SHOWN)).isTrue();
    pool.refused(new Account(connection.backend(), "ann", "ann"));
    pool.keep(connection, /* afterLogout= */ true);
    assertThat(lent(ANN, SHOWN)).isFalse();
  }

  @Test
  void whoIsSentAwayFindsNothingThatIsInUseMeanwhileNeither() {
    trusting();
    assertThat(lent(ANN, SHOWN)).isTrue();
    pool.kicked(OwnConnection.NAME);
    BackendConnection.Login login = Objects.requireNonNull(connection.login());
    assertThat(pool.serves(login, SHOWN)).isFalse();
    pool.keep(connection, /* afterLogout= */ true);
    assertThat(lent(ANN, SHOWN)).isFalse();
    assertThat(lent(ANN, AGAIN)).isFalse();
  }

  @Test
  void whatIsKeptOfAUserIsFoundByTheOneName() {
    pool.kicked(OwnConnection.NAME);
    assertThat(lent(ANN, AGAIN)).isFalse();
  }

  // a login that needs no connection

  private boolean letIn(Credentials who, Wish.Standing standing) {
    return letIn(who, standing, Approach.USUAL);
  }

  private boolean letIn(Credentials who, Wish.Standing standing, Approach approach) {
    return pool.letInLately(connection.backend(), approach, wish(who, standing)) != null;
  }

  @Test
  void theVeryLoginThatTheBackendHasAcceptedNeedsNoConnection() {
    assertThat(lent(ANN, PROVEN)).isTrue(); // and none is kept now
    assertThat(letIn(ANN, PROVEN)).isTrue();
    assertThat(letIn(ANN, PROVEN)).as("a second time").isTrue();
    assertThat(letIn(credentials("ann", "", "changed"), PROVEN)).isFalse();
    assertThat(letIn(credentials("ann", "ann", "secret"), PROVEN)).isFalse();
    assertThat(letIn(MASTER, PROVEN)).as("that was not a master's").isFalse();
    assertThat(letIn(ANN, SHOWN)).as("the backend decides on that").isFalse();
    assertThat(letIn(ANN, NEW)).isFalse();
    assertThat(letIn(ANN, PROVEN, new Approach(null, null, null, null, /* untold= */ true)))
        .as("a client of whom another thing would be said")
        .isFalse();
  }

  @Test
  void aLoginNeedsAConnectionOnceTheBackendsWordIsOld() {
    own.pass(Duration.ofMinutes(1));
    assertThat(letIn(ANN, PROVEN)).as("just accepted").isTrue();
    own.pass(Duration.ofMillis(100));
    assertThat(letIn(ANN, PROVEN)).isFalse();
  }

  @Test
  void aPasswordThatIsTrustedNeedsNoConnectionForSoLong() {
    trusting();
    own.pass(TRUSTED);
    assertThat(letIn(ANN, SHOWN)).isTrue();
    own.pass(Duration.ofMillis(100));
    assertThat(letIn(ANN, SHOWN)).isFalse();
    assertThat(letIn(ANN, PROVEN)).isTrue();
  }

  @Test
  void whatWasAcceptedBeforeARefusalAKickOrAReloadDoesForNoLogin() {
    pool.refused(new Account(connection.backend(), "ann", "ann"));
    assertThat(letIn(ANN, PROVEN)).as("refused").isFalse();
    keep(ANN);
    assertThat(letIn(ANN, PROVEN)).as("accepted again").isTrue();
    pool.kicked("ann");
    assertThat(letIn(ANN, PROVEN)).as("kicked").isFalse();
    keep(ANN);
    pool.clear();
    assertThat(letIn(ANN, PROVEN)).as("reloaded").isFalse();
  }

  @Test
  void whereNothingIsKeptEachLoginIsTheBackends() {
    own.close();
    own = own(PoolSettings.OFF);
    connection = own.connection();
    pool = own.pool(new Metrics());
    keep(ANN);
    assertThat(letIn(ANN, PROVEN)).isFalse();
  }
}
