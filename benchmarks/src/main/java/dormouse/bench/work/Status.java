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

/// What does polling cost? See [#question].
final class Status implements Workload {
  private static final String NAME = "status";
  private static final Measure RATE = Measure.more(NAME, "STATUS a second", "");
  private static final Measure FRONT = Measure.less(NAME, "front's CPU", "µs");
  private static final Measure BACK = Measure.less(NAME, "back's CPU", "µs");
  private static final Measure ALL = Measure.less(NAME, "CPU of front and back", "µs");
  private static final Measure MEDIAN = Measure.less(NAME, "STATUS, median", "ms");
  private static final Measure HIGH = Measure.less(NAME, "STATUS, 99 %", "ms");
  private static final Duration LONG = Duration.ofMinutes(5);
  private static final int CLIENTS = 8;
  private static final int FOLDERS = 20;
  private static final int MESSAGES = 3;

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String question() {
    return """
    Eight clients over TLS ask STATUS of the twenty mailboxes of their users, one after the other, as fast as they are answered; nothing changes meanwhile. CPU is for each STATUS.\
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
      clients.add(bench.login(stack, user, Tls.FULL).join());
    }
    run(
        bench,
        stack,
        clients,
        2L * CLIENTS * FOLDERS,
        LONG,
        new Latencies()); // all of them once, and again
    return new Rounds() {
      @Override
      public void round() {
        Latencies latencies = new Latencies();
        Usage before = stack.usage();
        ClosedLoop.Outcome outcome =
            run(
                bench,
                stack,
                clients,
                Long.MAX_VALUE,
                Duration.ofSeconds(bench.size().seconds()),
                latencies);
        Usage used = stack.usage().minus(before);
        bench.add(RATE, stack, outcome.perSecond());
        if (stack.proxied()) {
          bench.add(FRONT, stack, used.front() * 1e6 / outcome.count());
        }
        bench.add(BACK, stack, used.back() * 1e6 / outcome.count());
        bench.add(ALL, stack, used.sum() * 1e6 / outcome.count());
        bench.add(MEDIAN, HIGH, stack, latencies);
      }

      @Override
      public void close() {
        clients.forEach(Client::logout);
      }
    };
  }

  private static ClosedLoop.Outcome run(
      Bench bench,
      Stack stack,
      List<Client> clients,
      long most,
      Duration time,
      Latencies latencies) {
    int[] next = new int[CLIENTS];
    return ClosedLoop.run(
        CLIENTS,
        most,
        time,
        bench.faults(stack),
        latencies,
        which -> status(clients.get(which), "F" + next[which]++ % FOLDERS));
  }

  static CompletableFuture<Client> status(Client client, String folder) {
    return client.say(
        "STATUS " + folder + " (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)",
        Check.exactly(
            "* STATUS %s (MESSAGES %d UIDNEXT %d UIDVALIDITY %d UNSEEN 0)"
                .formatted(folder, MESSAGES, MESSAGES + 1, Mailboxes.UID_VALIDITY)));
  }
}
