package dormouse.imap.backend;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.auth.Credentials;
import dormouse.backend.Approach;
import dormouse.backend.Priority;
import dormouse.config.BackendSettings;
import dormouse.config.ProxyProtocol;
import dormouse.ops.Metrics;
import dormouse.session.Client;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ConnectionPoolTest {
  private static final Credentials ANN = credentials("ann", "", "secret");
  private static final Credentials MASTER = credentials("master", "ann", "master's");
  private static final InetSocketAddress SOMEWHERE = new InetSocketAddress("192.0.2.1", 40001);

  private final OwnConnection own =
      new OwnConnection(
          BackendSettings.inClear("127.0.0.1", 1, /* trusted= */ true)
              .withProxyProtocol(ProxyProtocol.V1));
  private final BackendConnection connection = own.connection();
  private final ConnectionPool pool = own.pool(new Metrics());

  @BeforeEach
  void keep() {
    keep(ANN);
  }

  private void keep(Credentials madeWith) {
    keep(madeWith, Approach.USUAL);
  }

  private void keep(Credentials madeWith, Approach approach) {
    Client before = new Client("s0", SOMEWHERE, SOMEWHERE, /* tls= */ false);
    own.loggedIn(
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

  private boolean lent(Credentials to, boolean again) {
    Client client = new Client("s1", SOMEWHERE, SOMEWHERE, /* tls= */ false);
    Wish wish =
        new Wish("ann", "ann", client, "session", Priority.CLIENT, "ann", _ -> to, again, Set.of());
    return pool.take(
            connection.backend(),
            Approach.USUAL,
            wish,
            LoginKey.of(to, "ann", "ann"),
            ConnectionPool.Spares.NONE)
        == connection;
  }

  @Test
  void aLoginAsTheOneThatMadeItIsLentIt() {
    assertThat(lent(credentials("ann", "", "secret"), false)).isTrue();
    assertThat(lent(ANN, false)).as("a second time").isFalse();
  }

  // a backend behind a PROXY header may let in whom it is told of by ID, and nobody else

  @Test
  void whoIsToldOfByIdIsNotLentWhatOthersHaveComeInOnUntold() {
    assertThat(lent(ANN, true)).isTrue();
    keep(ANN, new Approach(null, null, null, null, /* untold= */ true));
    assertThat(lent(ANN, true)).isFalse();
  }

  @Test
  void anotherPasswordIsForTheBackendToSee() {
    Credentials changed = credentials("ann", "", "changed");
    assertThat(lent(changed, false)).isFalse();
    assertThat(lent(changed, true)).isFalse();
    assertThat(lent(credentials("ann", "ann", "secret"), false)).isFalse();
  }

  @Test
  void aMasterUserMayHaveWhatTheUserLoggedInOn() {
    assertThat(lent(MASTER, true)).isTrue();
  }

  @Test
  void theUserMayNotHaveWhatAMasterUserLoggedInOn() {
    assertThat(lent(ANN, false)).isTrue();
    keep(MASTER);
    assertThat(lent(ANN, true)).isFalse();
    assertThat(lent(MASTER, false)).isTrue();
  }

  @Test
  void whatTheBackendAcceptedLongAgoDecidesNoLogin() {
    assertThat(lent(ANN, false)).isTrue();
    own.pass(Duration.ofMinutes(1)); // it serves a client meanwhile
    pool.keep(connection, /* afterLogout= */ true);
    assertThat(lent(ANN, false)).as("just accepted").isTrue();
    own.pass(Duration.ofMillis(100));
    pool.keep(connection, /* afterLogout= */ true);
    assertThat(lent(ANN, false)).isFalse();
    assertThat(lent(MASTER, false)).isFalse();
    assertThat(lent(ANN, true)).as("a wake").isTrue();
  }
}
