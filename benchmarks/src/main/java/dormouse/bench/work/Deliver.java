package dormouse.bench.work;

import dormouse.bench.load.Check;
import dormouse.bench.load.Client;
import dormouse.bench.load.ClosedLoop;
import dormouse.bench.load.Faults;
import dormouse.bench.load.Latencies;
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
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/// How soon does a client in IDLE hear of a message? See [#question].
final class Deliver implements Workload {
  private static final String NAME = "deliver";
  private static final Measure MEDIAN = Measure.less(NAME, "delivery to EXISTS, median", "ms");
  private static final Measure HIGH = Measure.less(NAME, "delivery to EXISTS, 99 %", "ms");
  private static final int FEWER = 2; // than wakes, a second and in all
  private static final long ASK_SECONDS = 60;

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
    bench.settle(stack, count);
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

      // At most one to each: who has not heard of one cannot be told of another.
      private void run(int most, Latencies latencies) {
        int count = Math.min(most, held.size());
        List<Told> told = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
          bench.openLoop(
              stack,
              count,
              rate,
              (_, _) -> {
                int user = next++ % held.size();
                int expected = Bench.MESSAGES + delivered.merge(user, 1, Integer::sum);
                Told one = deliver(stack, held.get(user), user, expected, latencies, threads);
                told.add(one);
                return one.done();
              });
          told.stream()
              .map(one -> one.askIfLate(bench.faults(stack)))
              .toList()
              .forEach(CompletableFuture::join);
        }
      }

      @Override
      public void close() {
        bench.leave(stack, held);
      }
    };
  }

  /// A message, and who shall hear of it.
  ///
  /// @param sent when it was delivered
  /// @param heard when the client has been told of it
  /// @param done completes then
  private record Told(
      Client client,
      int expected,
      CompletableFuture<Long> sent,
      CompletableFuture<Long> heard,
      CompletableFuture<?> done) {
    /// What comes late may be the machine's fault; what is not even told to who asks is lost.
    CompletableFuture<?> askIfLate(Faults faults) {
      if (heard.isDone() || sent.state() != Future.State.SUCCESS) {
        return CompletableFuture.completedFuture(client);
      }
      return client
          .done()
          .thenCompose(_ -> client.say("NOOP", Check.nothing()))
          .thenCompose(_ -> {
            if (!heard.isDone()) {
              faults.add("not even NOOP told of message " + expected);
            }
            return client.idle();
          })
          .orTimeout(ASK_SECONDS, TimeUnit.SECONDS)
          .exceptionally(failure -> {
            faults.add(failure);
            return client;
          });
    }
  }

  private static Told deliver(
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
    CompletableFuture<Long> sent =
        CompletableFuture.supplyAsync(
            () ->
                stack
                    .backend()
                    .deliver(stack.user(user), Mailboxes.message(expected, Bench.MESSAGE_BYTES)),
            threads);
    CompletableFuture<?> done =
        sent.thenAcceptBoth(heard, (begin, seen) -> latencies.add(seen - begin));
    return new Told(client, expected, sent, heard, done);
  }
}
