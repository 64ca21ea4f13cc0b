package dormouse.backend;

import dormouse.config.GateSettings;
import dormouse.ops.Metrics;
import dormouse.session.TimerWheel;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The one way into a backend: no more logins at a time, and no more in a second, than it is said to serve. Who finds
/// it closed waits in the queue of its [Priority], where users take turns; a full queue refuses. Those who are [Priority#DOUBTED] never
/// take more than half of the places: mail servers answer wrong passwords late, and who guesses them would keep all others out.
/// ```text
///            room and a token                    end
/// enter ───────────────────────▶ inside (begun) ─────▶ over
///    └──▶ waiting ──its turn──────┘  ▲                   ▲
///            └───────────────────────┴──end (gave up)────┘
/// ```
/// **Threads.** All event loops share the gate of a backend. What is counted and queued is guarded by its lock, which is
/// held for a few steps and never while anything of a caller runs. A visit belongs to the loop that asked for it: it is
/// begun there — at once if the gate is open, else as a task of that loop, whichever loop made room — and is to be ended
/// there. Time passes on the wheel of a loop that asked or made room; its ticks are [TimerWheel#TICK] apart, so the
/// bucket holds at least what comes in one of them.
public final class Gate {
  private final String backend;
  private final GateSettings settings;
  private final Metrics metrics;
  private final InstantSource clock;
  private final TokenBucket bucket;
  private final Map<Priority, FairQueue<Visit>> queues = new EnumMap<>(Priority.class);
  private int inside;
  private int doubted; // of those inside
  private boolean timed; // a timer will look again

  /// @param backend the name that metrics use
  public Gate(String backend, GateSettings settings, InstantSource clock, Metrics metrics) {
    this.backend = backend;
    this.settings = settings;
    this.clock = clock;
    this.metrics = metrics;
    int aTick = Math.ceilDiv(settings.loginsPerSecond() * (int) TimerWheel.TICK.toMillis(), 1000);
    this.bucket =
        new TokenBucket(
            settings.loginsPerSecond(), Math.max(settings.burst(), aTick), clock.millis());
    for (Priority priority : Priority.values()) {
      queues.put(priority, new FairQueue<>(settings.queue()));
    }
  }

  /// Another one like it, for another backend of the same settings; metrics add them up.
  Gate another() {
    return new Gate(backend, settings, clock, metrics);
  }

  /// One way through the gate, from the wish to enter to the login's end. Lives on the loop that asked.
  public final class Visit {
    private final String user;
    private final EventLoop loop;
    private final TimerWheel wheel;
    private final Consumer<Visit> begin;
    private final long sinceMillis = clock.millis();
    private Priority priority;
    private boolean ended;

    private Visit(
        Priority priority, String user, EventLoop loop, TimerWheel wheel, Consumer<Visit> begin) {
      this.priority = priority;
      this.user = user;
      this.loop = loop;
      this.wheel = wheel;
      this.begin = begin;
    }

    /// The login has its answer, its connection failed, or nobody waits for it any more. Ending twice does no harm.
    public void end() {
      assert loop.inEventLoop();
      if (ended) {
        return;
      }
      ended = true;
      if (!leaveQueue(this)) {
        leave(this);
      }
    }

    /// A client has come to wait for this visit too: if it is still queued, it goes on as [Priority#CLIENT].
    public void hurry() {
      assert loop.inEventLoop();
      raise(this);
    }

    private void begin() {
      if (ended) {
        return; // it gave up when its turn was on the way here
      }
      metrics.gateWaited(
          backend, priority.label(), Duration.ofMillis(clock.millis() - sinceMillis));
      begin.accept(this);
    }
  }

  /// Asks to enter.
  ///
  /// @param user who takes turns with other users
  /// @param loop the caller's
  /// @param wheel of that loop
  /// @param begin runs on `loop` when the login may begin, maybe before this returns; whatever becomes of the login, it
  ///     must come to [Visit#end]
  /// @return null if the queue is full: `begin` will never run
  public @Nullable Visit enter(
      Priority priority, String user, EventLoop loop, TimerWheel wheel, Consumer<Visit> begin) {
    assert loop.inEventLoop();
    Visit visit = new Visit(priority, user, loop, wheel, begin);
    synchronized (this) {
      if (!queue(priority).add(user, visit)) {
        metrics.gateRefused(backend, priority.label());
        return null;
      }
    }
    metrics.gateWaiting(backend, priority.label(), 1);
    admit(visit, wheel);
    return visit;
  }

  private FairQueue<Visit> queue(Priority priority) {
    FairQueue<Visit> queue = queues.get(priority);
    if (queue == null) {
      throw new IllegalStateException(priority.name()); // all were put in the constructor
    }
    return queue;
  }

  /// Lets in whoever may.
  ///
  /// @param mine belongs to the calling code, which need not wait for another task; or null
  /// @param wheel of the calling loop
  private void admit(@Nullable Visit mine, TimerWheel wheel) {
    List<Visit> admitted = new ArrayList<>(1);
    Duration look = null;
    synchronized (this) {
      while (inside < settings.concurrentLogins() && someoneMayEnter()) {
        if (!bucket.take(clock.millis())) {
          if (!timed) {
            timed = true;
            look = bucket.untilNext();
          }
          break;
        }
        Visit visit = next();
        inside++;
        doubted += visit.priority == Priority.DOUBTED ? 1 : 0;
        admitted.add(visit);
      }
    }
    if (look != null) {
      wheel.after(look, () -> lookAgain(wheel));
    }
    for (Visit visit : admitted) {
      metrics.gateWaiting(backend, visit.priority.label(), -1);
      if (visit == mine) {
        visit.begin();
      } else {
        visit.loop.execute(visit::begin);
      }
    }
  }

  private boolean someoneMayEnter() {
    for (Map.Entry<Priority, FairQueue<Visit>> each : queues.entrySet()) {
      if (mayEnter(each.getKey()) && !each.getValue().isEmpty()) {
        return true;
      }
    }
    return false;
  }

  private boolean mayEnter(Priority priority) {
    return priority != Priority.DOUBTED || doubted < Math.ceilDiv(settings.concurrentLogins(), 2);
  }

  private Visit next() {
    for (Map.Entry<Priority, FairQueue<Visit>> each : queues.entrySet()) { // in their order
      Visit visit = mayEnter(each.getKey()) ? each.getValue().poll() : null;
      if (visit != null) {
        return visit;
      }
    }
    throw new IllegalStateException("nobody waits");
  }

  private void lookAgain(TimerWheel wheel) {
    synchronized (this) {
      timed = false;
    }
    admit(null, wheel);
  }

  private void leave(Visit visit) {
    synchronized (this) {
      inside--;
      doubted -= visit.priority == Priority.DOUBTED ? 1 : 0;
    }
    admit(null, visit.wheel);
  }

  private void raise(Visit visit) {
    synchronized (this) {
      Priority before = visit.priority;
      if (before == Priority.CLIENT || !queue(before).remove(visit.user, visit)) {
        return;
      }
      visit.priority = queue(Priority.CLIENT).add(visit.user, visit) ? Priority.CLIENT : before;
      if (visit.priority == before) {
        queue(before).add(visit.user, visit); // so many clients wait that it makes no difference
        return;
      }
      metrics.gateWaiting(backend, before.label(), -1);
      metrics.gateWaiting(backend, Priority.CLIENT.label(), 1);
    }
  }

  private boolean leaveQueue(Visit visit) {
    synchronized (this) {
      if (!queue(visit.priority).remove(visit.user, visit)) {
        return false;
      }
    }
    metrics.gateWaiting(backend, visit.priority.label(), -1);
    return true;
  }
}
