package dormouse.bench.work;

import dormouse.bench.load.Client;
import dormouse.bench.load.ClosedLoop;
import dormouse.bench.load.Latencies;
import dormouse.bench.load.OpenLoop;
import dormouse.bench.stack.Mailboxes;
import dormouse.bench.stack.Stack;
import dormouse.bench.stack.StackKind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// How soon does a client in IDLE hear of a message? See [#question].
final class Deliver implements Workload {
  private static final String NAME = "deliver";
  private static final Measure MEDIAN = Measure.less(NAME, "delivery to EXISTS, median", "ms");
  private static final Measure HIGH = Measure.less(NAME, "delivery to EXISTS, 99 %", "ms");
  private static final int FEWER = 2; // than wakes, a second and in all

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String question() {
    return """
    Messages are delivered by LMTP to users whose clients idle, so many a second; counted is from the end of DATA to `EXISTS`, which each client must hear once for each message.\
    """;
  }

  @Override
  public List<StackKind> stacks() {
    List<StackKind> all = new ArrayList<>(StackKind.LIVE);
    all.add(1, StackKind.DOVECOT_HIBERNATE);
    return all;
  }

  @Override
  public Rounds prepare(Bench bench, Stack stack) {
    int count = bench.size().sessions() / FEWER;
    bench.mailboxes(stack, 0, count);
    List<Client> held = bench.hold(stack, 0, count);
    Bench.settle(stack, count);
    int rate = Math.max(1, bench.size().perSecond() / FEWER);
    return new Rounds() {
      private final Map<Integer, Integer> delivered = new HashMap<>();
      private int next;

      @Override
      public void warmUp() {
        int slice = Math.max(1, rate / 2);
        bench.untilSteady(
            NAME,
            stack,
            "announcing",
            _ -> {
              run(slice, new Latencies());
              return new ClosedLoop.Outcome(slice, (double) slice / rate);
            });
      }

      @Override
      public void round() {
        Latencies latencies = new Latencies();
        run(rate * bench.size().seconds(), latencies);
        bench.add(MEDIAN, HIGH, stack, latencies);
        bench.figures().addAll("delivery to EXISTS", stack.kind(), latencies);
      }

      private void run(int count, Latencies latencies) {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
          OpenLoop.run(
              count,
              rate,
              bench.faults(stack),
              (_, _) -> {
                int user = next++ % held.size();
                int expected = Bench.MESSAGES + delivered.merge(user, 1, Integer::sum);
                return deliver(stack, held.get(user), user, expected, latencies, threads);
              });
        }
      }

      @Override
      public void close() {
        Bench.leave(held);
      }
    };
  }

  /// Completes when the client has heard that there are so many.
  static CompletableFuture<?> deliver(
      Stack stack,
      Client client,
      int user,
      int expected,
      Latencies latencies,
      ExecutorService threads) {
    CompletableFuture<Long> heard = new CompletableFuture<>();
    client.onExists(exists -> {
      if (exists == expected) {
        heard.complete(System.nanoTime());
      } else {
        heard.completeExceptionally(
            new IllegalStateException(exists + " EXISTS instead of " + expected));
      }
    });
    return CompletableFuture.supplyAsync(
            () ->
                stack
                    .backend()
                    .deliver(stack.user(user), Mailboxes.message(expected, Bench.MESSAGE_BYTES)),
            threads)
        .thenCombine(
            heard,
            (sent, seen) -> {
              latencies.add(seen - sent);
              return seen;
            });
  }
}
