package dormouse.backend;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.config.GateSettings;
import dormouse.listen.EventLoops;
import dormouse.ops.Metrics;
import dormouse.session.HandClock;
import dormouse.session.TimerWheel;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class GateTest {
  private final HandClock clock = new HandClock();
  private final TimerWheel wheel = new TimerWheel(clock);
  private final Metrics metrics = new Metrics();
  private final EmbeddedChannel here = new EmbeddedChannel();
  private final EmbeddedChannel elsewhere = new EmbeddedChannel();
  private final List<String> entered = new ArrayList<>();
  private final Map<String, Gate.Visit> visits = new HashMap<>();
  private Gate gate = gate(1000, 1000, 2, 4);

  @Test
  void anOpenGateLetsInAtOnce() {
    enter(Priority.CLIENT, "ann", "1");
    enter(Priority.SWEEP, "ann", "2");
    assertThat(entered).containsExactly("1", "2");
  }

  @Test
  void noMoreAreInsideThanMay() {
    enter(Priority.CLIENT, "ann", "1", "2", "3");
    assertThat(entered).containsExactly("1", "2");
    end("1");
    assertThat(entered).containsExactly("1", "2", "3");
    end("2", "2", "3");
    enter(Priority.CLIENT, "ann", "4", "5", "6");
    assertThat(entered).containsExactly("1", "2", "3", "4", "5");
  }

  @Test
  void waitingClientsGoFirstThenSyncsThenSweeps() {
    gate = gate(1000, 1000, 1, 4);
    enter(Priority.SWEEP, "ann", "first", "sweep");
    enter(Priority.SYNC, "ann", "sync");
    enter(Priority.CLIENT, "ann", "client");
    end("first", "client", "sync");
    assertThat(entered).containsExactly("first", "client", "sync", "sweep");
  }

  @Test
  void whoIsDoubtedGoesBehindClientsAndTakesHalfOfThePlaces() {
    gate = gate(1000, 1000, 4, 8);
    enter(Priority.DOUBTED, "eve", "1", "2", "3", "4");
    assertThat(entered).containsExactly("1", "2");
    enter(Priority.CLIENT, "ann", "a", "b", "c");
    assertThat(entered).containsExactly("1", "2", "a", "b");
    end("1");
    assertThat(entered).endsWith("c");
    end("a");
    assertThat(entered).endsWith("3");
    end("2", "3", "b", "c");
    assertThat(entered).containsExactly("1", "2", "a", "b", "c", "3", "4");
    end("4");
    enter(Priority.DOUBTED, "eve", "5", "6", "7"); // every place came back
    assertThat(entered).endsWith("5", "6");
  }

  @Test
  void aUserOfManySessionsTakesTurns() {
    gate = gate(1000, 1000, 1, 500);
    enter(Priority.CLIENT, "ann", "inside");
    for (int i = 0; i < 400; i++) {
      enter(Priority.CLIENT, "ann", "ann" + i);
    }
    enter(Priority.CLIENT, "bob", "bob");
    end("inside", "ann0");
    assertThat(entered).containsExactly("inside", "ann0", "bob");
  }

  @Test
  void noMoreComeInASecondThanMay() {
    gate = gate(20, 5, 1000, 1000);
    for (int i = 0; i < 100; i++) {
      enter(Priority.CLIENT, "u" + i, "" + i);
    }
    assertThat(entered).hasSize(5);
    for (int tenths = 1; tenths <= 20; tenths++) {
      pass(Duration.ofMillis(100));
      assertThat(entered).hasSize(5 + 2 * tenths);
    }
    pass(Duration.ofHours(1));
    assertThat(entered).hasSize(50); // what was saved up
    pass(Duration.ofMillis(100));
    assertThat(entered).hasSize(52);
  }

  @Test
  void aBurstIsNoSmallerThanWhatComesBetweenTwoTicks() {
    gate = gate(200, 1, 1000, 1000);
    for (int i = 0; i < 100; i++) {
      enter(Priority.CLIENT, "u" + i, "" + i);
    }
    assertThat(entered).hasSize(20);
    pass(Duration.ofMillis(100));
    assertThat(entered).hasSize(40);
  }

  @Test
  void aFullQueueRefusesAndOthersAreNotFull() {
    enter(Priority.SYNC, "ann", "1", "2", "3", "4", "5", "6");
    assertThat(visit(Priority.SYNC, "bob", "7", here)).isNull();
    assertThat(visit(Priority.CLIENT, "bob", "8", here)).isNotNull();
    assertThat(metric("dormouse_gate_refused_total", "sync")).isEqualTo(1);
  }

  @Test
  void whoGivesUpIsNotLetIn() {
    enter(Priority.CLIENT, "ann", "1", "2", "3", "4");
    end("3", "1");
    assertThat(entered).containsExactly("1", "2", "4");
  }

  @Test
  void whoGivesUpWhenItsTurnIsOnTheWayGivesItsPlaceBack() {
    enter(Priority.CLIENT, "ann", "1", "2");
    visit(Priority.CLIENT, "ann", "3", elsewhere);
    visit(Priority.CLIENT, "ann", "4", elsewhere);
    mine("1").end();
    mine("3").end();
    elsewhere.runPendingTasks();
    assertThat(entered).containsExactly("1", "2", "4");
    end("2", "4");
    enter(Priority.CLIENT, "ann", "5", "6");
    assertThat(entered).endsWith("5", "6");
  }

  @Test
  void whoIsHurriedGoesWithTheClients() {
    gate = gate(1000, 1000, 1, 4);
    enter(Priority.SYNC, "ann", "inside", "sync");
    enter(Priority.SWEEP, "ann", "sweep");
    mine("sweep").hurry();
    mine("inside").hurry(); // is no more in any queue
    end("inside", "sweep");
    assertThat(entered).containsExactly("inside", "sweep", "sync");
    assertThat(metric("dormouse_gate_waiting", "client")).isZero();
    assertThat(metric("dormouse_gate_waiting", "sweep")).isZero();
  }

  @Test
  void whoIsHurriedWhereTooManyClientsWaitKeepsItsPlace() {
    gate = gate(1000, 1000, 1, 1);
    enter(Priority.SYNC, "ann", "inside", "sync");
    enter(Priority.CLIENT, "ann", "client");
    mine("sync").hurry();
    end("inside", "client");
    assertThat(entered).containsExactly("inside", "client", "sync");
  }

  @Test
  void metricsSayWhoWaitsAndForHowLong() {
    enter(Priority.CLIENT, "ann", "1", "2", "3");
    enter(Priority.SYNC, "ann", "4", "5");
    assertThat(metric("dormouse_gate_waiting", "client")).isEqualTo(1);
    assertThat(metric("dormouse_gate_waiting", "sync")).isEqualTo(2);
    pass(Duration.ofMillis(300));
    end("1", "2");
    end("5");
    assertThat(metric("dormouse_gate_waiting", "client")).isZero();
    assertThat(metric("dormouse_gate_waiting", "sync")).isZero();
    assertThat(metric("dormouse_gate_wait_seconds_sum", "client")).isEqualTo(0.3);
    assertThat(metric("dormouse_gate_wait_seconds_count", "client")).isEqualTo(3);
  }

  @Test
  void loopsMeetAtTheGateAndEveryPlaceComesBack() throws InterruptedException {
    int each = 2000;
    InstantSource system = InstantSource.system();
    Gate busy = new Gate("mx", new GateSettings(100_000, 100_000, 7, 8 * each), system, metrics);
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    try (EventLoops loops = EventLoops.start(4, system)) {
      CountDownLatch over = new CountDownLatch(4 * each);
      for (EventLoop loop : loops.all()) {
        for (int i = 0; i < each; i++) {
          String user = "u" + i % 50;
          loop.execute(
              () -> visitAndLeave(busy, user, loop, loops.wheel(loop), inside, most, over));
        }
      }
      assertThat(over.await(60, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(most.get()).isLessThanOrEqualTo(7);
    assertThat(inside.get()).isZero();
    assertThat(metric("dormouse_gate_waiting", "client")).isZero();
    assertThat(metric("dormouse_gate_waiting", "sync")).isZero();
  }

  /// One in three gives up at some time; the others stay for some tasks of their loop.
  private static void visitAndLeave(
      Gate gate,
      String user,
      EventLoop loop,
      TimerWheel wheel,
      AtomicInteger inside,
      AtomicInteger most,
      CountDownLatch over) {
    int chance = ThreadLocalRandom.current().nextInt(6);
    boolean[] begun = {false};
    Gate.Visit visit =
        gate.enter(
            chance % 2 == 0 ? Priority.CLIENT : Priority.SYNC,
            user,
            loop,
            wheel,
            mine -> {
              begun[0] = true;
              most.accumulateAndGet(inside.incrementAndGet(), Math::max);
              loop.execute(() -> {
                inside.decrementAndGet();
                mine.end();
                over.countDown();
              });
            });
    Objects.requireNonNull(visit, "the queue has room for all");
    if (chance < 2) {
      loop.execute(() -> {
        if (!begun[0]) {
          visit.end();
          over.countDown();
        }
      });
    } else if (chance == 3) {
      loop.execute(visit::hurry);
    }
  }

  private Gate gate(int perSecond, int burst, int concurrent, int queue) {
    return new Gate("mx", new GateSettings(perSecond, burst, concurrent, queue), clock, metrics);
  }

  private void enter(Priority priority, String user, String... names) {
    for (String name : names) {
      assertThat(visit(priority, user, name, here)).isNotNull();
    }
  }

  private Gate.@Nullable Visit visit(
      Priority priority, String user, String name, EmbeddedChannel on) {
    Gate.Visit visit = gate.enter(priority, user, on.eventLoop(), wheel, _ -> entered.add(name));
    if (visit != null) {
      visits.put(name, visit);
    }
    return visit;
  }

  private Gate.Visit mine(String name) {
    return Objects.requireNonNull(visits.get(name), name);
  }

  private void end(String... names) {
    for (String name : names) {
      mine(name).end();
      here.runPendingTasks();
    }
  }

  private void pass(Duration time) {
    clock.turn(time);
    wheel.advance();
    here.runPendingTasks();
  }

  private double metric(String name, String priority) {
    String start = name + "{backend=\"mx\",priority=\"" + priority + "\"} ";
    return metrics
        .scrape()
        .lines()
        .filter(line -> line.startsWith(start))
        .mapToDouble(line -> Double.parseDouble(line.substring(start.length())))
        .sum();
  }
}
