package dormouse;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.ops.Metrics.State;
import dormouse.testkit.CourierServer;
import dormouse.testkit.CyrusServer;
import dormouse.testkit.DifferentialLanes;
import dormouse.testkit.DifferentialPlan;
import dormouse.testkit.DovecotOptions;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.EmbeddedBackend;
import dormouse.testkit.Endpoint;
import dormouse.testkit.EventRelay;
import dormouse.testkit.ImapClient;
import dormouse.testkit.MailServer;
import dormouse.testkit.ModelMode;
import dormouse.testkit.Outage;
import dormouse.testkit.ServerTraits;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

/// Random clients behind Dormouse, put to sleep at every quiet point, their connections kept and lent again, must see what the
/// server has.
///
/// `-Ddormouse.operations=20000` runs so many operations in each test, `-Ddormouse.seed=7` begins elsewhere,
/// `-Ddormouse.parallel=8` has so many users at a time. A failure names its seed and the steps that still fail; the same seed
/// makes the same script. What was done stands in `server/target/differential.log`, one line a test.
class DifferentialIT {
  private static final int OPERATIONS = Integer.getInteger("dormouse.operations", 1000);
  private static final int LANES = Integer.getInteger("dormouse.parallel", 2);
  private static final Path LOG = Path.of("target", "differential.log");
  private static final Duration POLL = Duration.ofMillis(200);
  private static final Duration SWEEP = Duration.ofSeconds(1); // sooner than views must be right
  private static final Duration LINGER = Duration.ofMillis(100);
  private static final Duration QUIET = Duration.ofMillis(30); // some have reasons to stay
  private static final Duration FALL_ASLEEP = Duration.ofSeconds(1);
  private static final String READ_WHILE_PARKED = "dormouse_parked_reads_total";
  private static final String LAGS = "lags_total";
  private static final long SEED = Long.getLong("dormouse.seed", 1);

  private String name = "";

  @BeforeEach
  void named(TestInfo test) {
    name = test.getTestMethod().map(Method::getName).orElse("");
  }

  @Test
  void clientsOfDovecotSeeWhatTheServerHas() {
    try (DovecotServer server = DovecotServer.start();
        FrontEnd front = FrontEnd.keeping(server.imapPort(), normal -> normal)) {
      run(front, user -> dovecot(front, server, user).withSide(Endpoint.plain(server.imapPort())));
    }
  }

  @Test
  void clientsOverTlsWhoseConnectionsAreNotKeptSeeWhatTheServerHas() {
    try (DovecotServer server = DovecotServer.start();
        FrontEnd front = FrontEnd.before(server.imapPort())) {
      run(
          front,
          user -> DifferentialPlan.dovecot(front.tls(), Endpoint.plain(server.imapPort()), user));
      assertThat(front.metric(READ_WHILE_PARKED) > 0).isEqualTo(FrontEnd.PARK);
    }
  }

  /// As where sleepers cannot be parked, or shall not be.
  @Test
  void clientsWhoKeepTheirChannelsSeeWhatTheServerHas() {
    try (DovecotServer server = DovecotServer.start();
        FrontEnd front = FrontEnd.unparked(server.imapPort())) {
      run(
          front,
          user -> DifferentialPlan.dovecot(front.tls(), Endpoint.plain(server.imapPort()), user));
      assertThat(front.metric("dormouse_hibernations_total")).isPositive();
      assertThat(front.metric(READ_WHILE_PARKED)).isZero();
    }
  }

  @Test
  void clientsOfAServerThatTellsOfChangesSeeWhatItHas() {
    FrontEnd front = told(0, 0, Duration.ZERO);
    assertThat(front.metric("dormouse_status_commands_total{outcome=\"cached\"}")).isPositive();
  }

  @Test
  void clientsOfAServerWhoseEventsAreLostDoubledAndLateSeeWhatItHas() {
    told(0.2, 0.2, Duration.ofMillis(100));
  }

  /// Whatever this test knows, in one run: clients in the clear, over TLS, by STARTTLS, compressed or not; connections that are
  /// kept; a feed that loses, doubles and delays; a server that goes and comes back; sleep at every quiet point.
  @Test
  void clientsSeeWhatTheServerHasWithEverythingAtOnce() {
    try (Closing<EventRelay> relays = new Closing<>();
        Closing<DovecotServer> servers = new Closing<>();
        Closing<FrontEnd> fronts = new Closing<>()) {
      List<DifferentialPlan> plans = new ArrayList<>();
      for (int lane = 0; lane < LANES; lane++) {
        EventRelay relay = relays.add(EventRelay.start(SEED + lane));
        DovecotServer server =
            servers.add(DovecotServer.start(DovecotOptions.DEFAULT.withEventsTo(relay.port())));
        FrontEnd front = fronts.add(told(server, relay));
        relay.mischief(0.2, 0.2, Duration.ofMillis(100));
        Endpoint truth = Endpoint.plain(server.imapPort());
        plans.add(
            DifferentialPlan.dovecot(front.plain(), truth, "u1")
                .withFronts(
                    front.plain(),
                    front.tls(),
                    front.startTls(),
                    front.plain().compressed(),
                    front.tls().compressed())
                .withSide(truth)
                .withSettle(_ -> awake(front, 0, QUIET))
                .withOutage(
                    new Outage() {
                      @Override
                      public boolean allAsleep() {
                        return awake(front, 0, FALL_ASLEEP);
                      }

                      @Override
                      public void happen(boolean killed) {
                        if (killed) {
                          server.kill();
                        }
                        server.restart();
                      }
                    }));
      }
      DifferentialLanes lanes = run(fronts.all(), plans);
      for (long seed = SEED + 1000; sum(fronts.all(), LAGS) == 0 && seed < SEED + 1020; seed++) {
        lanes.runUntil(
            lanes.operations() + 1, seed); // a lag comes by chance, some in 1,000 operations
      }
      for (String done : List.of("RESTART", "NOTIFY", "USE_SAVED", "IDLE", "LIST")) {
        assertThat(lanes.count(done)).as(done).isPositive();
      }
      for (String metric :
          List.of(
              "hibernations_total",
              "wakes_total",
              LAGS,
              "syncs_total{result=\"done\"}",
              "pool_total{result=\"hit\"}",
              "local_answers_total{command=\"noop\"}",
              "local_answers_total{command=\"compress\"}",
              "feed_events_total")) {
        assertThat(sum(fronts.all(), metric)).as(metric).isPositive();
      }
      assertThat(relays.all()).allSatisfy(relay -> assertThat(relay.lost()).isPositive());
    }
  }

  /// Before a server that posts its events to `relay`, by which they come: its feed is up.
  private static FrontEnd told(DovecotServer server, EventRelay relay) {
    FrontEnd front =
        FrontEnd.keeping(
            server.imapPort(),
            FrontEnd.sweeping(SWEEP, POLL, LINGER),
            List.of(FrontEnd.dovecotEvents()));
    relay.to(front.eventPort());
    try (ImapClient client = front.client("u0", DovecotServer.PASSWORD)) {
      client.ok("CREATE heard");
      front.await(() -> front.feedUp("dovecot-events"), "the feed is up");
    }
    return front;
  }

  /// @param loss, doubling, delay of events
  /// @return for its metrics; it is closed
  private FrontEnd told(double loss, double doubling, Duration delay) {
    try (EventRelay relay = EventRelay.start(SEED);
        DovecotServer server =
            DovecotServer.start(DovecotOptions.DEFAULT.withEventsTo(relay.port()));
        FrontEnd front = told(server, relay)) {
      relay.mischief(loss, doubling, delay);
      run(front, user -> dovecot(front, server, user).withSide(Endpoint.plain(server.imapPort())));
      assertThat(relay.heard()).isPositive();
      return front;
    }
  }

  @Test
  void compressedClientsSeeWhatTheServerHas() {
    try (DovecotServer server = DovecotServer.start();
        FrontEnd front = FrontEnd.keeping(server.imapPort(), normal -> normal)) {
      Endpoint truth = Endpoint.plain(server.imapPort());
      run(
          front,
          user ->
              DifferentialPlan.dovecot(front.plain().compressed(), truth, user)
                  .withSide(front.plain()));
    }
  }

  @Test
  void clientsOfAServerWithCondstoreOnlySeeWhatTheServerHas() {
    DovecotOptions options = DovecotOptions.DEFAULT.with(DovecotOptions.Offers.CONDSTORE);
    try (DovecotServer server = DovecotServer.start(options);
        FrontEnd front = FrontEnd.keeping(server.imapPort(), normal -> normal)) {
      run(
          front,
          user -> dovecot(front, server, user).withModes(ModelMode.PLAIN, ModelMode.CONDSTORE));
    }
  }

  @Test
  void clientsOfAServerWithoutModSequencesSeeWhatTheServerHas() {
    DovecotOptions options = DovecotOptions.DEFAULT.with(DovecotOptions.Offers.PLAIN);
    try (DovecotServer server = DovecotServer.start(options);
        FrontEnd front = FrontEnd.keeping(server.imapPort(), normal -> normal)) {
      run(front, user -> dovecot(front, server, user).withModes(ModelMode.PLAIN));
    }
  }

  @Test
  void clientsOfCyrusSeeWhatTheServerHas() {
    try (CyrusServer server = CyrusServer.start();
        FrontEnd front = FrontEnd.before(server.imapPort())) {
      run(front, user -> other(front, server, user));
    }
  }

  @Test
  void clientsOfCourierSeeWhatTheServerHas() {
    try (CourierServer server = CourierServer.start();
        FrontEnd front =
            FrontEnd.before(server.imapPort(), hibernate -> hibernate.withPoll(POLL))) {
      run(front, user -> other(front, server, user));
    }
  }

  private static DifferentialPlan other(FrontEnd front, MailServer server, String user) {
    return DifferentialPlan.of(front.plain(), server, user)
        .withSide(Endpoint.plain(server.imapPort()));
  }

  @Test
  void clientsOfGreenMailSeeWhatTheServerHas() {
    try (Closing<EmbeddedBackend> servers = new Closing<>();
        Closing<FrontEnd> fronts = new Closing<>()) {
      List<DifferentialPlan> plans = new ArrayList<>();
      for (int lane = 0; lane < LANES; lane++) {
        EmbeddedBackend server = servers.add(EmbeddedBackend.start());
        server.addUser("u1", DovecotServer.PASSWORD);
        FrontEnd front =
            fronts.add(FrontEnd.keeping(server.port(), hibernate -> hibernate.withPoll(POLL)));
        plans.add(
            DifferentialPlan.greenMail(
                    front.plain(),
                    Endpoint.plain(server.port()),
                    "u1",
                    DovecotServer.PASSWORD,
                    ServerTraits.GREENMAIL_IDLE_MENDED)
                .withSettle(awake -> awake(front, awake, FALL_ASLEEP))); // it tells EXPUNGE twice
      }
      run(fronts.all(), plans);
    }
  }

  /// Waits until no more than so many sessions have a backend: whether that is so in time.
  private static boolean awake(FrontEnd front, int most, Duration within) {
    long deadline = System.nanoTime() + within.toNanos();
    while (front.sessions(State.ATTACHED) + front.sessions(State.WAKING) > most) {
      if (System.nanoTime() > deadline) {
        return false;
      }
      LockSupport.parkNanos(1_000_000);
    }
    return true;
  }

  private static DifferentialPlan dovecot(FrontEnd front, DovecotServer server, String user) {
    return DifferentialPlan.dovecot(front.plain(), Endpoint.plain(server.imapPort()), user);
  }

  private void run(FrontEnd front, Function<String, DifferentialPlan> planOfUser) {
    List<DifferentialPlan> plans = new ArrayList<>();
    for (int lane = 0; lane < LANES; lane++) {
      plans.add(planOfUser.apply("u" + (lane + 1)));
    }
    run(List.of(front), plans);
  }

  private DifferentialLanes run(List<FrontEnd> fronts, List<DifferentialPlan> plans) {
    DifferentialLanes lanes = new DifferentialLanes(plans);
    long begun = System.nanoTime();
    try {
      lanes.runUntil(OPERATIONS, SEED);
    } catch (AssertionError | RuntimeException e) {
      tell("FAILED", begun, fronts, lanes);
      throw e;
    }
    for (FrontEnd front : fronts) {
      front.await(
          () -> front.metric("dormouse_kept_bytes") == 0,
          "nothing is kept when all clients are gone");
    }
    tell("right", begun, fronts, lanes);
    return lanes;
  }

  private static double sum(List<FrontEnd> fronts, String metric) {
    return fronts.stream().mapToDouble(front -> front.metric("dormouse_" + metric)).sum();
  }

  private void tell(String result, long begun, List<FrontEnd> fronts, DifferentialLanes lanes) {
    StringBuilder line = new StringBuilder();
    line.append(Instant.now().truncatedTo(ChronoUnit.SECONDS)).append(' ').append(name);
    line.append(' ').append(result);
    line.append(" seconds=").append((System.nanoTime() - begun) / 1_000_000_000);
    for (String metric :
        List.of("hibernations", "wakes", "lags", "local_answers", "syncs", "pool", "feed_events")) {
      line.append(' ').append(metric).append('=').append((long) sum(fronts, metric + "_total"));
    }
    line.append(' ').append(lanes).append('\n');
    try {
      Files.writeString(LOG, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Several of a kind, closed together.
  private static final class Closing<T extends AutoCloseable> implements AutoCloseable {
    private final List<T> all = new ArrayList<>();

    T add(T one) {
      all.add(one);
      return one;
    }

    List<T> all() {
      return List.copyOf(all);
    }

    @Override
    public void close() {
      for (T one : all) {
        try {
          one.close();
        } catch (Exception e) {
          throw new IllegalStateException(e);
        }
      }
    }
  }
}
