package dormouse.testkit;

import dormouse.testkit.ServerTraits.Quirk;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Random scripts of several clients on shared mailboxes; after each step every client's view must equal what
/// the server itself says.
///
/// A run follows from its seed: how many clients there are, what they enable, what they do. In most runs they
/// act one after the other; in some all act at once and views are compared after some steps each.
/// For one thread at a time.
public final class Differential {
  private static final int START_MESSAGES = 6;
  private static final int STEPS_AT_ONCE = 5;
  private static final int SHRINK_TRIES = 60;
  private static final int MOST_DELAY_NANOS = 20_000_000;

  private final DifferentialPlan plan;
  private final AtomicLong operations = new AtomicLong();
  private final Map<Operation, Long> counts = Collections.synchronizedMap(new HashMap<>());
  private final AtomicLong lateViews = new AtomicLong();
  private final AtomicLong pushes = new AtomicLong();
  private final AtomicLong silences = new AtomicLong();
  private int runs;

  public Differential(DifferentialPlan plan) {
    this.plan = plan;
  }

  /// Steps done so far, in all runs.
  public long operations() {
    return operations.get();
  }

  /// How often a view needed more than one NOOP to be right.
  public long lateViews() {
    return lateViews.get();
  }

  /// How often a client with NOTIFY was not told what had changed before it asked: few times, with Dovecot by itself nearly always;
  /// and one in IDLE, where the server's IDLE is known for it.
  public long silences() {
    return silences.get();
  }

  /// Steps done so far by operation.
  public String counts() {
    return tally().toString();
  }

  /// The same as numbers.
  Map<Operation, Long> tally() {
    synchronized (counts) {
      return new TreeMap<>(counts);
    }
  }

  /// Runs seed after seed until so many operations are done. The first difference is an [AssertionError]
  /// that names its seed, step, and the conversations.
  public void runUntil(long operationsWanted, long firstSeed) {
    for (long seed = firstSeed; operations() < operationsWanted; seed++) {
      run(seed);
    }
  }

  /// Runs the script of one seed; a failure is shrunk as far as it shows itself again with fewer steps.
  public void run(long seed) {
    var cast = Cast.of(seed, plan);
    var failure = attempt(cast, cast.steps());
    if (failure == null) {
      return;
    }
    if (cast.atOnce()) {
      throw failure.error();
    }
    throw shrink(cast, failure);
  }

  /// Who takes part in a run, and what they do.
  private record Cast(
      long seed,
      List<ModelMode> modes,
      List<Endpoint> endpoints,
      int mailboxes,
      boolean side,
      boolean atOnce,
      List<Step> steps) {
    static Cast of(long seed, DifferentialPlan plan) {
      var random = new Random(seed);
      int clients = 2 + random.nextInt(3);
      var modes = new ArrayList<ModelMode>();
      for (int i = 0; i < clients; i++) {
        modes.add(plan.modes().get(random.nextInt(plan.modes().size())));
      }
      int mailboxes = 1 + random.nextInt(2);
      boolean side = random.nextInt(3) == 0 && plan.side() != null;
      var ways = new Random(~seed);
      var endpoints = new ArrayList<Endpoint>();
      for (int i = 0; i < clients; i++) {
        var front = plan.fronts().get(ways.nextInt(plan.fronts().size()));
        endpoints.add(i == 0 && side && plan.side() != null ? plan.side() : front);
      }
      boolean atOnce = random.nextInt(4) == 0 && plan.concurrent();
      var bag = bag(plan);
      var steps = new ArrayList<Step>();
      for (int i = 0; i < plan.steps(); i++) {
        steps.add(
            new Step(
                random.nextInt(clients), bag.get(random.nextInt(bag.size())), random.nextLong()));
      }
      return new Cast(seed, modes, endpoints, mailboxes, side, atOnce, steps);
    }

    private static List<Operation> bag(DifferentialPlan plan) {
      var bag = new ArrayList<Operation>();
      Arrays.stream(Operation.values())
          .filter(operation -> operation.suits(plan))
          .forEach(operation -> bag.addAll(Collections.nCopies(operation.weight, operation)));
      return bag;
    }

    @Override
    public String toString() {
      return "seed "
          + seed
          + ", clients "
          + modes
          + " at "
          + endpoints
          + (atOnce ? " all at once" : "");
    }
  }

  /// @param step index of the failed step
  private record Failure(int step, AssertionError error) {}

  /// Runs some steps of a script on fresh mailboxes; null if all went well.
  private @Nullable Failure attempt(Cast cast, List<Step> steps) {
    var mailboxes = new ArrayList<String>();
    for (int i = 0; i < cast.mailboxes(); i++) {
      mailboxes.add(
          plan.traits().mailboxPrefix() + "run" + cast.seed() + "x" + runs + (char) ('a' + i));
    }
    runs++;
    var actors = new ArrayList<Actor>();
    int[] done = {0};
    try (var direct = new Direct(plan)) {
      mailboxes.forEach(mailbox -> fill(direct.get(), mailbox));
      var bodies = new ConcurrentHashMap<String, Integer>();
      for (int i = 0; i < cast.modes().size(); i++) {
        var actor =
            new Actor(
                plan,
                cast.endpoints().get(i),
                cast.modes().get(i),
                mailboxes,
                bodies,
                cast.atOnce());
        actors.add(actor);
        if (!cast.atOnce()) {
          actor.compareAnswersWith(direct, cast.side() ? plan.patience() : Duration.ZERO);
        }
      }
      if (cast.atOnce()) {
        runAtOnce(actors, direct, steps, done);
      } else {
        runInTurn(actors, direct, steps, done);
      }
      finish(actors, direct);
      actors.forEach(actor -> actor.client().logout());
      if (!plan.traits().has(Quirk.DELETE_FAILS)) {
        direct.get().ok("EXAMINE INBOX");
        mailboxes.forEach(mailbox -> direct.get().ok("DELETE " + mailbox));
        String spare = mailboxes.getFirst().replaceFirst(".$", Actor.SPARE);
        direct.get().command("UNSUBSCRIBE " + spare);
        direct.get().command("DELETE " + spare);
      }
      return null;
    } catch (AssertionError | RuntimeException e) {
      return new Failure(done[0], error(report(cast, steps, done[0], actors, e), e));
    } finally {
      actors.forEach(Actor::close);
    }
  }

  static void fill(ImapClient direct, String mailbox) {
    direct.ok("CREATE " + mailbox);
    var random = new Random(mailbox.length());
    for (int i = 0; i < START_MESSAGES; i++) {
      direct.append(mailbox, i % 2 == 0 ? "" : "\\Seen", SampleMessage.of(random));
    }
  }

  private void runInTurn(List<Actor> actors, Direct direct, List<Step> steps, int[] done) {
    for (Step step : steps) {
      if (step.operation() == Operation.RESTART && plan.outage() != null) {
        restart(plan.outage(), actors, direct, step);
      }
      act(actors.get(step.client()), step);
      plan.settle()
          .accept(
              (int)
                  actors.stream()
                      .map(Actor::client)
                      .filter(client -> !client.mailbox().isEmpty() && !client.idling())
                      .count());
      compare(
          actors,
          direct,
          new Random(step.choice() ^ step.client()),
          step.operation(),
          /* all */ false);
      done[0]++;
    }
  }

  private void runAtOnce(List<Actor> actors, Direct direct, List<Step> steps, int[] done) {
    int round = STEPS_AT_ONCE * actors.size();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int from = 0; from < steps.size(); from += round) {
        var part = steps.subList(from, Math.min(steps.size(), from + round));
        var running = new ArrayList<Future<?>>();
        for (int i = 0; i < actors.size(); i++) {
          int index = i;
          var own = part.stream().filter(step -> step.client() == index).toList();
          running.add(threads.submit(() -> own.forEach(step -> act(actors.get(index), step))));
        }
        running.forEach(Differential::join);
        compare(actors, direct, new Random(from), Operation.NOOP, /* all */ true);
        done[0] += part.size();
      }
    }
  }

  /// The server goes and comes back: one time in two while all rest, else while one client does something, whom that may
  /// fail. Nobody who sleeps may notice.
  private void restart(Outage outage, List<Actor> actors, Direct direct, Step step) {
    var random = new Random(step.choice());
    boolean killed = random.nextBoolean();
    var acting = random.nextBoolean() ? actors.get(step.client()) : null;
    direct.close();
    var others = new ArrayList<Actor>();
    for (Actor actor : actors) {
      if (actor.isDirect()) {
        actor.leave();
      } else if (actor != acting) {
        others.add(actor);
      }
    }
    boolean asleep = outage.allAsleep();
    if (acting == null || acting.isDirect()) {
      outage.happen(killed);
    } else {
      actAmid(outage, killed, acting, random);
    }
    actors.stream().filter(Actor::isDirect).forEach(Actor::comeBack);
    if (!asleep) {
      others.forEach(Differential::comeBackIfSentAway);
    }
  }

  private void actAmid(Outage outage, boolean killed, Actor acting, Random random) {
    var bag = new ArrayList<>(Cast.bag(plan));
    bag.removeIf(operation -> operation == Operation.RESTART);
    var step = new Step(0, bag.get(random.nextInt(bag.size())), random.nextLong());
    long delay = random.nextInt(MOST_DELAY_NANOS);
    acting.client().note("amid a restart" + (killed ? " by kill" : ""));
    acting.compareAnswers(false);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var running = threads.submit(() -> acting.act(step));
      LockSupport.parkNanos(delay);
      outage.happen(killed);
      join(running);
      comeBackIfSentAway(acting);
    } catch (AssertionError e) {
      if (e.getCause() instanceof Violation && !acting.sentAway()) {
        throw e;
      }
      acting.comeBack();
    } finally {
      acting.compareAnswers(true);
    }
  }

  /// It finds out whether it was attached to the server that went.
  private static void comeBackIfSentAway(Actor actor) {
    try {
      actor.stir();
    } catch (AssertionError e) {
      if (!actor.sentAway()) {
        throw e;
      }
      actor.comeBack();
    }
  }

  private static void join(Future<?> running) {
    try {
      running.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof AssertionError failed) {
        throw failed;
      }
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private void act(Actor actor, Step step) {
    actor.act(step);
    operations.incrementAndGet();
    counts.merge(step.operation(), 1L, Long::sum);
  }

  /// Clients find out what has changed, as clients do, and must then see what there is. Those that are not asked now go on
  /// with what they know.
  ///
  /// @param all whether none may do without
  void compare(List<Actor> actors, Direct direct, Random random, Operation operation, boolean all) {
    var truths = new HashMap<String, Truth>();
    for (Actor actor : actors) {
      var client = actor.client();
      if (client.mailbox().isEmpty()) {
        continue;
      }
      boolean hears = random.nextInt(plan.hearOneIn()) == 0 || operation == Operation.HEAR;
      boolean asks = all || plan.traits().inTurn() || random.nextBoolean();
      boolean listens = client.idling() || (hears && actor.hearsUnasked());
      if (listens ? !(hears && !plan.traits().has(Quirk.IDLE_HIDES_FLAGS)) : !asks) {
        continue;
      }
      var truth =
          truths.computeIfAbsent(client.mailbox(), mailbox -> Truth.of(direct.get(), mailbox));
      if (listens) {
        requireHeard(client, truth);
      } else {
        requireSeen(client, truth);
      }
    }
  }

  private void requireHeard(ModelClient client, Truth truth) {
    boolean heard = client.hearUntil(truth, plan.patience().plusSeconds(1));
    String how = client.idling() ? "in IDLE" : "in NOTIFY";
    if (client.idling() && !plan.traits().has(Quirk.IDLE_MISSES_CHANGES)) {
      if (!heard) {
        throw difference(client, truth, how + ", " + client.difference(truth));
      }
      return;
    }
    pushes.incrementAndGet();
    if (heard) {
      return;
    }
    // in NOTIFY it has kept its backend, where a lone change is told with the next
    long mostSilences = client.idling() ? 1 + pushes.get() / 50 : 2 + pushes.get() / 20;
    if (silences.incrementAndGet() > mostSilences) {
      throw difference(
          client,
          truth,
          how + ", " + silences + " of " + pushes + " times: " + client.difference(truth));
    }
    if (client.idling()) {
      client.done();
    }
    requireSeen(client, truth);
  }

  private void requireSeen(ModelClient client, Truth truth) {
    long deadline = System.nanoTime() + plan.patience().toNanos();
    for (int round = 0; ; round++) {
      client.mustOk("NOOP");
      client.learn();
      String difference = client.difference(truth);
      if (difference == null) {
        lateViews.addAndGet(round == 0 ? 0 : 1);
        return;
      }
      if (System.nanoTime() - deadline >= 0) {
        throw difference(client, truth, "after NOOP, " + difference);
      }
      LockSupport.parkNanos(100_000_000); // few enough to leave a transcript to read
    }
  }

  private static AssertionError difference(ModelClient client, Truth truth, String how) {
    return client.failure(how + "\n--- the truth of " + client.mailbox() + "\n" + truth);
  }

  private void finish(List<Actor> actors, Direct direct) {
    for (Actor actor : actors) {
      if (actor.client().idling()) {
        actor.client().done();
      }
    }
    compare(actors, direct, new Random(0), Operation.NOOP, /* all */ true);
  }

  private static String report(
      Cast cast, List<Step> steps, int done, List<Actor> actors, Throwable e) {
    var text = new StringBuilder();
    text.append(cast).append("\nfailed in step ").append(done).append(" of these:\n");
    for (int i = 0; i <= Math.min(done, steps.size() - 1); i++) {
      text.append("  ").append(i).append(": ").append(steps.get(i)).append('\n');
    }
    String message = String.valueOf(e.getMessage());
    text.append(message.split("\n--- the conversation", 2)[0]);
    boolean shown = false;
    for (int i = 0; i < actors.size(); i++) {
      shown = shown || message.contains(actors.get(i).client().transcript());
      text.append("\n--- client ").append(i).append(' ').append(cast.modes().get(i));
      text.append('\n').append(actors.get(i).transcript());
    }
    return shown ? text.toString() : text + "\n---\n" + message;
  }

  /// An error with this message that points at where `e` was thrown.
  private static AssertionError error(String message, Throwable e) {
    var error = new AssertionError(message);
    error.setStackTrace(e.getStackTrace());
    return error;
  }

  /// Leaves out steps as long as it still fails: halves, quarters, single steps.
  private AssertionError shrink(Cast cast, Failure first) {
    var smallest = first;
    var steps = cast.steps().subList(0, Math.min(first.step() + 1, cast.steps().size()));
    int tries = 0;
    for (int size = Math.max(1, steps.size() / 2); size >= 1; size /= 2) {
      for (int from = 0; from < steps.size() && tries < SHRINK_TRIES; tries++) {
        var fewer = new ArrayList<>(steps);
        fewer.subList(from, Math.min(fewer.size(), from + size)).clear();
        var failure = attempt(cast, fewer);
        if (failure == null) {
          from += size;
        } else {
          smallest = failure;
          steps = fewer.subList(0, Math.min(failure.step() + 1, fewer.size()));
        }
      }
    }
    return smallest.error();
  }
}
