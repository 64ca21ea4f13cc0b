package dormouse.bench.work;

import dormouse.bench.load.Check;
import dormouse.bench.load.Client;
import dormouse.bench.load.ClosedLoop;
import dormouse.bench.load.Latencies;
import dormouse.bench.load.Load.Tls;
import dormouse.bench.stack.Mailboxes;
import dormouse.bench.stack.Stack;
import dormouse.bench.stack.StackKind;
import dormouse.bench.stack.Usage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;

/// What does polling cost? See [#question].
final class Status implements Workload {
  private static final String NAME = "status";
  private static final Measures ONE_BY_ONE = Measures.of("one by one");
  private static final Measures ALL_AT_ONCE = Measures.of("twenty at once");
  private static final Duration LONG = Duration.ofMinutes(5);
  private static final int CLIENTS = 32;
  private static final int FOLDERS = 20;
  private static final int MESSAGES = 3;

  private record Measures(
      String how,
      Measure rate,
      Measure front,
      Measure kernel,
      Measure back,
      Measure all,
      Measure client,
      Measure median,
      Measure high) {
    static Measures of(String how) {
      return new Measures(
          how,
          Measure.more(NAME, how + ": STATUS a second", ""),
          Measure.less(NAME, how + ": front's CPU for a STATUS", "µs"),
          Measure.aside(NAME, how + ": of it the kernel's", "µs"),
          Measure.less(NAME, how + ": back's CPU for a STATUS", "µs"),
          Measure.less(NAME, how + ": CPU of front and back for a STATUS", "µs"),
          Measure.aside(NAME, how + ": the client's own CPU for a STATUS", "µs"),
          Measure.less(NAME, how + ", median", "ms"),
          Measure.less(NAME, how + ", 99 %", "ms"));
    }
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String question() {
    return """
    Thirty-two clients over TLS ask STATUS of the twenty mailboxes of their users, as fast as they are answered: one by one, each when the last is answered, then all twenty in one piece. \
    Nothing changes meanwhile. What the kernel's part is of the front's CPU is known to 10 ms of a round.\
    """;
  }

  @Override
  public List<StackKind> stacks() {
    return StackKind.LIVE;
  }

  @Override
  public Rounds prepare(Bench bench, Stack stack) {
    List<byte[]> messages = Mailboxes.messages(MESSAGES, Bench.MESSAGE_BYTES);
    List<Client> clients = new ArrayList<>();
    bench.mailboxes(stack, 0, CLIENTS);
    for (int user = 0; user < CLIENTS; user++) {
      for (int folder = 0; folder < FOLDERS; folder++) {
        stack.backend().mailboxes().createFolder(stack.user(user), "F" + folder, messages);
      }
      clients.add(Bench.within(bench.login(stack, user, Tls.FULL)));
    }
    run(bench, stack, clients, 1, 2L * CLIENTS * FOLDERS, LONG); // all of them once, and again
    return new Rounds() {
      @Override
      public void warmUp() {
        untilSteady(bench, stack, clients, 1, ONE_BY_ONE);
        untilSteady(bench, stack, clients, FOLDERS, ALL_AT_ONCE);
      }

      @Override
      public void round() {
        measure(bench, stack, clients, 1, ONE_BY_ONE);
        measure(bench, stack, clients, FOLDERS, ALL_AT_ONCE);
      }

      @Override
      public void close() {
        clients.forEach(Client::logout);
      }
    };
  }

  private static void untilSteady(
      Bench bench, Stack stack, List<Client> clients, int atOnce, Measures measures) {
    bench.untilSteady(
        NAME,
        stack,
        measures.how,
        time -> run(bench, stack, clients, atOnce, Long.MAX_VALUE, time).outcome);
  }

  private static void measure(
      Bench bench, Stack stack, List<Client> clients, int atOnce, Measures measures) {
    double own = Bench.ownSeconds();
    Usage before = stack.usage();
    Run run =
        run(
            bench,
            stack,
            clients,
            atOnce,
            Long.MAX_VALUE,
            Duration.ofSeconds(bench.size().busySeconds()));
    Usage used = stack.usage().minus(before);
    own = Bench.ownSeconds() - own;
    double count = (double) run.outcome.count() * atOnce;
    bench.add(measures.rate, stack, run.outcome.perSecond() * atOnce);
    if (stack.proxied()) {
      bench.add(measures.front, stack, used.front() * 1e6 / count);
      bench.add(measures.kernel, stack, used.kernel() * 1e6 / count);
    }
    bench.add(measures.back, stack, used.back() * 1e6 / count);
    bench.add(measures.all, stack, used.sum() * 1e6 / count);
    bench.add(measures.client, stack, own * 1e6 / count);
    bench.add(measures.median, measures.high, stack, run.latencies);
  }

  private record Run(ClosedLoop.Outcome outcome, Latencies latencies) {}

  /// @param atOnce how many each client asks for in one piece
  private static Run run(
      Bench bench, Stack stack, List<Client> clients, int atOnce, long most, Duration time) {
    List<Turn> turns = clients.stream().map(_ -> new Turn(atOnce)).toList();
    Latencies latencies = new Latencies();
    ClosedLoop.Outcome outcome =
        ClosedLoop.run(
            CLIENTS,
            most,
            time,
            bench.faults(stack),
            latencies,
            which -> turns.get(which).ask(clients.get(which)));
    return new Run(outcome, latencies);
  }

  /// What one client says and may hear, made once: it is not the client that is measured.
  private static final class Turn {
    private final List<List<String>> questions = new ArrayList<>();
    private final List<List<Check>> answers = new ArrayList<>();
    private int next;

    Turn(int atOnce) {
      for (int folder = 0; folder < FOLDERS; folder += atOnce) {
        List<String> folders =
            IntStream.range(folder, folder + atOnce).mapToObj(each -> "F" + each).toList();
        questions.add(folders.stream().map(Status::question).toList());
        answers.add(folders.stream().map(Status::answer).toList());
      }
    }

    CompletableFuture<Client> ask(Client client) {
      int now = next++ % questions.size();
      return client.sayAll(questions.get(now), answers.get(now));
    }
  }

  private static String question(String folder) {
    return "STATUS " + folder + " (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)";
  }

  private static Check answer(String folder) {
    return Check.lineAgain(
        "* STATUS %s (MESSAGES %d UIDNEXT %d UIDVALIDITY %d UNSEEN 0)"
            .formatted(folder, MESSAGES, MESSAGES + 1, Mailboxes.UID_VALIDITY));
  }
}
