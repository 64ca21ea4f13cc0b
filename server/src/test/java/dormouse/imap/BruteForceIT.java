package dormouse.imap;

import static java.util.concurrent.TimeUnit.NANOSECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/// 50 addresses try 200 passwords a second on 20 accounts while others log in.
///
/// `./test -Dit.test=BruteForceIT -Ddormouse.attack=60 -Ddormouse.honest=500` does so for 60 seconds with 500 others, and holds how long
/// those waited against how long they did before; without that only logins are counted, for a machine may be busy.
class BruteForceIT {
  private static final int ADDRESSES = 50;
  private static final int ACCOUNTS = 20;
  private static final Duration BETWEEN = Duration.ofMillis(250); // 4 a second and address
  private static final int SECONDS = Integer.getInteger("dormouse.attack", 6);
  private static final int HONEST = Integer.getInteger("dormouse.honest", 60);
  private static final String OWNER = "127.0.9.250";

  @Test
  void whoGuessesIsSlowedDownAndNobodyElse() throws Exception {
    try (DovecotServer dovecot = DovecotServer.start();
        FrontEnd front =
            FrontEnd.of(
                """
                listen: [ { address: "127.0.0.1:0", tls: none } ]
                backends: { mx: { address: "127.0.0.1:%d", tls: none } }
                hibernate: { enabled: false }
                throttle: { patience: 5s }
                """
                    .formatted(dovecot.imapPort()));
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int account = 0; account < ACCOUNTS; account++) {
        login(front, OWNER, account); // from now on a known device
      }
      long[] quiet = honest(front, 0);
      long end = System.nanoTime() + Duration.ofSeconds(SECONDS).toNanos();
      List<Future<List<Future<Boolean>>>> attackers = new ArrayList<>();
      for (int i = 0; i < ADDRESSES; i++) {
        String from = "127.0.8." + (i + 1);
        int first = i;
        attackers.add(threads.submit(() -> attack(threads, front, from, first, end)));
      }
      long[] attacked = honest(front, HONEST);
      for (int account = 0; account < ACCOUNTS; account++) {
        login(front, OWNER, account); // who were as slow as the attackers would not get in at all
      }
      int offered = 0;
      int tried = 0;
      for (Future<List<Future<Boolean>>> attacker : attackers) {
        int answered = 0;
        for (Future<Boolean> one : attacker.get()) {
          answered += one.get() ? 1 : 0;
          offered++;
        }
        assertThat(answered).isLessThanOrEqualTo(10 + SECONDS + 1);
        tried += answered;
      }
      assertThat(tried).isPositive();
      assertThat(Stage.metric(front, "dormouse_throttled_logins_total{outcome=\"delayed\"}"))
          .isPositive();
      System.out.printf(
          "%d s, %d attempts, of which %d were answered; %d honest logins: p50 %d ms, p99 %d ms; before it p50 %d ms,"
              + " p99 %d ms%n",
          SECONDS,
          offered,
          tried,
          HONEST,
          percentile(attacked, 50),
          percentile(attacked, 99),
          percentile(quiet, 50),
          percentile(quiet, 99));
      if (HONEST >= 500) {
        assertThat(offered).isGreaterThan(180 * SECONDS);
        assertThat(percentile(attacked, 99)).isLessThanOrEqualTo(2 * percentile(quiet, 99));
      }
    }
  }

  /// Begins a try at each turn until the end, whatever has become of those before: whether each one's password was looked at.
  private static List<Future<Boolean>> attack(
      ExecutorService threads, FrontEnd front, String from, int first, long end) {
    List<Future<Boolean>> tries = new ArrayList<>();
    long next = System.nanoTime();
    for (int i = 0; next < end; i++) {
      String login = "LOGIN u" + (first + i) % ACCOUNTS + " wrong" + i;
      tries.add(threads.submit(() -> isLookedAt(front, from, login)));
      next += BETWEEN.toNanos();
      LockSupport.parkNanos(next - System.nanoTime());
    }
    return tries;
  }

  private static boolean isLookedAt(FrontEnd front, String from, String login) {
    try (ImapClient client = ImapClient.connect(front.plain(), from, "")) {
      String answer = client.patience(Duration.ofSeconds(40)).refused(login);
      return answer.startsWith("NO [AUTHENTICATIONFAILED]");
    }
  }

  /// Users whom nobody attacks log in, as many a second as spread over the attack, each from an address of its own: how long each took from
  /// when it was its turn.
  private static long[] honest(FrontEnd front, int from) {
    long[] took = new long[HONEST];
    long next = System.nanoTime();
    for (int i = 0; i < HONEST; i++) {
      LockSupport.parkNanos(next - System.nanoTime());
      int user = ACCOUNTS + from + i;
      long late = Math.max(0, System.nanoTime() - next);
      took[i] = late + login(front, "127.1." + user / 250 + "." + (user % 250 + 1), user);
      next += Duration.ofSeconds(SECONDS).toNanos() / HONEST;
    }
    return took;
  }

  private static long login(FrontEnd front, String address, int user) {
    long begun = System.nanoTime();
    try (ImapClient client = ImapClient.connect(front.plain(), address, "")) {
      client.login("u" + user, DovecotServer.PASSWORD);
      long took = System.nanoTime() - begun;
      client.logout();
      return took;
    }
  }

  private static long percentile(long[] nanos, int percent) {
    long[] sorted = nanos.clone();
    Arrays.sort(sorted);
    return NANOSECONDS.toMillis(sorted[(sorted.length - 1) * percent / 100]);
  }
}
