package dormouse.imap.backend;

import dormouse.auth.Credentials;
import dormouse.auth.LoginResult;
import dormouse.auth.LoginResult.Cause;
import dormouse.auth.LoginResult.Unavailable;
import dormouse.backend.Approach;
import dormouse.backend.Backend;
import dormouse.backend.Gate;
import dormouse.backend.Priority;
import dormouse.imap.backend.BackendLogin.Ended;
import dormouse.imap.backend.BackendLogin.Outcome;
import dormouse.imap.backend.BackendLogin.Reached;
import dormouse.ops.EventLog;
import dormouse.session.Timer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// One try to come to a connection on which a user is logged in. One that was kept, or has nothing to do ([ConnectionPool]), will do, if it is one of the
/// backend that comes first, and still answers. Else a new one is made at the first of several backends that serves: the try waits for its turn at
/// the backend's [Gate], opens a connection ([BackendLogin]), and goes on to the next if this one cannot be reached, is too slow, cannot
/// prove who it is or wants nobody. A refused password is the end of it, and so is a queue that is full: who is sent away would only crowd
/// the next.
///
/// No other backend is begun with once the first one's `answer-timeout` has passed. What each has done is told to its
/// [dormouse.backend.Health].
///
/// A client's login waits for backends that may be in a restart, as long as for a connection, so that a restart sends nobody away: those that have served
/// until a moment ago, and cannot be reached now, or say BYE instead of a greeting. Not once one of them has heard what logs the user in: that is
/// said to each only once.
///
/// Lives on the user's event loop.
public final class LoginTry {
  private static final EventLog LOG = EventLog.of(LoginTry.class);

  /// How long a kept connection has to show that it lives.
  private static final Duration SIGN_OF_LIFE = Duration.ofSeconds(2);

  /// How long after none of the backends could be reached they are tried again.
  private static final Duration AGAIN = Duration.ofMillis(500);

  private final ConnectionPool pool;
  private final ConnectionPool.Spares spares;
  private final List<Backend> backends;
  private final Queue<Backend> left;
  private final Approach approach;
  private final Wish wish;
  private final Function<Backend, @Nullable Applicant> applicant;
  private final CompletableFuture<Outcome> outcome = new CompletableFuture<>();
  private Priority priority;
  private @Nullable LoginKey key; // null if nothing may be lent
  private Gate.@Nullable Visit visit; // the one that has not ended
  private boolean begun; // its login has
  private int turns;
  private final long since; // by the wheel
  private boolean shown; // a backend has heard what logs the user in
  private boolean again; // each has been tried before
  private boolean hasty; // nothing more is begun
  private @Nullable Timer patience;
  private @Nullable Timer pause; // before all are tried again
  private @Nullable Outcome before; // the last one's of those that have been tried before that

  private LoginTry(
      ConnectionPool pool,
      ConnectionPool.Spares spares,
      Collection<Backend> backends,
      Approach approach,
      Wish wish,
      Function<Backend, @Nullable Applicant> applicant) {
    this.pool = pool;
    this.spares = spares;
    this.backends = List.copyOf(backends);
    this.left = new ArrayDeque<>(backends);
    this.approach = approach;
    this.wish = wish;
    this.priority = wish.priority();
    this.applicant = applicant;
    this.since = pool.wheel().millis();
  }

  /// Takes a kept connection, or a place at the first gate.
  ///
  /// @param pool of the loop
  /// @param spares who else may have a connection that will do
  /// @param backends in the order in which they are tried; at least one
  /// @param approach how each of them is come to
  /// @param applicant asked once for each backend, when the turn has come, so that no password lies open while it waits; null if nothing
  ///     logs the user in there
  public static LoginTry begin(
      ConnectionPool pool,
      ConnectionPool.Spares spares,
      Collection<Backend> backends,
      Approach approach,
      Wish wish,
      Function<Backend, @Nullable Applicant> applicant) {
    LoginTry one = new LoginTry(pool, spares, backends, approach, wish, applicant);
    if (pool.mayLend(one.left.element(), wish)) {
      one.key = LoginKey.of(one.left.element(), wish);
    }
    one.takeKept();
    return one;
  }

  private void takeKept() {
    BackendConnection kept =
        key == null ? null : pool.take(left.element(), approach, wish, key, spares);
    BackendConnection.Login login = kept == null ? null : kept.login();
    if (kept == null || login == null) {
      enterGates();
      return;
    }
    Timer late = pool.wheel().after(SIGN_OF_LIFE, kept::close);
    kept.run("NOOP", _ -> {})
        .thenAccept(reply -> {
          late.cancel();
          boolean serves = reply.ok() && pool.serves(login, wish.standing());
          pool.metrics().pool(serves ? "hit" : "dead");
          if (!serves) {
            kept.leave();
            takeAnother();
          } else if (!outcome.complete(new Outcome.LoggedIn(kept, login.capabilities()))) {
            pool.keep(kept, /* afterLogout= */ false); // given up meanwhile
          }
        })
        .exceptionally(bug -> {
          kept.close();
          outcome.completeExceptionally(bug);
          return null;
        });
  }

  private void takeAnother() {
    if (outcome.isDone()) {
      return;
    }
    if (hasty) {
      endHastily();
      return;
    }
    takeKept();
  }

  private void enterGates() {
    if (left.size() > 1 && patience == null) {
      patience = pool.wheel().after(left.element().settings().answerTimeout(), this::hasten);
    }
    next();
  }

  private void next() {
    Backend backend = left.remove();
    begun = false;
    int turn = ++turns;
    Gate.Visit entered =
        backend
            .gate()
            .enter(priority, wish.name(), pool.loop(), pool.wheel(), here -> logIn(backend, here));
    if (turn < turns) {
      return; // it went on to the next before it came back here
    }
    visit = entered;
    if (entered == null) {
      end(failed(Cause.CROWDED));
    }
  }

  private void logIn(Backend backend, Gate.Visit here) {
    begun = true;
    open(backend)
        .whenComplete((ended, bug) -> {
          here.end();
          if (bug != null) {
            left.clear();
            end(null);
            outcome.completeExceptionally(bug);
            return;
          }
          shown |= ended.reached() == Reached.CREDENTIALS;
          judge(backend, ended);
        });
  }

  private CompletableFuture<Ended> open(Backend backend) {
    try {
      Applicant who = applicant.apply(backend);
      if (who == null) {
        return CompletableFuture.completedFuture(
            new Ended(failed(Cause.MISROUTED), Reached.NOBODY));
      }
      var limits = BackendLogin.Limits.of(backend.settings(), approach, !left.isEmpty());
      return BackendLogin.open(
              backend,
              pool.loop(),
              pool.wheel(),
              pool.metrics(),
              wish.purpose(),
              who,
              approach,
              limits)
          .whenComplete((ended, _) -> {
            note(backend, who.credentials(), ended == null ? null : ended.outcome());
            who.credentials().wipe();
          });
    } catch (RuntimeException bug) {
      return CompletableFuture.failedFuture(bug); // the gate must get its place back
    }
  }

  /// @param result null after a bug of ours
  private void note(Backend backend, Credentials credentials, @Nullable Outcome result) {
    Account account = new Account(backend, wish.user(), wish.owner());
    if (result instanceof Outcome.LoggedIn(var connection, var capabilities)) {
      LoginKey made = LoginKey.of(credentials, wish.user(), wish.owner());
      Introduction introduction = Introduction.of(wish.client(), backend, approach);
      connection.loggedIn(pool.accepted(account, wish.name(), introduction, made, capabilities));
    } else if (result instanceof Outcome.Failed(LoginResult.Rejected _)) {
      pool.refused(account);
    }
  }

  private void judge(Backend backend, Ended ended) {
    Outcome result = ended.outcome();
    if (!(result instanceof Outcome.Failed(Unavailable(var cause)))) {
      backend.health().succeeded();
      end(result);
      return;
    }
    String why = cause.name().toLowerCase(Locale.ROOT);
    boolean ourSource = cause == Cause.UNREACHABLE && approach.source() != null;
    if (blamesBackend(cause) && !ourSource && !again) { // one login is one failure
      backend.health().failed(why);
    }
    Backend other = left.peek();
    if (other == null && mayComeBack(cause, ended.reached())) {
      before = result;
      pause = pool.wheel().after(AGAIN, this::tryAgain);
      return;
    }
    if (other == null || (!blamesBackend(cause) && cause != Cause.MISROUTED)) {
      end(result);
      return;
    }
    pool.metrics().failedOver(backend.name());
    LOG.debug(
        "fail-over",
        "user",
        wish.name(),
        "backend",
        backend.name(),
        "why",
        why,
        "next",
        other.name());
    next();
  }

  /// Whether the client waits for a backend that may be in a restart.
  private boolean mayComeBack(Cause cause, Reached reached) {
    boolean clients = wish.standing() != Wish.Standing.AGAIN && priority != Priority.SYNC;
    boolean away =
        cause == Cause.UNREACHABLE || (cause == Cause.REFUSED && reached == Reached.NOBODY);
    Duration then = AGAIN.plusMillis(pool.wheel().millis() - since);
    return clients
        && away
        && !shown
        && !hasty
        && backends.stream()
            .anyMatch(each -> {
              Duration most = each.settings().connectTimeout();
              return then.compareTo(most) < 0 && each.health().failingFor().compareTo(most) < 0;
            });
  }

  private void tryAgain() {
    pause = null;
    if (hasty) {
      endHastily();
      return;
    }
    again = true;
    begun = false;
    visit = null;
    left.addAll(backends);
    takeKept();
  }

  private void hasten() {
    hasty = true;
    left.clear();
  }

  /// Nothing more may be begun, and nothing is under way but a look at a kept connection, which does not answer.
  private void endHastily() {
    end(Objects.requireNonNullElseGet(before, () -> failed(Cause.SLOW)));
  }

  /// Whether another backend can help.
  private static boolean blamesBackend(Cause cause) {
    return switch (cause) {
      case UNREACHABLE, SLOW, UNTRUSTED, REFUSED -> true;
      case BUSY, FULL, LOOP, CROWDED, DIRECTORY, MISROUTED -> false;
    };
  }

  private static Outcome failed(Cause cause) {
    return new Outcome.Failed(new LoginResult.Unavailable(cause));
  }

  /// @param result null if there is none
  private void end(@Nullable Outcome result) {
    if (patience != null) {
      patience.cancel();
    }
    if (result != null) {
      outcome.complete(result);
    }
  }

  /// What became of it; on the user's loop. When a gate's queue is full, or the try was given up in it: [Cause#CROWDED]. When it was given up while it
  /// waited for a kept connection: [Cause#SLOW]. For backends to come back, or for a kept connection after that: what the last of them did.
  public CompletableFuture<Outcome> outcome() {
    return outcome;
  }

  /// A client has come to wait for it.
  public void hurry() {
    priority = Priority.CLIENT;
    if (visit != null) {
      visit.hurry();
    }
  }

  /// Leaves the queue; a login that has begun goes on, and has its outcome.
  public void giveUp() {
    hasten();
    if (pause != null) {
      pause.cancel();
      endHastily();
      return;
    }
    if (begun) {
      return;
    }
    if (visit == null) { // a kept connection is looked at
      endHastily();
      return;
    }
    visit.end();
    end(failed(Cause.CROWDED));
  }
}
