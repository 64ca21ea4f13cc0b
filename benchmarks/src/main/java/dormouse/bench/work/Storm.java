package dormouse.bench.work;

import dormouse.bench.load.Client;
import dormouse.bench.load.Latencies;
import dormouse.bench.stack.Held;
import dormouse.bench.stack.Stack;
import dormouse.bench.stack.StackKind;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/// How soon is everybody back after a restart? See [#question].
final class Storm implements Workload {
  private static final String NAME = "storm";
  private static final Measure DOWN = Measure.less(NAME, "until it accepts again", "s");
  private static final Measure BACK = Measure.less(NAME, "from then until all idle again", "s");
  private static final Measure MEDIAN = Measure.less(NAME, "a client's return, median", "ms");
  private static final Measure FAILURES = Measure.less(NAME, "attempts that failed", "");
  private static final Measure MEMORY =
      Measure.less(NAME, "memory of all processes when all are back", "MiB");
  private static final Measure PEAK =
      Measure.less(NAME, "the most memory of all processes until then", "MiB");
  private static final Executor AGAIN =
      CompletableFuture.delayedExecutor(500, TimeUnit.MILLISECONDS);
  private static final long PATIENCE_SECONDS = 300;

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String question() {
    return """
    The front (where there is none, Dovecot) is stopped and started again while clients idle. As soon as it accepts, all of them connect in the same moment, over TLS, log in, select and idle; who \
    fails tries again after half a second. Memory is Pss, of Dormouse with its whole heap; the most is what a look every 50 ms has seen, or fewer, so that they take less than a twentieth of a processor. Who has \
    several programs accepts again when all of them do: perdition has one for TLS and one for clear text.\
    """;
  }

  @Override
  public List<StackKind> stacks() {
    return List.of(
        StackKind.DOVECOT,
        StackKind.NGINX,
        StackKind.DOVECOT_PROXY,
        StackKind.PERDITION,
        StackKind.HAPROXY,
        StackKind.DORMOUSE);
  }

  @Override
  public int clients(Size size) {
    return size.storm();
  }

  @Override
  public Rounds prepare(Bench bench, Stack stack) {
    int count = bench.size().storm();
    bench.mailboxes(stack, 0, count);
    return new Rounds() {
      private List<Client> held = bench.hold(stack, 0, count);

      @Override
      public void round() {
        held.forEach(Client::mayEnd);
        long begin = System.nanoTime();
        stack.restart();
        long up = System.nanoTime();
        bench.add(DOWN, stack, (up - begin) / 1e9);
        held.forEach(Client::close);
        held = comeBack(bench, stack, count, up);
      }

      @Override
      public void close() {
        bench.leave(stack, held);
      }
    };
  }

  private static List<Client> comeBack(Bench bench, Stack stack, int count, long up) {
    AtomicInteger failures = new AtomicInteger();
    AtomicBoolean over = new AtomicBoolean();
    Latencies latencies = new Latencies();
    List<CompletableFuture<Client>> coming = new ArrayList<>();
    Peak peak = new Peak(stack);
    try (peak) {
      for (int i = 0; i < count; i++) {
        coming.add(
            again(bench, stack, i, failures, over)
                .thenApply(client -> {
                  latencies.since(up);
                  return client;
                }));
      }
      CompletableFuture<Void> all =
          CompletableFuture.allOf(coming.toArray(CompletableFuture[]::new))
              .orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS)
              .exceptionally(e -> {
                bench.faults(stack).late("not all came back: " + e);
                return null;
              });
      all.whenComplete((_, _) -> over.set(true)); // nobody tries for ever
      bench.add(BACK, stack, all.thenApply(_ -> (System.nanoTime() - up) / 1e9).join());
    }
    if (latencies.count() > 0) {
      bench.add(MEDIAN, stack, latencies.millis(50));
    }
    bench.add(FAILURES, stack, failures.get());
    Held back = stack.processes();
    bench.add(MEMORY, stack, ((double) back.front() + back.back()) / (1 << 20));
    peak.add(back);
    bench.add(PEAK, stack, (double) peak.bytes() / (1 << 20));
    List<CompletableFuture<Client>> missing = new ArrayList<>();
    coming.removeIf(each -> each.state() != Future.State.SUCCESS && missing.add(each));
    missing.forEach(each -> each.thenAccept(Client::close)); // who comes yet is not waited for
    if (!missing.isEmpty()) {
      bench
          .figures()
          .note(
              NAME,
              "%d of %d of %s did not come back in time, and are in no median"
                  .formatted(missing.size(), count, stack.kind().title()));
    }
    return coming.stream().map(CompletableFuture::join).toList();
  }

  private static CompletableFuture<Client> again(
      Bench bench, Stack stack, int user, AtomicInteger failures, AtomicBoolean over) {
    return bench
        .idle(stack, user)
        .exceptionallyCompose(failure -> {
          if (over.get()) {
            return CompletableFuture.failedFuture(failure);
          }
          failures.incrementAndGet();
          return CompletableFuture.supplyAsync(() -> true, AGAIN)
              .thenCompose(_ -> again(bench, stack, user, failures, over));
        });
  }
}
