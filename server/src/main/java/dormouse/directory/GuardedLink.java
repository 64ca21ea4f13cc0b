package dormouse.directory;

import dormouse.config.LinkSettings;
import dormouse.ops.EventLog;
import dormouse.ops.Metrics;
import dormouse.session.Timer;
import dormouse.session.TimerWheel;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// A link with what all links have in common around it: a cache, a circuit breaker, a timeout, metrics. Any thread.
final class GuardedLink {
  /// How long a link may say that it is to be asked again, and how often.
  private static final Duration LONGEST_WAIT = Duration.ofMinutes(5);

  private static final Duration SHORTEST_WAIT = Duration.ofMillis(100);

  private static final Duration SWEEP_EVERY = Duration.ofSeconds(1);
  private static final Duration TELL_EVERY = Duration.ofMinutes(1);

  private static final EventLog LOG = EventLog.of(Directory.class);

  private final String name;
  private final Link link;
  private final LinkSettings settings;
  private final AnswerCache cache;
  private final CircuitBreaker breaker;
  private final InstantSource clock;
  private final Metrics metrics;

  /// What is said where the link was not even asked.
  private final Answer crowded;

  /// Whether what is over will be swept out of the cache.
  private final AtomicBoolean swept = new AtomicBoolean();

  private final AtomicLong toldMillis = new AtomicLong(Long.MIN_VALUE / 2);

  /// @param name of the link in logs and metrics
  GuardedLink(String name, Link link, LinkSettings settings, InstantSource clock, Metrics metrics) {
    this.name = name;
    this.link = link;
    this.settings = settings;
    this.cache =
        new AnswerCache(
            settings.cache(),
            settings.cacheRefusals(),
            settings.cacheEntries(),
            link.heeds(),
            clock);
    this.breaker = new CircuitBreaker(settings.breakAfter(), settings.breakFor(), clock);
    this.clock = clock;
    this.metrics = metrics;
    this.crowded = new Answer.CannotTell(name + ": too many wait for their turn", false);
  }

  LinkSettings settings() {
    return settings;
  }

  /// What kind it is of, as the settings call it.
  String kind() {
    return settings.kind().key();
  }

  boolean resumes(Proof.Kind before) {
    return link.resumes(before);
  }

  /// How many answers are kept.
  int kept() {
    return cache.size();
  }

  void close() {
    cache.clear();
    link.close();
  }

  /// Asks the cache, else the link. Called on the loop, and answers there.
  CompletableFuture<Answer> ask(Attempt attempt, EventLoop loop, TimerWheel wheel) {
    return ask(attempt, loop, wheel, Duration.ZERO);
  }

  private CompletableFuture<Answer> ask(
      Attempt attempt, EventLoop loop, TimerWheel wheel, Duration waited) {
    AnswerCache.Key key = cache.keyOf(attempt);
    Answer known = key == null ? null : cache.get(key);
    if (known != null) {
      metrics.directoryAnswer(name, "cached");
      return CompletableFuture.completedFuture(known);
    }
    if (!breaker.allows()) {
      metrics.directoryAnswer(name, "skipped");
      return CompletableFuture.completedFuture(
          new Answer.CannotTell(name + " has failed too often"));
    }
    long sinceMillis = clock.millis();
    return inTime(attempt, loop, wheel)
        .thenApply(answer -> {
          took(attempt, answer, Duration.ofMillis(clock.millis() - sinceMillis));
          if (key != null && cache.put(key, answer)) {
            sweepLater(wheel);
          }
          return answer;
        })
        .thenCompose(answer ->
            answer instanceof Answer.AskAgain(var after)
                ? askAgain(attempt, loop, wheel, waited, after)
                : CompletableFuture.completedFuture(answer));
  }

  /// What is over is forgotten, though nobody asks for it any more.
  private void sweepLater(TimerWheel wheel) {
    if (!swept.compareAndSet(false, true)) {
      return;
    }
    wheel.after(
        SWEEP_EVERY,
        () -> {
          swept.set(false);
          if (cache.sweep()) {
            sweepLater(wheel);
          }
        });
  }

  private CompletableFuture<Answer> askAgain(
      Attempt attempt, EventLoop loop, TimerWheel wheel, Duration waited, Duration after) {
    Duration pause = after.compareTo(SHORTEST_WAIT) < 0 ? SHORTEST_WAIT : after;
    Duration total = waited.plus(pause);
    if (total.compareTo(LONGEST_WAIT) > 0) {
      return CompletableFuture.completedFuture(
          new Answer.CannotTell(name + " wants to be asked again too long", /* down= */ false));
    }
    CompletableFuture<@Nullable Void> over = new CompletableFuture<>();
    wheel.after(pause, () -> over.complete(null));
    return over.thenCompose(_ -> ask(attempt, loop, wheel, total));
  }

  private CompletableFuture<Answer> inTime(Attempt attempt, EventLoop loop, TimerWheel wheel) {
    CompletableFuture<Answer> asked = asked(attempt, loop);
    if (asked.isDone()) {
      return asked.exceptionally(this::failure);
    }
    CompletableFuture<Answer> inTime = new CompletableFuture<>();
    Timer late =
        wheel.after(
            settings.timeout(),
            () -> {
              if (inTime.complete(new Answer.CannotTell(name + " has not answered in time"))) {
                asked.cancel(true);
              }
            });
    asked
        .exceptionally(this::failure)
        .thenAccept(answer ->
            loop.execute(() -> {
              late.cancel();
              inTime.complete(answer);
            }));
    return inTime;
  }

  private CompletableFuture<Answer> asked(Attempt attempt, EventLoop loop) {
    try {
      return link.ask(attempt, loop);
    } catch (Throwable bug) { // also an error: who asks must have an answer
      return CompletableFuture.failedFuture(bug);
    }
  }

  private Answer failure(Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    return cause instanceof Workers.Crowded ? crowded : new Answer.CannotTell(name + ": " + cause);
  }

  @SuppressWarnings("ReferenceEquality") // nothing else means that it was not asked
  private void took(Attempt attempt, Answer answer, Duration took) {
    metrics.directoryAnswer(name, label(answer));
    metrics.directoryTook(name, took);
    if (answer instanceof Answer.CannotTell(var why, var down)) {
      LOG.debug("directory", "link", name, "failed", why, "took", took);
      if (answer == crowded) { // which says nothing of the link
        tell(attempt.user(), why);
        return;
      }
      if (down) {
        if (breaker.failed()) {
          LOG.warn("directory-down", "link", name, "why", why);
        }
        return;
      }
      tell(attempt.user(), why);
    }
    if (breaker.worked()) {
      LOG.warn("directory-up", "link", name);
    }
  }

  /// Not of each: anybody may try names that a link cannot tell of.
  private void tell(String user, String why) {
    long now = clock.millis();
    long told = toldMillis.get();
    if (now - told >= TELL_EVERY.toMillis() && toldMillis.compareAndSet(told, now)) {
      LOG.warn("directory-failed", "link", name, "user", user, "why", why);
    }
  }

  private static String label(Answer answer) {
    return switch (answer) {
      case Answer.Accept _ -> "accepted";
      case Answer.Reject _ -> "rejected";
      case Answer.NotMine _ -> "not-mine";
      case Answer.Learnt _ -> "learnt";
      case Answer.Prove _ -> "asked-to-prove";
      case Answer.CannotTell _ -> "failed";
      case Answer.AskAgain _ -> "wait";
    };
  }
}
