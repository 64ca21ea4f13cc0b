package dormouse.bench.compare;

import dormouse.bench.stack.Scratch;
import dormouse.bench.stack.Stack;
import dormouse.bench.stack.StackKind;
import dormouse.bench.work.Bench;
import dormouse.bench.work.Workload;
import dormouse.bench.work.Workload.Rounds;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/// One workload on all its stacks: all are started and made ready at the same time, then warmed up one after the other, then they take turns, and at
/// last all end. On the thread of the run.
final class Turns {
  private static final int MOST_CLIENTS = 18_000; // of 20,000 descriptors: others come and go

  private final Workload workload;
  private final Bench bench;
  private final Scratch scratch;
  private final Path jar;
  private final Map<StackKind, Stack> running = new ConcurrentSkipListMap<>();
  private final Map<StackKind, Rounds> ready = new ConcurrentSkipListMap<>();

  Turns(Workload workload, Bench bench, Scratch scratch, Path jar) {
    this.workload = workload;
    this.bench = bench;
    this.scratch = scratch;
    this.jar = jar;
  }

  /// Runs it on those of these stacks that it is for and that this machine has; on one after the other, where this process cannot have the clients
  /// of all: then one after the other has the processes and the mail that those need, too.
  void run(List<StackKind> stacks) {
    List<StackKind> kinds =
        workload.stacks().stream().filter(stacks::contains).filter(StackKind::installed).toList();
    if ((long) workload.clients(bench.size()) * kinds.size() <= MOST_CLIENTS) {
      takeTurns(kinds);
      return;
    }
    kinds.forEach(kind -> takeTurns(List.of(kind)));
  }

  private void takeTurns(List<StackKind> kinds) {
    List<Long> moments = new ArrayList<>();
    try {
      moments.add(System.nanoTime());
      atTheSameTime(kinds, this::prepare);
      moments.add(System.nanoTime());
      ready.forEach((kind, rounds) -> attempt(kind, rounds::warmUp));
      moments.add(System.nanoTime());
      for (int round = 0; round < workload.rounds(bench.size()); round++) {
        ready.forEach((kind, rounds) -> attempt(kind, rounds::round));
        watch();
        moments.add(System.nanoTime());
      }
      atTheSameTime(kinds, this::leave);
    } finally {
      atTheSameTime(kinds, this::stop);
      ready.clear();
      running.clear();
    }
    System.err.printf(
        "%s: seconds of preparing, of warming up, and of each round:", workload.name());
    for (int i = 1; i < moments.size(); i++) {
      System.err.printf(" %.1f", (moments.get(i) - moments.get(i - 1)) / 1e9);
    }
    System.err.println();
  }

  private void prepare(StackKind kind) {
    attempt(
        kind,
        () -> {
          Stack stack = Stack.start(kind, scratch, workload.keepAliveSeconds(bench.size()), jar);
          running.put(kind, stack);
          bench.warmUp(stack);
          ready.put(kind, workload.prepare(bench, stack));
        });
  }

  private void watch() {
    int seconds = workload.watchSeconds(bench.size());
    if (seconds > 0) {
      Map<StackKind, Runnable> ends = new EnumMap<>(StackKind.class);
      ready.forEach((kind, rounds) -> attempt(kind, () -> ends.put(kind, rounds.watch())));
      LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(seconds));
      ends.forEach(this::attempt);
    }
  }

  private void leave(StackKind kind) {
    Rounds rounds = ready.get(kind);
    if (rounds != null) {
      attempt(kind, rounds::close);
    }
  }

  private void stop(StackKind kind) {
    Stack stack = running.get(kind);
    if (stack != null) {
      bench.load().letGo(stack.tlsPort(), stack.plainPort());
      attempt(kind, stack::close);
    }
  }

  /// A stack that cannot do something is out of this workload, and the page tells of it.
  private void attempt(StackKind kind, Runnable what) {
    try {
      what.run();
    } catch (RuntimeException | AssertionError e) {
      String why = bench.faults(kind).fellOut(workload.name(), e);
      bench.figures().note(workload.name(), "%s fell out of it, %s".formatted(kind.title(), why));
      ready.remove(kind);
    }
  }

  private static void atTheSameTime(List<StackKind> kinds, Consumer<StackKind> what) {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<?> each :
          threads.invokeAll(
              kinds.stream().map(kind -> Executors.callable(() -> what.accept(kind))).toList())) {
        if (each.state() == Future.State.FAILED) {
          throw new IllegalStateException(each.exceptionNow());
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
