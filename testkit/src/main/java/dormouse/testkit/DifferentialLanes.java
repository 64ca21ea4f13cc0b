package dormouse.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// Several [Differential]s side by side, as most of their time they wait: together they run seed after seed, each with
/// a user of its own, so that what a seed does is the same in any lane.
///
/// For one thread.
public final class DifferentialLanes {
  private final List<Differential> lanes;
  private final AtomicLong nextSeed = new AtomicLong();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private long firstSeed;

  /// @param plans one a lane, with different users or on different servers
  public DifferentialLanes(List<DifferentialPlan> plans) {
    this.lanes = plans.stream().map(Differential::new).toList();
  }

  /// Runs seeds until so many operations are done in all lanes together. The first difference is an [AssertionError] as
  /// [Differential#run] throws it; the other lanes then end the run that they are in.
  public void runUntil(long operationsWanted, long firstSeed) {
    this.firstSeed = firstSeed;
    nextSeed.set(firstSeed);
    var threads = new ArrayList<Thread>();
    for (int i = 0; i < lanes.size(); i++) {
      var lane = lanes.get(i);
      threads.add(
          Thread.ofPlatform().name("lane-" + i).start(() -> runLane(lane, operationsWanted)));
    }
    for (Thread thread : threads) {
      join(thread);
    }
    var failed = failure.get();
    if (failed instanceof AssertionError difference) {
      throw difference;
    }
    if (failed != null) {
      throw new IllegalStateException(failed);
    }
  }

  private void runLane(Differential lane, long operationsWanted) {
    try {
      while (failure.get() == null && operations() < operationsWanted) {
        lane.run(nextSeed.getAndIncrement());
      }
    } catch (AssertionError | RuntimeException e) {
      failure.compareAndSet(null, e);
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /// Steps done so far, in all lanes.
  public long operations() {
    return lanes.stream().mapToLong(Differential::operations).sum();
  }

  /// How often clients have done this so far: a name of [Operation].
  public long count(String operation) {
    return tally().getOrDefault(Operation.valueOf(operation), 0L);
  }

  private Map<Operation, Long> tally() {
    Map<Operation, Long> tally = new TreeMap<>();
    for (var lane : lanes) {
      lane.tally().forEach((operation, count) -> tally.merge(operation, count, Long::sum));
    }
    return tally;
  }

  /// What was done so far, in one line.
  @Override
  public String toString() {
    return "operations=%d seeds=%d-%d lanes=%d late-views=%d silences=%d %s"
        .formatted(
            operations(),
            firstSeed,
            nextSeed.get() - 1,
            lanes.size(),
            lanes.stream().mapToLong(Differential::lateViews).sum(),
            lanes.stream().mapToLong(Differential::silences).sum(),
            tally());
  }
}
