package dormouse.auth;

import static java.time.Duration.ZERO;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.config.Network;
import dormouse.config.ThrottleSettings;
import dormouse.listen.SecretKeys;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class LoginThrottleTest {
  private static final InetAddress EVE = InetAddress.ofLiteral("203.0.113.7");
  private static final InetAddress HOME = InetAddress.ofLiteral("198.51.100.1");
  private static final LoginResult WRONG = new LoginResult.Rejected("AUTHENTICATIONFAILED", "");
  private static final LoginResult RIGHT = new LoginResult.Accepted();
  private static final Duration TURN = ofMillis(250);

  private Instant now = Instant.parse("2026-01-01T00:00:00Z");
  private final LoginThrottle throttle = throttle(List.of());

  private LoginThrottle throttle(List<Network> exempt) {
    return new LoginThrottle(settings(true, exempt), new SecretKeys(), () -> now);
  }

  private LoginThrottle throttle(boolean enabled) {
    return new LoginThrottle(settings(enabled, List.of()), new SecretKeys(), () -> now);
  }

  private static ThrottleSettings settings(boolean enabled, List<Network> exempt) {
    return settings(enabled, exempt, ofMinutes(1));
  }

  private static ThrottleSettings forgetting(Duration forget) {
    return settings(true, List.of(), forget);
  }

  private static ThrottleSettings settings(boolean enabled, List<Network> exempt, Duration forget) {
    ThrottleSettings usual = ThrottleSettings.DEFAULT;
    return new ThrottleSettings(
        enabled,
        10,
        ofSeconds(1),
        ofSeconds(15),
        forget,
        ofSeconds(30),
        usual.remembered(),
        usual.devices(),
        ofDays(30),
        exempt);
  }

  @Test
  void tenFailuresAreFreeThenEachWaitIsLonger() {
    for (int i = 0; i < 10; i++) {
      assertThat(fail(EVE, "u" + i)).isEqualTo(ZERO);
    }
    List<Duration> waits = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      waits.add(fail(EVE, "v" + i));
    }
    assertThat(waits)
        .containsExactly(
            ofSeconds(1), ofSeconds(2), ofSeconds(4), ofSeconds(8), ofSeconds(15), ofSeconds(15));
  }

  @Test
  void aFailureIsForgottenInAMinute() {
    for (int i = 0; i < 11; i++) {
      fail(EVE, "u" + i);
    }
    assertThat(throttle.attempt(EVE, "x").admit()).isEqualTo(TURN);
    pass(ofMinutes(2));
    assertThat(throttle.attempt(EVE, "x").admit()).isEqualTo(ZERO);
  }

  @Test
  void whoHasStoppedIsForgottenInAWhileHoweverMuchItTried() {
    for (int i = 0; i < 1000; i++) {
      fail(EVE, "u" + i);
    }
    pass(ofMinutes(16));
    assertThat(fail(EVE, "x")).isEqualTo(ZERO);
  }

  @Test
  void manyAtOnceDoNotEscape() {
    int begun = 0;
    for (int i = 0; i < 500; i++) {
      begun += ZERO.equals(throttle.attempt(EVE, "u" + i).admit()) ? 1 : 0;
    }
    assertThat(begun).isEqualTo(10);
  }

  @Test
  void honestUsersOfOneAddressWaitOnlyForEachOther() {
    List<LoginThrottle.Attempt> under = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      LoginThrottle.Attempt attempt = throttle.attempt(HOME, "u" + i);
      assertThat(attempt.admit()).isEqualTo(ZERO);
      under.add(attempt);
    }
    LoginThrottle.Attempt last = throttle.attempt(HOME, "last");
    assertThat(last.admit()).isEqualTo(TURN);
    under.forEach(attempt -> attempt.ended(RIGHT));
    assertThat(last.admit()).isEqualTo(ZERO);
  }

  @Test
  void aUserIsGuardedAgainstManyAddresses() {
    for (int i = 0; i < 10; i++) {
      assertThat(fail(InetAddress.ofLiteral("203.0.113." + i), "Ann")).isEqualTo(ZERO);
    }
    assertThat(throttle.attempt(InetAddress.ofLiteral("203.0.113.99"), "ann").admit())
        .isEqualTo(TURN);
  }

  /// MariaDB's usual collations tell neither accents nor the forms of a letter apart.
  @Test
  void aUserIsGuardedUnderEveryNameThatADatabaseTakesForOne() {
    for (int i = 0; i < 10; i++) {
      assertThat(fail(InetAddress.ofLiteral("203.0.113." + i), "ann")).isEqualTo(ZERO);
    }
    InetAddress another = InetAddress.ofLiteral("203.0.113.99");
    for (String name :
        List.of("\u00e1nn", "A\u0301NN", "\uff41nn", "an\u200bn", "ann \u200b", "ann\u00a0")) {
      assertThat(throttle.attempt(another, name).admit()).as(name).isEqualTo(TURN);
    }
    assertThat(throttle.attempt(another, "anna").admit()).isEqualTo(ZERO);
  }

  @Test
  void aMasterUserIsGuardedWhoeverItIsToBe() {
    for (int i = 0; i < 10; i++) {
      assertThat(fail(InetAddress.ofLiteral("203.0.113." + i), "x" + i + "*root")).isEqualTo(ZERO);
    }
    InetAddress another = InetAddress.ofLiteral("203.0.113.99");
    assertThat(throttle.attempt(another, "ann*Root").admit()).isEqualTo(TURN);
    assertThat(throttle.attempt(another, "root").admit()).isEqualTo(TURN);
    assertThat(throttle.attempt(another, "ann").admit()).isEqualTo(ZERO);
  }

  /// To LDAP, and to MariaDB, it is the same name.
  @Test
  void spacesAroundANameMakeNoOther() {
    for (int i = 0; i < 10; i++) {
      fail(InetAddress.ofLiteral("203.0.113." + i), "ann" + " ".repeat(i));
    }
    assertThat(throttle.attempt(InetAddress.ofLiteral("203.0.113.99"), "ann").admit())
        .isEqualTo(TURN);
  }

  @Test
  void whoseLoginsFailedLatelyIsDoubtedButNotOnItsOwnDevice() {
    succeed(HOME, "ann");
    LoginThrottle.Attempt first = throttle.attempt(EVE, "ann");
    assertThat(first.admit()).isEqualTo(ZERO);
    assertThat(first.doubted()).isFalse();
    LoginThrottle.Attempt second = throttle.attempt(InetAddress.ofLiteral("203.0.113.99"), "ann");
    assertThat(second.admit()).isEqualTo(ZERO);
    assertThat(second.doubted()).isTrue(); // nobody knows what comes of the first
    LoginThrottle.Attempt own = throttle.attempt(HOME, "ann");
    assertThat(own.admit()).isEqualTo(ZERO);
    assertThat(own.doubted()).isFalse();
    LoginThrottle.Attempt other = throttle.attempt(EVE, "bob");
    assertThat(other.admit()).isEqualTo(ZERO);
    assertThat(other.doubted()).isFalse(); // one failure of an address is nothing yet
    for (int i = 0; i < 4; i++) {
      fail(EVE, "u" + i);
    }
    LoginThrottle.Attempt seventh = throttle.attempt(EVE, "carl");
    assertThat(seventh.admit()).isEqualTo(ZERO);
    assertThat(seventh.doubted()).isTrue();
  }

  @Test
  void aUsersOwnDeviceIsLetThrough() {
    succeed(HOME, "ann");
    for (int i = 0; i < 50; i++) {
      fail(InetAddress.ofLiteral("203.0.113." + i), "ann");
      fail(HOME, "u" + i);
    }
    succeed(HOME, "ann");
    assertThat(throttle.attempt(HOME, "bob").admit()).isEqualTo(TURN);
  }

  /// `device-age` after its last login.
  @Test
  void aDeviceThatWasNotSeenForLongIsNoneAnyMore() {
    succeed(HOME, "ann");
    pass(ofDays(20));
    succeed(HOME, "ann");
    pass(ofDays(29));
    assertThat(isLetThroughAtHome()).isTrue();
    pass(ofDays(2));
    assertThat(isLetThroughAtHome()).isFalse();
  }

  /// Whether ann is, while somebody guesses her password elsewhere.
  private boolean isLetThroughAtHome() {
    for (int i = 0; i < 20; i++) {
      fail(InetAddress.ofLiteral("203.0.113." + i), "ann");
    }
    LoginThrottle.Attempt attempt = throttle.attempt(HOME, "ann");
    boolean letThrough = ZERO.equals(attempt.admit());
    attempt.ended(new LoginResult.Unavailable(LoginResult.Cause.SLOW));
    return letThrough;
  }

  @Test
  void aDeviceWithTheWrongPasswordIsSlowedDownToo() {
    succeed(HOME, "ann");
    for (int i = 0; i < 10; i++) {
      assertThat(fail(HOME, "ann")).isEqualTo(ZERO);
    }
    assertThat(fail(HOME, "ann")).isEqualTo(ofSeconds(1));
  }

  @Test
  void whatNobodyCouldDecideIsNoFailure() {
    for (int i = 0; i < 50; i++) {
      LoginThrottle.Attempt attempt = throttle.attempt(EVE, "ann");
      assertThat(attempt.admit()).isEqualTo(ZERO);
      attempt.ended(new LoginResult.Unavailable(LoginResult.Cause.SLOW));
    }
  }

  @Test
  void whoWaitsTooLongIsRefused() {
    for (int i = 0; i < 50; i++) {
      fail(EVE, "ann");
    }
    LoginThrottle.Attempt attempt = throttle.attempt(EVE, "ann");
    assertThat(attempt.admit()).isEqualTo(TURN);
    fail(EVE, "ann"); // somebody else's turn, 15 s later
    fail(EVE, "ann");
    assertThat(attempt.admit()).isNull();
    assertThat(attempt.waited()).isTrue();
  }

  @Test
  void whoWaitsForTheUndecidedIsNotRefused() {
    List<LoginThrottle.Attempt> all = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      all.add(throttle.attempt(HOME, "u" + i));
    }
    assertThat(all).filteredOn(attempt -> ZERO.equals(attempt.admit())).hasSize(10);
    List<LoginThrottle.Attempt> waiting = all.subList(10, 20);
    pass(ofSeconds(30));
    List<LoginThrottle.Attempt> begun = new ArrayList<>(all.subList(0, 10));
    for (LoginThrottle.Attempt attempt : waiting) {
      Duration wait = attempt.admit();
      assertThat(wait).isNotNull();
      if (ZERO.equals(wait)) {
        begun.add(attempt);
      }
    }
    begun.forEach(attempt -> attempt.ended(RIGHT));
    assertThat(waiting)
        .filteredOn(attempt -> !begun.contains(attempt))
        .isNotEmpty()
        .allMatch(attempt -> ZERO.equals(attempt.admit()));
  }

  @Test
  void whoWaitsForTheUndecidedIsRefusedWhenTheyHaveFailed() {
    List<LoginThrottle.Attempt> begun = begin(10);
    LoginThrottle.Attempt attempt = throttle.attempt(EVE, "x");
    pass(ofSeconds(30));
    begun.forEach(one -> one.ended(WRONG));
    assertThat(fail(EVE, "y")).isEqualTo(ZERO);
    assertThat(attempt.admit()).isNull();
  }

  @Test
  void whoLeavesBeforeItIsDecidedHasFailed() {
    List<LoginThrottle.Attempt> begun = begin(10);
    LoginThrottle.Attempt attempt = throttle.attempt(EVE, "x");
    pass(ofSeconds(30));
    begun.forEach(LoginThrottle.Attempt::left);
    begun.forEach(one -> one.ended(RIGHT)); // too late
    assertThat(fail(EVE, "y")).isEqualTo(ZERO);
    assertThat(attempt.admit()).isNull();
  }

  private List<LoginThrottle.Attempt> begin(int count) {
    List<LoginThrottle.Attempt> begun = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      LoginThrottle.Attempt one = throttle.attempt(EVE, "u" + i);
      assertThat(one.admit()).isEqualTo(ZERO);
      begun.add(one);
    }
    return begun;
  }

  @Test
  void whatIsSwitchedOnLaterKnowsAsManyAsWhatWasOnFromTheBegin() {
    LoginThrottle later = throttle(false);
    later.change(settings(true, List.of()));
    for (int i = 0; i < 10; i++) {
      LoginThrottle.Attempt attempt = later.attempt(EVE, "a" + i);
      assertThat(attempt.admit()).isEqualTo(ZERO);
      attempt.ended(WRONG);
      for (int other = 0; other < 20; other++) {
        InetAddress from = InetAddress.ofLiteral("192.0.2." + (20 * i + other));
        LoginThrottle.Attempt another = later.attempt(from, "u" + i + "." + other);
        another.admit();
        another.ended(WRONG);
      }
    }
    assertThat(later.attempt(EVE, "x").admit()).isEqualTo(TURN);
  }

  @Test
  void aReloadThatForgetsSoonerOrLaterLeavesAsManyFailuresAsThereWere() {
    for (Duration forget : List.of(ofSeconds(1), ofDays(1), ofMinutes(1))) {
      for (int i = 0; i < 9; i++) {
        fail(EVE, "u" + i);
      }
      throttle.change(forgetting(forget));
      assertThat(fail(EVE, "x")).as("the tenth, %s", forget).isEqualTo(ZERO);
      assertThat(fail(EVE, "y")).as("the next, %s", forget).isEqualTo(ofSeconds(1));
      pass(forget.multipliedBy(11));
    }
  }

  @Test
  void aLoginThatSucceedsBehindAReloadTakesNoMoreThanItsOwnChargeBack() {
    for (int i = 0; i < 9; i++) {
      fail(EVE, "u" + i);
    }
    LoginThrottle.Attempt under = throttle.attempt(EVE, "ann");
    assertThat(under.admit()).isEqualTo(ZERO);
    throttle.change(forgetting(ofDays(1)));
    under.ended(RIGHT);
    assertThat(fail(EVE, "x")).as("the tenth").isEqualTo(ZERO);
    assertThat(fail(EVE, "y")).as("the next").isEqualTo(ofSeconds(1));
  }

  @Test
  void anIpv6NetworkIsOneAddressAndIts48IsKnownToo() {
    for (int i = 0; i < 10; i++) {
      fail(InetAddress.ofLiteral("2001:db8:1:1::" + i), "u" + i);
    }
    assertThat(throttle.attempt(InetAddress.ofLiteral("2001:db8:1:1::99"), "x").admit())
        .isEqualTo(TURN);
    assertThat(fail(InetAddress.ofLiteral("2001:db8:1:2::1"), "y")).isEqualTo(ZERO);
    for (int i = 0; i < 150; i++) {
      fail(InetAddress.ofLiteral("2001:db8:1:" + (i + 3) + "::1"), "z" + i);
    }
    assertThat(throttle.attempt(InetAddress.ofLiteral("2001:db8:1:ffff::1"), "x").admit())
        .isEqualTo(TURN);
  }

  @Test
  void exemptNetworksAreNeverSlowedDown() {
    LoginThrottle exempting = throttle(List.of(new Network(EVE, 32)));
    for (int i = 0; i < 100; i++) {
      LoginThrottle.Attempt attempt = exempting.attempt(EVE, "ann");
      assertThat(attempt.admit()).isEqualTo(ZERO);
      attempt.ended(WRONG);
    }
  }

  @Test
  void aMillionAddressesTakeNoMoreThanTheTableAndDoNotWashOutTheWorst() {
    for (int i = 0; i < 12; i++) {
      fail(EVE, "u" + i);
    }
    long before = throttle.bytes();
    for (int i = 0; i < 1_000_000; i++) {
      String address = "10." + (i >> 16) + "." + (i >> 8 & 255) + "." + (i & 255);
      LoginThrottle.Attempt attempt = throttle.attempt(InetAddress.ofLiteral(address), "u" + i);
      attempt.admit();
      attempt.ended(WRONG);
    }
    assertThat(throttle.bytes()).isEqualTo(before).isEqualTo(24L * 2 * 262_144);
    assertThat(throttle.attempt(EVE, "x").admit()).isEqualTo(TURN);
  }

  /// A login with the wrong password: how long it has waited for its turn.
  private Duration fail(InetAddress from, String user) {
    return login(from, user, WRONG);
  }

  private void succeed(InetAddress from, String user) {
    assertThat(login(from, user, RIGHT)).isEqualTo(ZERO);
  }

  private Duration login(InetAddress from, String user, LoginResult result) {
    LoginThrottle.Attempt attempt = throttle.attempt(from, user);
    Instant begun = now;
    Duration wait = attempt.admit();
    while (wait != null && !wait.isZero()) {
      pass(wait);
      wait = attempt.admit();
    }
    attempt.ended(result);
    return Duration.between(begun, now);
  }

  private void pass(Duration time) {
    now = now.plus(time);
  }
}
