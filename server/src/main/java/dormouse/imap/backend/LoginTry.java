package dormouse.imap.backend;

import dormouse.auth.LoginResult;
import dormouse.auth.LoginResult.Cause;
import dormouse.auth.LoginResult.Unavailable;
import dormouse.backend.Backend;
import dormouse.backend.Gate;
import dormouse.backend.Priority;
import dormouse.imap.backend.BackendLogin.Outcome;
import dormouse.ops.EventLog;
import dormouse.ops.Metrics;
import dormouse.session.Timer;
import dormouse.session.TimerWheel;
import io.netty.channel.EventLoop;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Locale;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// One try to log a user in at the first of several backends that serves: it waits for its turn at the backend's [Gate], opens a connection
/// ([BackendLogin]), and goes on to the next if this one cannot be reached, is too slow, cannot prove who it is or wants nobody. A refused
/// password is the end of it, and so is a queue that is full: who is sent away would only crowd the next.
///
/// No other backend is begun with once the first one's `answer-timeout` has passed. What each has done is told to its
/// [dormouse.backend.Health].
///
/// Lives on the user's event loop.
public final class LoginTry {
  private static final EventLog LOG = EventLog.of(LoginTry.class);

  private final Queue<Backend> left;
  private final EventLoop loop;
  private final TimerWheel wheel;
  private final Metrics metrics;
  private final String purpose;
  private final String user;
  private final Function<Backend, @Nullable Applicant> applicant;
  private final CompletableFuture<Outcome> outcome = new CompletableFuture<>();
  private Priority priority;
  private Gate.@Nullable Visit visit; // the one that has not ended
  private boolean begun; // its login has
  private int turns;
  private @Nullable Timer patience;

  private LoginTry(
      Collection<Backend> backends,
      EventLoop loop,
      TimerWheel wheel,
      Metrics metrics,
      String purpose,
      Priority priority,
      String user,
      Function<Backend, @Nullable Applicant> applicant) {
    this.left = new ArrayDeque<>(backends);
    this.loop = loop;
    this.wheel = wheel;
    this.metrics = metrics;
    this.purpose = purpose;
    this.priority = priority;
    this.user = user;
    this.applicant = applicant;
  }

  /// Takes a place at the first gate.
  ///
  /// @param backends in the order in which they are tried; at least one
  /// @param purpose of the connection, for metrics: `session` or `watch`
  /// @param user who takes turns with others at the gate
  /// @param applicant asked once for each backend, when the turn has come, so that no password lies open while it waits; null if nothing
  ///     logs the user in there
  public static LoginTry begin(
      Collection<Backend> backends,
      EventLoop loop,
      TimerWheel wheel,
      Metrics metrics,
      String purpose,
      Priority priority,
      String user,
      Function<Backend, @Nullable Applicant> applicant) {
    LoginTry one = new LoginTry(backends, loop, wheel, metrics, purpose, priority, user, applicant);
    if (backends.size() > 1) {
      Backend first = backends.iterator().next();
      one.patience = wheel.after(first.settings().answerTimeout(), one.left::clear);
    }
    one.next();
    return one;
  }

  private void next() {
    Backend backend = left.remove();
    begun = false;
    int turn = ++turns;
    Gate.Visit entered =
        backend.gate().enter(priority, user, loop, wheel, here -> logIn(backend, here));
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
        .whenComplete((result, bug) -> {
          here.end();
          if (bug != null) {
            left.clear();
            end(null);
            outcome.completeExceptionally(bug);
            return;
          }
          judge(backend, result);
        });
  }

  private CompletableFuture<Outcome> open(Backend backend) {
    try {
      Applicant who = applicant.apply(backend);
      if (who == null) {
        return CompletableFuture.completedFuture(failed(Cause.MISROUTED));
      }
      var limits = BackendLogin.Limits.of(backend.settings(), !left.isEmpty());
      return BackendLogin.open(backend, loop, wheel, metrics, purpose, who, limits)
          .whenComplete((_, _) -> who.credentials().wipe());
    } catch (RuntimeException bug) {
      return CompletableFuture.failedFuture(bug); // the gate must get its place back
    }
  }

  private void judge(Backend backend, Outcome result) {
    if (!(result instanceof Outcome.Failed(Unavailable(var cause)))) {
      backend.health().succeeded();
      end(result);
      return;
    }
    String why = cause.name().toLowerCase(Locale.ROOT);
    if (blamesBackend(cause)) {
      backend.health().failed(why);
    }
    Backend other = left.peek();
    if (other == null || (!blamesBackend(cause) && cause != Cause.MISROUTED)) {
      end(result);
      return;
    }
    metrics.failedOver(backend.name());
    LOG.debug(
        "fail-over", "user", user, "backend", backend.name(), "why", why, "next", other.name());
    next();
  }

  /// Whether another backend can help.
  private static boolean blamesBackend(Cause cause) {
    return switch (cause) {
      case UNREACHABLE, SLOW, UNTRUSTED, REFUSED -> true;
      case BUSY, LOOP, CROWDED, DIRECTORY, MISROUTED -> false;
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

  /// What became of it; on the user's loop. When a gate's queue is full, or the try was given up in it: [Cause#CROWDED].
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
    left.clear();
    if (!begun && visit != null) {
      visit.end();
      end(failed(Cause.CROWDED));
    }
  }
}
