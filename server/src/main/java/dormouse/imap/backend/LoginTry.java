package dormouse.imap.backend;

import dormouse.auth.LoginResult;
import dormouse.backend.Backend;
import dormouse.backend.Gate;
import dormouse.backend.Priority;
import dormouse.imap.backend.BackendLogin.Outcome;
import dormouse.ops.Metrics;
import dormouse.session.TimerWheel;
import io.netty.channel.EventLoop;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// One try to log a user in at a backend: it waits for its turn at the backend's [Gate], then opens a connection
/// ([BackendLogin]).
///
/// Lives on the user's event loop.
public final class LoginTry {
  private static final Outcome CROWDED =
      new Outcome.Failed(new LoginResult.Unavailable(LoginResult.Cause.CROWDED));

  private final Backend backend;
  private final EventLoop loop;
  private final TimerWheel wheel;
  private final Metrics metrics;
  private final String purpose;
  private final Supplier<Applicant> applicant;
  private final CompletableFuture<Outcome> outcome = new CompletableFuture<>();
  private Gate.@Nullable Visit visit;
  private boolean begun;

  private LoginTry(
      Backend backend,
      EventLoop loop,
      TimerWheel wheel,
      Metrics metrics,
      String purpose,
      Supplier<Applicant> applicant) {
    this.backend = backend;
    this.loop = loop;
    this.wheel = wheel;
    this.metrics = metrics;
    this.purpose = purpose;
    this.applicant = applicant;
  }

  /// Takes a place at the gate.
  ///
  /// @param purpose of the connection, for metrics: `session` or `watch`
  /// @param user who takes turns with others at the gate
  /// @param applicant asked once, when the turn has come, so that no password lies open while it waits
  public static LoginTry begin(
      Backend backend,
      EventLoop loop,
      TimerWheel wheel,
      Metrics metrics,
      String purpose,
      Priority priority,
      String user,
      Supplier<Applicant> applicant) {
    LoginTry one = new LoginTry(backend, loop, wheel, metrics, purpose, applicant);
    one.visit = backend.gate().enter(priority, user, loop, wheel, one::logIn);
    if (one.visit == null) {
      one.outcome.complete(CROWDED);
    }
    return one;
  }

  private void logIn(Gate.Visit here) {
    begun = true;
    open()
        .whenComplete((result, bug) -> {
          here.end();
          if (bug != null) {
            outcome.completeExceptionally(bug);
            return;
          }
          outcome.complete(result);
        });
  }

  private CompletableFuture<Outcome> open() {
    try {
      Applicant who = applicant.get();
      return BackendLogin.open(backend, loop, wheel, metrics, purpose, who)
          .whenComplete((_, _) -> who.credentials().wipe());
    } catch (RuntimeException bug) {
      return CompletableFuture.failedFuture(bug); // the gate must get its place back
    }
  }

  /// What became of it; on the user's loop. When the gate's queue is full, or the try was given up in it:
  /// [LoginResult.Cause#CROWDED].
  public CompletableFuture<Outcome> outcome() {
    return outcome;
  }

  /// A client has come to wait for it.
  public void hurry() {
    if (visit != null) {
      visit.hurry();
    }
  }

  /// Leaves the queue; a login that has begun goes on, and has its outcome.
  public void giveUp() {
    if (!begun && visit != null) {
      visit.end();
      outcome.complete(CROWDED);
    }
  }
}
