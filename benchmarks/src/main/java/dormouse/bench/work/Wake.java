package dormouse.bench.work;

import dormouse.bench.load.Check;
import dormouse.bench.load.Client;
import dormouse.bench.load.ClosedLoop;
import dormouse.bench.load.Latencies;
import dormouse.bench.stack.Stack;
import dormouse.bench.stack.StackKind;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/// How long does a sleeper take to answer? See [#question].
final class Wake implements Workload {
  private static final String NAME = "wake";

  /// What a client does between DONE and its next IDLE.
  enum Kind {
    AGAIN("DONE and IDLE"),
    NOOP("DONE and NOOP"),
    FETCH("DONE and FETCH");

    final String title;

    Kind(String title) {
      this.title = title;
    }
  }

  private static final double ASLEEP_SECONDS =
      3; // behind which a backend connection has been let go, too

  private static final List<Kind> KINDS = List.of(Kind.values());

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String question() {
    return """
    Clients that idle, and by then are hibernated where anybody hibernates them, end IDLE: one in three to idle again, one for a NOOP, one to fetch a message. So many a second do so, whatever becomes of those \
    before; counted is from when it was to begin to the end of the answer (`+` of IDLE). A FETCH from Dormouse's sleep is a login at Dovecot, which starts a process for it (`service_count = 1`, its default).\
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
    int count = bench.size().sessions();
    double perSecond = count / ASLEEP_SECONDS; // so that nobody is woken who does not sleep
    bench.mailboxes(stack, 0, count);
    List<Client> held = bench.hold(stack, 0, count);
    bench.settle(stack, count);
    List<InTurn> turns = held.stream().map(_ -> new InTurn()).toList();
    return new Rounds() {
      private int next;

      @Override
      public void warmUp() {
        Latencies none = new Latencies();
        bench.untilSteady(
            NAME,
            stack,
            "waking",
            time -> {
              int wakes = 1 + (int) (perSecond * time.toMillis() / 1000);
              bench.openLoop(stack, wakes, perSecond, (_, since) -> next(since, _ -> none));
              return new ClosedLoop.Outcome(wakes, time.toMillis() / 1e3);
            });
        bench.settle(stack, count);
      }

      @Override
      public void round() {
        bench.settle(stack, count); // who woke often waits longer before it sleeps again
        long before = stack.wakes();
        Map<Kind, Latencies> latencies = new EnumMap<>(Kind.class);
        KINDS.forEach(kind -> latencies.put(kind, new Latencies()));
        int wakes = bench.size().perSecond() * bench.size().seconds();
        bench.openLoop(
            stack,
            wakes,
            bench.size().perSecond(),
            (_, since) -> next(since, kind -> latencies.getOrDefault(kind, new Latencies())));
        latencies.forEach((kind, times) -> {
          bench.add(
              Measure.less(NAME, kind.title + ", median", "ms"),
              Measure.less(NAME, kind.title + ", 99 %", "ms"),
              stack,
              times);
          bench.figures().addAll(kind.title, stack.kind(), times);
        });
        long fetches = latencies.getOrDefault(Kind.FETCH, new Latencies()).count();
        long woken = stack.wakes() - before;
        if (stack.sleeps() && woken < fetches) {
          bench
              .figures()
              .note(
                  NAME,
                  "of %d FETCHes of a round, %d found %s awake"
                      .formatted(fetches, fetches - woken, stack.kind().title()));
        }
      }

      // Who has slept longest; of each kind in turn.
      private CompletableFuture<?> next(long since, Function<Kind, Latencies> times) {
        int turn = next++;
        int client = turn % held.size();
        Kind kind = kind(turn, held.size());
        return turns.get(client).add(() -> wake(held.get(client), kind, since, times.apply(kind)));
      }

      @Override
      public void close() {
        bench.leave(stack, held);
      }
    };
  }

  /// What the so-many-th wake is for, where so many clients wake in turn: another thing each time that a client's turn comes.
  static Kind kind(int turn, int clients) {
    return KINDS.get((turn % clients + turn / clients) % KINDS.size());
  }

  private static CompletableFuture<Client> wake(
      Client client, Kind kind, long since, Latencies latencies) {
    CompletableFuture<Client> done = client.done();
    return switch (kind) {
      case AGAIN -> timed(done.thenCompose(Client::idle), since, latencies);
      case NOOP ->
          timed(done.thenCompose(_ -> client.say("NOOP", Check.nothing())), since, latencies)
              .thenCompose(Client::idle);
      case FETCH ->
          timed(
                  done.thenCompose(
                      _ -> client.say("UID FETCH 3 BODY.PEEK[]", Check.body(3, Bench.message(3)))),
                  since,
                  latencies)
              .thenCompose(Client::idle);
    };
  }

  /// Counts how long it took to end well: who was cut off has not been answered quickly.
  private static <T> CompletableFuture<T> timed(
      CompletableFuture<T> what, long since, Latencies latencies) {
    return what.whenComplete((_, failure) -> {
      if (failure == null) {
        latencies.since(since);
      }
    });
  }
}
