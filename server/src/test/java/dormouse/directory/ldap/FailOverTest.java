package dormouse.directory.ldap;

import static dormouse.directory.ldap.FailOver.Question.BIND;
import static dormouse.directory.ldap.FailOver.Question.SEARCH;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.unboundid.ldap.sdk.LDAPConnection;
import com.unboundid.ldap.sdk.LDAPException;
import com.unboundid.ldap.sdk.ResultCode;
import com.unboundid.ldap.sdk.ServerSet;
import dormouse.session.HandClock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class FailOverTest {
  /// Connections to it lead nowhere.
  private static final class StandIn extends ServerSet {
    final AtomicInteger asked = new AtomicInteger();
    volatile boolean up = true;

    @Override
    public LDAPConnection getConnection() throws LDAPException {
      asked.incrementAndGet();
      if (!up) {
        throw new LDAPException(ResultCode.CONNECT_ERROR);
      }
      return new LDAPConnection();
    }
  }

  private final HandClock clock = new HandClock();
  private final StandIn first = new StandIn();
  private final StandIn second = new StandIn();
  private final FailOver servers = new FailOver(List.of(first, second), clock);

  @Test
  void oneThatIsNotReachedIsPassedOverForAMinute() throws Exception {
    first.up = false;
    assertThat(place(searching())).isEqualTo(1);
    first.up = true;
    isPassedOverForAMinute();
    assertThat(first.asked).as("once in that minute").hasValue(2);
  }

  private void isPassedOverForAMinute() throws LDAPException {
    clock.turn(FailOver.PASSED_OVER.minusMillis(1));
    assertThat(place(searching())).isEqualTo(1);
    clock.turn(Duration.ofMillis(1));
    assertThat(place(searching())).isEqualTo(0);
  }

  @Test
  void oneThatTakesConnectionsIsNotWellBeforeItHasAnsweredASearch() throws Exception {
    LDAPConnection trial = triedAgain();
    LDAPConnection other = searching();
    assertThat(place(other)).isEqualTo(1);
    assertThat(isWanted(other)).isTrue();
    assertThat(isWanted(trial)).as("whoever comes next may search on it").isTrue();
    servers.answered(other, SEARCH);
    assertThat(place(searching())).as("the other has answered").isEqualTo(1);

    servers.answered(trial, SEARCH);
    assertThat(isWanted(other)).isFalse();
    assertThat(isWanted(trial)).isTrue();
    assertThat(place(searching())).isEqualTo(0);
  }

  @Test
  void oneThatIsSilentWhenItIsTriedAgainIsPassedOverForAnotherMinute() throws Exception {
    LDAPConnection trial = triedAgain();
    clock.turn(Duration.ofSeconds(5));
    servers.failed(trial, SEARCH, servers.answers(trial, SEARCH));
    isPassedOverForAMinute();
  }

  @Test
  void anAnswerDoesNotOutweighANewerFailure() throws Exception {
    LDAPConnection old = searching();
    LDAPConnection trial = triedAgain();
    servers.answered(old, SEARCH);
    assertThat(place(searching())).as("from before the failure").isEqualTo(1);

    clock.turn(FailOver.PASSED_OVER);
    first.up = false;
    searching();
    servers.answered(trial, SEARCH);
    assertThat(isWanted(trial)).isFalse();
    assertThat(place(searching())).isEqualTo(1);
  }

  @Test
  void oneThatAnswersOthersIsNotPassedOverForASearchThatIsTooHeavy() throws Exception {
    LDAPConnection heavy = searching();
    LDAPConnection light = searching();
    long before = servers.answers(heavy, SEARCH);
    servers.answered(light, SEARCH);
    servers.failed(heavy, SEARCH, before);
    assertThat(isWanted(light)).isTrue();
    LDAPConnection elsewhere = elsewhere(heavy);
    assertThat(place(elsewhere)).as("where it is put again").isEqualTo(1);
    assertThat(isWanted(elsewhere)).isFalse();
    assertThat(place(searching())).isEqualTo(0);

    servers.failed(heavy, SEARCH, servers.answers(heavy, SEARCH));
    assertThat(isWanted(light)).isFalse();
    servers.answered(light, SEARCH);
    assertThat(place(searching())).as("it was on its way").isEqualTo(1);
  }

  @Test
  void answersOfOneKindSayNothingOfTheOther() throws Exception {
    LDAPConnection one = searching();
    LDAPConnection other = searching();
    long before = servers.answers(one, BIND);
    servers.answered(other, BIND);
    servers.failed(one, BIND, before);
    assertThat(isWanted(other)).as("other binds are answered").isTrue();

    before = servers.answers(one, BIND);
    servers.answered(other, SEARCH);
    servers.failed(one, BIND, before);
    assertThat(isWanted(other)).isFalse();

    LDAPConnection trial = triedAgain();
    servers.answered(trial, BIND);
    assertThat(place(searching())).as("it has answered no search").isEqualTo(1);
  }

  /// A pool makes connections by itself too: as it looks after those that nobody uses, and in the place of one that breaks when a login gives it back.
  @Test
  void nothingButASearchTriesItAgain() throws Exception {
    LDAPConnection well = connectedAMinuteAgo();
    assertThat(place(servers.getConnection())).as("the pool's own").isEqualTo(1);
    assertThat(place(servers.toAsk(BIND, servers::getConnection))).isEqualTo(1);
    assertThat(isLent(BIND, well)).isTrue();
    assertThat(first.asked).as("a minute ago").hasValue(1);
    assertThat(isWanted(well)).as("to search on").isFalse();
    assertThat(place(searching())).isEqualTo(0);
  }

  @Test
  void whatIsNoSearchConnectsToOneThatMayBeTriedAgainIfThereIsNoOther() throws Exception {
    LDAPConnection silent = connectedAMinuteAgo();
    assertThat(place(servers.toAskElsewhere(BIND, silent, servers::getConnection))).isEqualTo(0);
    second.up = false;
    assertThat(place(servers.getConnection())).isEqualTo(0);
  }

  @Test
  void theSilentOneIsAskedAgainBehindAllOthersAlsoThoseThatArePassedOver() throws Exception {
    second.up = false;
    LDAPConnection silent = searching();
    assertThatThrownBy(() -> servers.toAskElsewhere(SEARCH, silent, this::fromTheSecond))
        .isInstanceOf(LDAPException.class);
    second.up = true;
    assertThat(place(elsewhere(silent))).isEqualTo(1);
  }

  private LDAPConnection fromTheSecond() throws LDAPException {
    first.up = false;
    try {
      return servers.getConnection();
    } finally {
      first.up = true;
    }
  }

  @Test
  void ifThereIsNoOtherTheSilentOneIsAskedAgain() throws Exception {
    LDAPConnection connection = searching();
    second.up = false;
    assertThat(place(elsewhere(connection))).isEqualTo(0);
  }

  @Test
  void ifAllArePassedOverTheyAreTriedInOrder() throws Exception {
    first.up = false;
    second.up = false;
    assertThatThrownBy(this::searching).isInstanceOf(LDAPException.class);
    second.up = true;
    LDAPConnection connection = searching();
    assertThat(place(connection)).isEqualTo(1);
    assertThat(first.asked).hasValue(2);
    assertThat(isWanted(connection)).isTrue();
    servers.answered(connection, SEARCH);
    assertThat(place(searching())).isEqualTo(1);
    assertThat(first.asked).as("the second is well").hasValue(2);
  }

  @Test
  void oneOnlyTriesItAgainOfAllWhoSeeThatTheMinuteIsOver() throws Exception {
    int logins = 8;
    CyclicBarrier together = new CyclicBarrier(logins);
    ThreadLocal<Boolean> looked = ThreadLocal.withInitial(() -> true);
    InstantSource watched =
        new InstantSource() {
          @Override
          public Instant instant() {
            if (!looked.get()) {
              looked.set(true);
              meet(together);
            }
            return clock.instant();
          }
        };
    FailOver watching = new FailOver(List.of(first, second), watched);
    first.up = false;
    watching.toAsk(SEARCH, watching::getConnection);
    clock.turn(FailOver.PASSED_OVER);
    Callable<Integer> login =
        () -> {
          looked.set(false);
          return place(watching.toAsk(SEARCH, watching::getConnection));
        };
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Integer> each : threads.invokeAll(Collections.nCopies(logins, login))) {
        assertThat(each.get(20, TimeUnit.SECONDS)).isEqualTo(1);
      }
    }
    assertThat(first.asked).as("once before").hasValue(2);
  }

  private static void meet(CyclicBarrier barrier) {
    try {
      barrier.await(20, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /// The connection that tries the first again, a minute after it was not reached.
  private LDAPConnection triedAgain() throws LDAPException {
    connectedAMinuteAgo();
    LDAPConnection trial = searching();
    assertThat(place(trial)).isEqualTo(0);
    return trial;
  }

  /// One of the second server, when the first was not reached; it can be tried again now.
  private LDAPConnection connectedAMinuteAgo() throws LDAPException {
    first.up = false;
    LDAPConnection other = searching();
    first.up = true;
    clock.turn(FailOver.PASSED_OVER);
    return other;
  }

  private LDAPConnection searching() throws LDAPException {
    return servers.toAsk(SEARCH, servers::getConnection);
  }

  private LDAPConnection elsewhere(LDAPConnection failed) throws LDAPException {
    return servers.toAskElsewhere(SEARCH, failed, servers::getConnection);
  }

  /// Whether it is searched on.
  private boolean isWanted(LDAPConnection connection) {
    return isLent(SEARCH, connection);
  }

  private boolean isLent(FailOver.Question kind, LDAPConnection connection) {
    try {
      servers.toAsk(
          kind,
          () -> {
            servers.check().ensureConnectionValidForCheckout(connection);
            return connection;
          });
      return true;
    } catch (LDAPException _) {
      return false;
    }
  }

  private static int place(LDAPConnection connection) {
    return Integer.parseInt(connection.getConnectionName());
  }
}
