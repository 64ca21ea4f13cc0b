package dormouse;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.config.BackendSettings;
import dormouse.ops.Metrics.State;
import dormouse.testkit.DifferentialPlan;
import dormouse.testkit.DovecotOptions;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.Endpoint;
import dormouse.testkit.EventRelay;
import dormouse.testkit.ImapClient;
import dormouse.testkit.SoakUser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/// Many users with some clients each do what comes to their minds, while events of their server are lost, doubled and late,
/// and the server is shut down, killed and started again: nobody sees anything wrong, nobody is sent away but who has just
/// been attached to a backend that went, and memory does not grow.
///
/// `./test --long` runs it: an hour, 200 users. What goes on stands in `server/target/soak.log`.
@EnabledIfSystemProperty(named = "dormouse.soak.minutes", matches = ".+")
class SoakIT {
  private static final long SEED = Long.getLong("dormouse.seed", 1);
  private static final double MINUTES =
      Double.parseDouble(System.getProperty("dormouse.soak.minutes", "1"));
  private static final int USERS = Integer.getInteger("dormouse.soak.users", 20);
  private static final int CLIENTS = 3;
  private static final int THREADS = Integer.getInteger("dormouse.soak.threads", 8);
  private static final Duration SWEEP = Duration.ofSeconds(10); // sooner than views must be right
  private static final Duration PATIENCE = Duration.ofSeconds(40);
  private static final Duration LINGER = Duration.ofSeconds(1);
  private static final Duration BETWEEN_RESTARTS = Duration.ofSeconds(15);
  private static final Duration BETWEEN_READINGS = Duration.ofSeconds(15);
  private static final Duration GRACE = Duration.ofSeconds(10); // until logins find it again
  private static final long SLACK_BYTES = 16 << 20;

  private final ReentrantReadWriteLock world = new ReentrantReadWriteLock(/* fair= */ true);
  private final AtomicLong restarts = new AtomicLong();
  private final AtomicLong backSince = new AtomicLong(System.nanoTime());
  private final AtomicBoolean over = new AtomicBoolean();
  private final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
  private final List<Long> heaps = new ArrayList<>();
  private long restartsAtRest;

  @Test
  void nobodySeesAnythingWrongForHours() throws Exception {
    try (EventRelay relay = EventRelay.start(SEED);
        DovecotServer server =
            DovecotServer.start(DovecotOptions.DEFAULT.withEventsTo(relay.port()));
        FrontEnd front =
            FrontEnd.before(
                BackendSettings.inClear("127.0.0.1", server.imapPort(), /* trusted= */ true),
                FrontEnd.sweeping(SWEEP, SWEEP, LINGER),
                List.of(FrontEnd.dovecotEvents()))) {
      relay.to(front.eventPort());
      try (ImapClient client = front.client("u0", DovecotServer.PASSWORD)) {
        client.ok("CREATE heard");
        front.await(() -> front.feedUp("dovecot-events"), "the feed is up");
      }
      relay.mischief(0.1, 0.1, Duration.ofMillis(200));
      List<SoakUser> users = users(front, server);
      try {
        soak(users, server, front);
      } finally {
        users.forEach(SoakUser::close);
      }
      judge(users, front);
    }
  }

  private static List<SoakUser> users(FrontEnd front, DovecotServer server) {
    Endpoint truth = Endpoint.plain(server.imapPort());
    return Stream.iterate(1, one -> one + 1)
        .limit(USERS)
        .map(one ->
            new SoakUser(
                DifferentialPlan.dovecot(
                        one % 4 == 0 ? front.plain().compressed() : front.tls(), truth, "u" + one)
                    .withPatience(PATIENCE),
                CLIENTS,
                SEED * 1000 + one))
        .toList();
  }

  private void soak(List<SoakUser> users, DovecotServer server, FrontEnd front) throws Exception {
    long end = System.nanoTime() + (long) (MINUTES * 60e9);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      List<SoakUser> own = new ArrayList<>();
      for (int user = i; user < users.size(); user += THREADS) {
        own.add(users.get(user));
      }
      Random random = new Random(SEED + i);
      threads.add(Thread.ofPlatform().name("soak-" + i).start(() -> act(own, random)));
    }
    Random random = new Random(SEED);
    long restart = System.nanoTime() + BETWEEN_RESTARTS.toNanos();
    long reading = System.nanoTime();
    while (System.nanoTime() < end && failures.isEmpty()) {
      LockSupport.parkNanos(50_000_000);
      if (System.nanoTime() > restart) {
        restart(server, front, random);
        restart =
            System.nanoTime() + (long) (BETWEEN_RESTARTS.toNanos() * (0.5 + random.nextDouble()));
      }
      if (System.nanoTime() > reading) {
        read(users, front);
        reading = System.nanoTime() + BETWEEN_READINGS.toNanos();
      }
    }
    over.set(true);
    for (Thread thread : threads) {
      thread.join();
    }
    read(users, front);
  }

  private void act(List<SoakUser> users, Random random) {
    while (!over.get()) {
      SoakUser user = users.get(random.nextInt(users.size()));
      world.readLock().lock();
      try {
        long before = restarts.get();
        boolean justBack = System.nanoTime() - backSince.get() < GRACE.toNanos();
        user.step(() -> restarts.get() != before || before % 2 == 1 || justBack);
      } catch (AssertionError | RuntimeException e) {
        failures.add(e);
        over.set(true);
      } finally {
        world.readLock().unlock();
      }
    }
  }

  /// While clients act, or while they rest; then none of those that sleep may be sent away.
  private void restart(DovecotServer server, FrontEnd front, Random random) {
    boolean atRest = random.nextBoolean();
    if (atRest) {
      world.writeLock().lock();
    }
    try {
      if (atRest) {
        letSleep(front);
      }
      double closes = backendCloses(front);
      long awake = front.sessions(State.ATTACHED) + front.sessions(State.WAKING);
      restarts.incrementAndGet(); // odd: away
      if (random.nextBoolean()) {
        server.kill();
      }
      server.restart();
      if (atRest) {
        restartsAtRest++;
        if (backendCloses(front) - closes > awake) {
          failures.add(new AssertionError("sleepers were sent away\n" + front.metrics().scrape()));
        }
      }
      backSince.set(System.nanoTime());
      restarts.incrementAndGet();
    } finally {
      if (atRest) {
        world.writeLock().unlock();
      }
    }
  }

  private static void letSleep(FrontEnd front) {
    long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
    while (front.sessions(State.ATTACHED) + front.sessions(State.WAKING) > 0
        && System.nanoTime() < deadline) {
      LockSupport.parkNanos(5_000_000);
    }
  }

  private static double backendCloses(FrontEnd front) {
    return closes(front, "backend-gone") + closes(front, "backend-unavailable");
  }

  private static double closes(FrontEnd front, String reason) {
    return front.metric("dormouse_closes_total{reason=\"" + reason + "\"}");
  }

  private void read(List<SoakUser> users, FrontEnd front) {
    System.gc();
    long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    heaps.add(heap);
    tell(
        "%s steps=%d restarts=%d at-rest=%d farewells=%d asleep=%d attached=%d kept=%d heap=%d rss=%s"
            .formatted(
                Instant.now().truncatedTo(ChronoUnit.SECONDS),
                users.stream().mapToLong(SoakUser::steps).sum(),
                restarts.get() / 2,
                restartsAtRest,
                users.stream().mapToLong(SoakUser::farewells).sum(),
                front.sessions(State.HIBERNATED),
                front.sessions(State.ATTACHED),
                (long) front.metric("dormouse_kept_bytes"),
                heap,
                rss()));
  }

  private static void tell(String line) {
    try {
      Files.writeString(
          Path.of("target", "soak.log"),
          line + "\n",
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String rss() {
    try {
      return Files.readAllLines(Path.of("/proc/self/status")).stream()
          .filter(line -> line.startsWith("VmRSS:"))
          .map(line -> line.substring("VmRSS:".length()).strip())
          .findFirst()
          .orElse("");
    } catch (IOException e) {
      return e.toString();
    }
  }

  private void judge(List<SoakUser> users, FrontEnd front) {
    for (Throwable failure : failures) {
      throw new AssertionError(failure.getMessage(), failure);
    }
    front.await(() -> front.metric("dormouse_kept_bytes") == 0, "nothing is kept any more");
    for (String reason :
        List.of(
            "login-timeout",
            "logins-refused",
            "too-many-errors",
            "protocol-error",
            "slow-client",
            "idle-timeout",
            "login-refused-at-wake",
            "mailbox-changed",
            "view-inconsistent",
            "internal-error")) {
      assertThat(closes(front, reason)).as(reason).isZero();
    }
    assertThat(users.stream().mapToLong(SoakUser::farewells).sum())
        .as("clients that came again")
        .isLessThanOrEqualTo((long) backendCloses(front));
    assertThat(restartsAtRest).isPositive();
    long warm = heaps.subList(0, heaps.size() / 2).stream().mapToLong(one -> one).max().orElse(0);
    assertThat(heaps.getLast()).as("heap after warm-up").isLessThan(warm + warm / 5 + SLACK_BYTES);
  }
}
