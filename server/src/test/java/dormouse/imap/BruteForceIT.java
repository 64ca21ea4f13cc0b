package dormouse.imap;

import static java.util.concurrent.TimeUnit.NANOSECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import io.netty.util.ResourceLeakDetector;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// 50 addresses try 200 passwords a second on 20 accounts while others log in.
///
/// `./test -Dit.test=BruteForceIT -Ddormouse.attack=60 -Ddormouse.honest=500` does so for 60 seconds with 500 others, and holds how long
/// those waited against how long they did before; without that only logins are counted, for a machine may be busy. What is measured is a Dormouse
/// as it runs: it has been attacked before, for what only an attack has compiled would be waited for by the attacked alone, and nobody looks for
/// lost buffers, which takes longer than an attempt.
class BruteForceIT {
  private static final int ADDRESSES = 50;
  private static final int ACCOUNTS = 20;
  private static final Duration BETWEEN = Duration.ofMillis(250); // 4 a second and address
  private static final int SECONDS = Integer.getInteger("dormouse.attack", 6);
  private static final int HONEST = Integer.getInteger("dormouse.honest", 60);
  private static final boolean MEASURED = HONEST >= 500;
  private static final int OTHERS = 2900; // accounts that are attacked before
  private static final int LONE =
      2940; // the first of the accounts of one who tries each of them seldom
  private static final int LONE_ACCOUNTS = 40;

  /// What an address, or an account, may be tried in that time: the free ones, and one each 1, 2, 4, 8, 15, 15 … seconds.
  private static final int MOST = 10 + 4 + SECONDS / 10;

  private static final String OWNER = "127.0.9.250";

  private final ResourceLeakDetector.Level looksForLeaks = ResourceLeakDetector.getLevel();

  @AfterEach
  void leaksAreLookedForAgain() {
    ResourceLeakDetector.setLevel(looksForLeaks);
  }

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
      if (MEASURED) {
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.DISABLED);
        var before = attack(threads, front, "127.0.7.", OTHERS, SECONDS / 4);
        honest(front, 2 * HONEST, HONEST / 4);
        for (Future<List<Future<Boolean>>> attacker : before) {
          for (Future<Boolean> one : attacker.get()) {
            one.get();
          }
        }
      }
      long[] quiet = honest(front, 0, HONEST);
      var attackers = attack(threads, front, "127.0.8.", 0, SECONDS);
      long now = System.nanoTime();
      long end = now + Duration.ofSeconds(SECONDS).toNanos();
      var lone =
          threads.submit(
              () -> attack(threads, front, "127.0.10.1", LONE, LONE_ACCOUNTS, 0, now, end));
      long[] attacked = honest(front, HONEST, HONEST);
      for (int account = 0; account < ACCOUNTS; account++) {
        login(front, OWNER, account); // who were as slow as the attackers would not get in at all
      }
      int offered = 0;
      int tried = 0;
      for (int i = 0; i < ADDRESSES; i++) {
        offered += attackers.get(i).get().size();
        int answered = answered(attackers.get(i));
        assertThat(answered).as("of 127.0.8." + (i + 1)).isLessThanOrEqualTo(MOST);
        tried += answered;
      }
      assertThat(tried).as("of the accounts").isPositive().isLessThanOrEqualTo(ACCOUNTS * MOST);
      assertThat(answered(lone)).as("of who tries many").isPositive().isLessThanOrEqualTo(MOST);
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
      if (MEASURED) {
        assertThat(offered).isGreaterThan(180 * SECONDS);
        assertThat(percentile(attacked, 99)).isLessThanOrEqualTo(2 * percentile(quiet, 99));
      }
    }
  }

  /// All of them, one behind the other: 200 a second are one each 5 ms.
  ///
  /// @param account the first of those that they try
  private static List<Future<List<Future<Boolean>>>> attack(
      ExecutorService threads, FrontEnd front, String network, int account, int seconds) {
    long now = System.nanoTime();
    List<Future<List<Future<Boolean>>>> attackers = new ArrayList<>();
    for (int i = 0; i < ADDRESSES; i++) {
      String from = network + (i + 1);
      int first = i;
      long begin = now + i * BETWEEN.toNanos() / ADDRESSES;
      long end = begin + Duration.ofSeconds(seconds).toNanos();
      attackers.add(
          threads.submit(() -> attack(threads, front, from, account, ACCOUNTS, first, begin, end)));
    }
    return attackers;
  }

  private static int answered(Future<List<Future<Boolean>>> attacker) throws Exception {
    int answered = 0;
    for (Future<Boolean> one : attacker.get()) {
      answered += one.get() ? 1 : 0;
    }
    return answered;
  }

  /// Begins a try at each turn until the end, whatever has become of those before: whether each one's password was looked at.
  private static List<Future<Boolean>> attack(
      ExecutorService threads,
      FrontEnd front,
      String from,
      int account,
      int accounts,
      int first,
      long begin,
      long end) {
    List<Future<Boolean>> tries = new ArrayList<>();
    long next = begin;
    for (int i = 0; next < end; i++) {
      LockSupport.parkNanos(next - System.nanoTime());
      String login = "LOGIN u" + (account + (first + i) % accounts) + " wrong" + i;
      tries.add(threads.submit(() -> isLookedAt(front, from, login)));
      next += BETWEEN.toNanos();
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
  private static long[] honest(FrontEnd front, int from, int count) {
    long[] took = new long[count];
    long next = System.nanoTime();
    for (int i = 0; i < count; i++) {
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
