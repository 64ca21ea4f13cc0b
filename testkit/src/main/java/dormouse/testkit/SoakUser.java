package dormouse.testkit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// One user of a soak: some clients on two mailboxes that do things by turns, for hours, while now and then their views are
/// compared with what the server has. For one thread at a time.
public final class SoakUser implements AutoCloseable {
  private static final int MOST_BODIES = 500;
  private static final int COMPARE_ONE_IN = 4;
  private static final List<String> MAILBOXES = List.of("one", "two");

  private final Differential comparison;
  private final Random random;
  private final List<Operation> bag = new ArrayList<>();
  private final List<Actor> actors = new ArrayList<>();
  private final Map<String, Integer> bodies = new ConcurrentHashMap<>();
  private final Direct direct;
  private long steps;
  private long farewells;

  /// Makes the mailboxes of the plan's user, and logs its clients in.
  public SoakUser(DifferentialPlan plan, int clients, long seed) {
    this.direct = new Direct(plan);
    this.comparison = new Differential(plan);
    this.random = new Random(seed);
    Arrays.stream(Operation.values())
        .filter(operation -> operation.suits(plan))
        .forEach(operation -> bag.addAll(Collections.nCopies(operation.weight, operation)));
    var mailboxes = MAILBOXES.stream().map(name -> plan.traits().mailboxPrefix() + name).toList();
    mailboxes.forEach(mailbox -> Differential.fill(direct.get(), mailbox));
    direct.close();
    for (int i = 0; i < clients; i++) {
      var mode = plan.modes().get(random.nextInt(plan.modes().size()));
      actors.add(
          new Actor(
              plan,
              plan.fronts().get(i % plan.fronts().size()),
              mode,
              mailboxes,
              bodies, /* atOnce */
              false));
    }
  }

  /// One client does something; one time in some, all must then see what there is. What is wrong is an [AssertionError].
  ///
  /// @param shaken whether the backend was away at any time since this step began: what failed is then forgiven, but no
  ///     breach of the protocol; clients that were sent away for it log in again
  public void step(BooleanSupplier shaken) {
    steps++;
    if (bodies.size() > MOST_BODIES) {
      bodies.clear();
    }
    var actor = actors.get(random.nextInt(actors.size()));
    var operation = bag.get(random.nextInt(bag.size()));
    var step = new Step(actors.indexOf(actor), operation, random.nextLong());
    attempt(shaken, actor, () -> actor.act(step));
    if (random.nextInt(COMPARE_ONE_IN) == 0) {
      attempt(shaken, null, () -> comparison.compare(actors, direct, random, operation, true));
      direct.close();
    }
  }

  /// @param acting whose doing it is, null for all
  private void attempt(BooleanSupplier shaken, @Nullable Actor acting, Runnable part) {
    try {
      part.run();
    } catch (AssertionError | RuntimeException e) {
      Actor failed = acting != null ? acting : failed(e);
      boolean sentAway = failed != null && failed.sentAway();
      boolean breach = e.getCause() instanceof Violation;
      if (!sentAway && (breach || !shaken.getAsBoolean())) {
        throw e;
      }
      farewells += sentAway ? 1 : 0;
      direct.close();
      if (failed != null) {
        failed.comeBack(); // whatever became of its command
      }
    }
  }

  /// Whose conversation the error ends with, null if it is that with the server itself.
  private @Nullable Actor failed(Throwable e) {
    String message = String.valueOf(e.getMessage());
    for (Actor actor : actors) {
      if (message.endsWith("\n" + actor.client().transcript())) {
        return actor;
      }
    }
    return null;
  }

  /// Steps done so far.
  public long steps() {
    return steps;
  }

  /// How often a client was sent away because its backend was gone.
  public long farewells() {
    return farewells;
  }

  @Override
  public void close() {
    direct.close();
    actors.forEach(Actor::close);
  }
}
