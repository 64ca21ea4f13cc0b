package dormouse.bench.work;

import dormouse.bench.load.Client;
import dormouse.bench.load.ClosedLoop;
import dormouse.bench.load.Faults;
import dormouse.bench.load.Latencies;
import dormouse.bench.load.Load;
import dormouse.bench.load.Load.Tls;
import dormouse.bench.load.OpenLoop;
import dormouse.bench.stack.Backend;
import dormouse.bench.stack.Mailboxes;
import dormouse.bench.stack.Stack;
import dormouse.bench.stack.StackKind;
import dormouse.bench.stack.Usage;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.stream.IntStream;

/// What all workloads work with. On the thread of the run, but while stacks are prepared, when each has a thread of its own.
///
/// @param load opens clients
/// @param size how much of everything
/// @param figures where numbers go
/// @param faults what went wrong, by stack
public record Bench(Load load, Size size, Figures figures, Map<StackKind, Faults> faults) {
  /// Messages in an ordinary INBOX.
  static final int MESSAGES = 10;

  /// Bytes of each.
  static final int MESSAGE_BYTES = 2000;

  private static final List<byte[]> INBOX = Mailboxes.messages(MESSAGES, MESSAGE_BYTES);
  private static final int WARM_USER = 1_000_000;
  private static final int PATIENCE_SECONDS = 60;
  private static final int AT_ONCE = 40; // that log in
  private static final Duration LONG = Duration.ofMinutes(30);
  private static final long LOOK_NANOS = 250_000_000;
  private static final int LOOKS_A_SECOND = 4;
  private static final double QUIET_SECONDS = 0.015; // of the processors, between two looks
  private static final int MOST_LOOKS = 120;
  private static final int HIBERNATION_LOOKS = 7;
  private static final long HIBERNATION_NANOS =
      2_500_000_000L; // a second, and another one until its connection is let go
  private static final Duration SLICE = Duration.ofMillis(500);

  /// What went wrong with this stack.
  Faults faults(Stack stack) {
    return faults(stack.kind());
  }

  public Faults faults(StackKind kind) {
    return faults.computeIfAbsent(kind, _ -> new Faults());
  }

  /// Adds a number, unless nothing ended of which it could be one.
  void add(Measure measure, Stack stack, double number) {
    if (Double.isFinite(number)) {
      figures.add(measure, stack.kind(), number);
    }
  }

  /// Adds the median of a round, and its times to the 99th percentile of all rounds, if they are enough for one.
  void add(Measure median, Measure high, Stack stack, Latencies latencies) {
    if (latencies.count() > 0) {
      add(median, stack, latencies.millis(50));
      figures.pool(high, stack.kind(), 99, latencies);
    }
  }

  /// An ordinary INBOX for users from the first, which counts from 0, to before the last.
  void mailboxes(Stack stack, int first, int last) {
    for (int i = first; i < last; i++) {
      stack.backend().mailboxes().create(stack.user(i), INBOX);
    }
  }

  static byte[] message(int uid) {
    return INBOX.get(uid - 1);
  }

  /// Has one client hear of one message, so that whatever is loaded, started or believed at first is so before anything is measured:
  /// Dormouse relies on a feed from its first event on.
  public void warmUp(Stack stack) {
    warmUp(stack, 0);
  }

  /// The same once more, where it has been started again.
  ///
  /// @param times it has been so
  void warmUp(Stack stack, int times) {
    int user = WARM_USER + times;
    mailboxes(stack, user, user + 1);
    Client client = within(idle(stack, user));
    CompletableFuture<Long> heard = new CompletableFuture<>();
    client.onExists(heard::complete);
    int least = stack.kind().isDormouse() || stack.kind().hibernates() ? HIBERNATION_LOOKS : 0;
    for (int i = 0; i < least || (!stack.asleep(1) && i < MOST_LOOKS); i++) {
      LockSupport.parkNanos(LOOK_NANOS);
    }
    stack.backend().deliver(stack.user(user), message(1));
    within(heard);
    for (int i = 0; !stack.fed() && i < MOST_LOOKS; i++) {
      LockSupport.parkNanos(LOOK_NANOS);
    }
    within(client.done().thenCompose(Client::logout));
  }

  /// Waits for it, but not for ever: then it fails by time.
  static <T> T within(CompletableFuture<T> future) {
    return future.orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).join();
  }

  /// A client of a user, logged in.
  CompletableFuture<Client> login(Stack stack, int user, Tls tls) {
    String name = stack.user(user);
    int port = tls == Tls.NONE ? stack.plainPort() : stack.tlsPort();
    return load.connect(name, port, tls, faults(stack))
        .thenCompose(client -> client.login(name, Backend.PASSWORD));
  }

  /// Has each of the first users select INBOX at the backend itself, and leave: what it writes down of a mailbox is there then.
  void visit(Stack stack, int users) {
    AtomicInteger next = new AtomicInteger();
    ClosedLoop.run(
        AT_ONCE,
        users,
        LONG,
        faults(stack),
        new Latencies(),
        _ -> {
          String name = stack.user(next.getAndIncrement());
          return load.connect(name, stack.backend().plainPort(), Tls.NONE, faults(stack))
              .thenCompose(client -> client.login(name, Backend.PASSWORD))
              .thenCompose(client -> client.select(MESSAGES, Mailboxes.UID_VALIDITY))
              .thenCompose(Client::logout)
              .orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS);
        });
  }

  /// A client of a user in IDLE, over TLS, its ordinary INBOX selected.
  CompletableFuture<Client> idle(Stack stack, int user) {
    return login(stack, user, Tls.FULL)
        .thenCompose(client -> client.select(MESSAGES, Mailboxes.UID_VALIDITY))
        .thenCompose(Client::idle);
  }

  /// One session in IDLE for each of these users, over TLS, in their order.
  List<Client> hold(Stack stack, int first, int last) {
    return hold(stack, first, last, 1);
  }

  /// Sessions in IDLE, over TLS, in their order.
  ///
  /// @param first of them, counted from 0
  /// @param last before which they end
  /// @param each how many a user has
  /// @throws CompletionException with what kept one from it
  List<Client> hold(Stack stack, int first, int last, int each) {
    AtomicReferenceArray<Client> held = new AtomicReferenceArray<>(last - first);
    AtomicReference<Throwable> why = // one is missing, where nobody tells
        new AtomicReference<>(new TimeoutException("one does not idle yet"));
    AtomicInteger next = new AtomicInteger();
    ClosedLoop.run(
        AT_ONCE,
        held.length(),
        LONG,
        faults(stack),
        new Latencies(),
        _ -> {
          int number = next.getAndIncrement();
          return idle(stack, (first + number) / each)
              .orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS)
              .thenAccept(client -> held.set(number, client))
              .whenComplete((_, failure) -> {
                if (failure != null) {
                  why.set(failure);
                }
              });
        });
    List<Client> all =
        IntStream.range(0, held.length()).mapToObj(held::get).filter(Objects::nonNull).toList();
    if (all.size() < held.length()) {
      throw new CompletionException(why.get());
    }
    return all;
  }

  /// Runs again and again until it is steady ([Steadiness]), or for [Size#warmSeconds] (a peer: [Size#warmPeersSeconds]), which the page then tells: whatever compiles its code as
  /// it runs, or has caches to fill, has then done so. For [Workload.Rounds#warmUp], where no other stack has the processors.
  ///
  /// @param what runs, for the page
  /// @param run runs for about so long
  void untilSteady(
      String workload, Stack stack, String what, Function<Duration, ClosedLoop.Outcome> run) {
    boolean compiled = !stack.kind().isDormouse(); // before it was started
    int most = compiled ? size.warmPeersSeconds() : size.warmSeconds();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(most);
    Steadiness steadiness = new Steadiness(compiled ? Steadiness.FEW : Steadiness.MANY);
    while (!steadiness.steady()) {
      if (System.nanoTime() - end > 0) {
        figures.note(
            workload,
            "%s, %s, was not steady after %d s: %s"
                .formatted(stack.kind().title(), what, most, steadiness.told()));
        return;
      }
      Usage before = stack.usage();
      long count = run.apply(SLICE).count();
      steadiness.add(stack.usage().minus(before), count);
    }
    stack.awaitCompilers();
  }

  /// As [OpenLoop#run], with as much patience as the form has.
  void openLoop(Stack stack, int count, double perSecond, OpenLoop.Step step) {
    OpenLoop.run(count, perSecond, size.patienceSeconds(), faults(stack), step);
  }

  /// Seconds of the processors that the load client has used so far.
  static double ownSeconds() {
    return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO).toNanos() / 1e9;
  }

  /// Ends them all.
  void leave(Stack stack, List<Client> clients) {
    CompletableFuture.allOf(
            clients.stream()
                .map(client -> client.done().thenCompose(Client::logout))
                .toArray(CompletableFuture[]::new))
        .orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS)
        .exceptionally(failure -> {
          if (failure instanceof TimeoutException) {
            faults(stack).late("not all have left in time");
          } // else the client has told what was wrong
          return null;
        })
        .join();
  }

  /// Returns when whoever hibernates sessions has done so with these, and the stack does nothing; at the latest after a minute.
  void settle(Stack stack, int sessions) {
    int least = stack.kind().hibernates() ? HIBERNATION_LOOKS : 0; // nobody tells
    for (int i = 0; i < least || (i < MOST_LOOKS && !resting(stack, sessions)); i++) {
      LockSupport.parkNanos(LOOK_NANOS);
    }
    untilQuiet(stack); // and is not asked, for its answers take time
  }

  /// The same while CPU is measured: it is not asked whether it has hibernated whom it will, but given the time for it.
  void calm(Stack stack) {
    if (stack.sleeps() || stack.kind().hibernates()) {
      LockSupport.parkNanos(HIBERNATION_NANOS);
    }
    untilQuiet(stack);
  }

  private void untilQuiet(Stack stack) {
    Usage before = stack.usage();
    for (int i = 0; i < LOOKS_A_SECOND * size.patienceSeconds(); i++) {
      LockSupport.parkNanos(LOOK_NANOS);
      Usage now = stack.usage();
      if (now.minus(before).sum() < QUIET_SECONDS) {
        return;
      }
      before = now;
    }
  }

  private static boolean resting(Stack stack, int sessions) {
    return stack.asleep(sessions) && stack.detached();
  }
}
