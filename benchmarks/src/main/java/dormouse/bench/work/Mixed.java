package dormouse.bench.work;

import dormouse.bench.load.Check;
import dormouse.bench.load.Client;
import dormouse.bench.load.ClosedLoop;
import dormouse.bench.load.Latencies;
import dormouse.bench.load.Load.Tls;
import dormouse.bench.stack.Held;
import dormouse.bench.stack.Mailboxes;
import dormouse.bench.stack.Stack;
import dormouse.bench.stack.StackKind;
import dormouse.bench.stack.Usage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import java.util.stream.Stream;

/// What does it cost in all, when everything comes at once? See [#question].
final class Mixed implements Workload {
  private static final String NAME = "mixed";
  private static final Measure ALL =
      Measure.less(NAME, "CPU of front and back for a minute of 1,000 users", "ms");
  private static final Measure FRONT =
      Measure.less(NAME, "front's CPU for a minute of 1,000 users", "ms");
  private static final Measure COMPILERS =
      Measure.less(NAME, "of it a virtual machine's compilers'", "ms");
  private static final Measure FIRST =
      Measure.less(NAME, "just started: front's CPU for a minute of 1,000 users", "ms");
  private static final Measure MEMORY =
      Measure.less(NAME, "memory of all processes then, less unused heap", "MiB");
  private static final Measure MISSED =
      Measure.less(NAME, "FETCH that Dovecot answered with nothing, asked again", "");
  private static final int PAGES = 5;
  private static final double PAGE_SECONDS = 10;
  private static final int FOLDERS = 5;
  private static final int SMALL = 3; // messages in each of them
  private static final long SEED = 1;
  private static final double HURRY =
      8; // in which what does not count goes on: as much as a small machine can do, and more

  /// What happens, and to whom how often.
  private enum Kind {
    IDLE_AGAIN("a desktop's DONE and IDLE", 1, 19 * 60),
    POLL("a desktop's DONE and five STATUS", 3, 5 * 60),
    PHONE("a phone's visit: login to logout", 2, 15 * 60),
    PAGE("a page of webmail: login to logout", 4, 30 * 60),
    MAIL("delivery to EXISTS at the desktop", 1, 20 * 60);

    final String title;
    final int oneIn;
    final double everySeconds;

    Kind(String title, int oneIn, double everySeconds) {
      this.title = title;
      this.oneIn = oneIn;
      this.everySeconds = everySeconds;
    }
  }

  private record Event(double atSeconds, Kind kind, int user) {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String question() {
    return """
    A day in the life of some users, faster than it passes. The desktop of each idles over TLS, begins IDLE anew every 9 to 29 minutes, and fetches the header of each new message; one in three polls STATUS of five mailboxes \
    every 5. The phones of one in two come every 15 minutes for one message and leave. Webmail opens five pages every half hour for one in four, in clear, and logs in for each. Everybody gets a message every 20 \
    minutes. All intervals vary by half; what is due begins, whatever becomes of those before. CPU is taken until everybody idles again, whoever hibernates them has done so, and the stack does nothing. What was just started has a row of its own, its first eight seconds, in one; then each lives, alone, and Dormouse before a Dovecot whose processes serve one session after the other, which is quicker, through the same \
    four again, in half a second, until that takes no less of its front's CPU any more and nothing is compiled.\
    """;
  }

  @Override
  public List<StackKind> stacks() {
    return List.of(
        StackKind.DOVECOT,
        StackKind.DOVECOT_HIBERNATE,
        StackKind.NGINX,
        StackKind.DOVECOT_PROXY,
        StackKind.PERDITION,
        StackKind.HAPROXY,
        StackKind.DORMOUSE,
        StackKind.DORMOUSE_LENDING);
  }

  @Override
  public int clients(Size size) {
    return size.mixedUsers();
  }

  @Override
  public Rounds prepare(Bench bench, Stack stack) {
    int count = bench.size().mixedUsers();
    bench.mailboxes(stack, 0, count);
    List<byte[]> few = Mailboxes.messages(SMALL, Bench.MESSAGE_BYTES);
    for (int user = 0; user < count; user += Kind.POLL.oneIn) {
      for (int folder = 0; folder < FOLDERS; folder++) {
        stack.backend().mailboxes().createFolder(stack.user(user), "F" + folder, few);
      }
    }
    List<Desktop> desktops = new ArrayList<>();
    bench.hold(stack, 0, count).forEach(client -> desktops.add(new Desktop(client)));
    return new Rounds() {
      private long rounds = SEED;

      @Override
      public void warmUp() {
        Mixed.warmUp(bench, stack, desktops);
      }

      @Override
      public void round() {
        double seconds = bench.size().mixedSeconds();
        Day day = new Day(bench, stack, desktops);
        Usage before = stack.usage();
        day.run(seconds, 1, new Random(rounds++));
        bench.calm(stack);
        Usage used = stack.usage().minus(before);
        double thousandMinutes = thousandMinutes(bench, seconds);
        bench.add(ALL, stack, used.sum() * 1e3 / thousandMinutes);
        if (stack.proxied()) {
          bench.add(FRONT, stack, used.front() * 1e3 / thousandMinutes);
        }
        if (stack.kind().isDormouse()) {
          bench.add(COMPILERS, stack, used.compilers() * 1e3 / thousandMinutes);
        }
        bench.add(MISSED, stack, day.missed.get());
        day.latencies.forEach((kind, times) ->
            bench.add(
                Measure.less(NAME, kind.title + ", median", "ms"),
                Measure.less(NAME, kind.title + ", 99 %", "ms"),
                stack,
                times));
        Held held = stack.held();
        bench.add(MEMORY, stack, (double) (held.front() + held.back()) / (1 << 20));
      }

      @Override
      public void close() {
        bench.leave(stack, desktops.stream().map(desktop -> desktop.client).toList());
      }
    };
  }

  /// The same day again and again, so that none of its slices has more to do than another; the first, before anything is compiled or believed, is
  /// told as well.
  private static void warmUp(Bench bench, Stack stack, List<Desktop> desktops) {
    stack.awaitCompilers();
    Usage begin = stack.usage();
    new Day(bench, stack, desktops).run(HURRY, HURRY, new Random(SEED - 1));
    stack.awaitCompilers(); // which are at work for this day yet
    if (stack.proxied()) {
      double front = stack.usage().minus(begin).front();
      bench.add(FIRST, stack, front * 1e3 / thousandMinutes(bench, HURRY));
    }
    bench.calm(stack); // a reload of Dovecot's ends what a client is in the middle of
    stack.quickBackend(true);
    bench.untilSteady(
        NAME,
        stack,
        "that day",
        time -> {
          double seconds = HURRY * time.toMillis() / 1e3;
          return new Day(bench, stack, desktops).run(seconds, HURRY, new Random(SEED - 1));
        });
    bench.calm(stack);
    stack.quickBackend(false);
  }

  private static double thousandMinutes(Bench bench, double seconds) {
    return bench.size().mixedUsers() / 1e3 * seconds * bench.size().mixedSpeed() / 60;
  }

  /// A client that idles for days. What it has to do it does one after the other.
  private static final class Desktop {
    final Client client;
    private final List<CompletableFuture<Long>> expected = new ArrayList<>(); // one a message
    private final InTurn turns = new InTurn();
    private int fetched = Bench.MESSAGES;

    Desktop(Client client) {
      this.client = client;
      client.onExists(this::grown);
    }

    /// Ends IDLE, does this, and idles again.
    CompletableFuture<?> turn(Supplier<CompletableFuture<?>> what) {
      return turns.add(
          () -> client.done().thenCompose(_ -> what.get()).thenCompose(_ -> client.idle()));
    }

    /// Completes when it idles again, and has nothing left to do.
    synchronized CompletableFuture<?>
        rests() { // not before it has begun to do what it has heard of
      return turns.ended();
    }

    /// Completes when it has heard of one more message than were expected before.
    synchronized CompletableFuture<Long> nextMessage() {
      CompletableFuture<Long> heard = new CompletableFuture<>();
      expected.add(heard);
      return heard;
    }

    private synchronized void grown(long exists) {
      long now = System.nanoTime();
      int heard = (int) exists - Bench.MESSAGES;
      expected.subList(0, Math.min(heard, expected.size())).forEach(each -> each.complete(now));
      int from = fetched + 1;
      fetched = (int) exists;
      turn(() -> headers(from, (int) exists));
    }

    private CompletableFuture<?> headers(int from, int to) {
      List<String> commands = new ArrayList<>();
      List<Check> checks = new ArrayList<>();
      for (int uid = from; uid <= to; uid++) {
        commands.add("UID FETCH " + uid + " BODY.PEEK[HEADER.FIELDS (TO)]");
        checks.add(Check.part(uid, "HEADER.FIELDS (TO)", "To: user@example.org\r\n\r\n"));
      }
      return client.sayAll(commands, checks);
    }
  }

  /// A stretch of time.
  private static final class Day {
    private final Bench bench;
    private final Stack stack;
    private final List<Desktop> desktops;
    private final AtomicInteger missed = new AtomicInteger();
    private final Map<Kind, Latencies> latencies = new EnumMap<>(Kind.class);

    Day(Bench bench, Stack stack, List<Desktop> desktops) {
      this.bench = bench;
      this.stack = stack;
      this.desktops = desktops;
      for (Kind kind : Kind.values()) {
        latencies.put(kind, new Latencies());
      }
    }

    /// Returns when all that was due in these seconds has ended, and so has what each desktop does because of it; or not much later than it should have: Dovecot that hibernates forgets to
    /// tell of a message now and then, until there is another.
    ///
    /// @param hurry how many of them pass in one
    ClosedLoop.Outcome run(double seconds, double hurry, Random random) {
      long begin = System.nanoTime();
      List<Event> events = events(seconds, random);
      List<CompletableFuture<?>> all = new ArrayList<>();
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        for (Event event : events) {
          long due = begin + (long) (event.atSeconds / hurry * 1e9);
          for (long early = due - System.nanoTime(); early > 0; early = due - System.nanoTime()) {
            LockSupport.parkNanos(early);
          }
          all.add(begin(event, due, threads));
        }
        allOf(all.stream())
            .thenCompose(_ -> allOf(desktops.stream().map(Desktop::rests)))
            .orTimeout(bench.size().patienceSeconds(), TimeUnit.SECONDS)
            .join();
      } catch (RuntimeException e) {
        bench.faults(stack).add(e, all, i -> events.get(i).toString());
      }
      return new ClosedLoop.Outcome(all.size(), (System.nanoTime() - begin) / 1e9);
    }

    private static CompletableFuture<Void> allOf(Stream<CompletableFuture<?>> some) {
      return CompletableFuture.allOf(some.toArray(CompletableFuture[]::new));
    }

    private List<Event> events(double seconds, Random random) {
      int speed = bench.size().mixedSpeed();
      List<Event> events = new ArrayList<>();
      for (Kind kind : Kind.values()) {
        double every = kind.everySeconds / speed;
        for (int user = 0; user < desktops.size(); user += kind.oneIn) {
          for (double at = random.nextDouble() * every;
              at < seconds;
              at += every * (0.5 + random.nextDouble())) {
            for (int page = 0; page < (kind == Kind.PAGE ? PAGES : 1); page++) {
              events.add(new Event(at + page * PAGE_SECONDS / speed, kind, user));
            }
          }
        }
      }
      events.sort(Comparator.comparingDouble(Event::atSeconds));
      return events;
    }

    private CompletableFuture<?> begin(Event event, long due, ExecutorService threads) {
      Desktop desktop = desktops.get(event.user);
      Latencies times = latencies.getOrDefault(event.kind, new Latencies());
      return switch (event.kind) {
        case IDLE_AGAIN ->
            desktop
                .turn(() -> CompletableFuture.completedFuture(null))
                .thenRun(() -> times.since(due));
        case POLL -> desktop.turn(() -> poll(desktop.client).thenRun(() -> times.since(due)));
        case PHONE -> visit(event.user, Tls.RESUMED).thenRun(() -> times.since(due));
        case PAGE -> visit(event.user, Tls.NONE).thenRun(() -> times.since(due));
        case MAIL -> mail(event.user, desktop.nextMessage(), times, threads);
      };
    }

    private static CompletableFuture<?> poll(Client client) {
      List<String> commands = new ArrayList<>();
      List<Check> checks = new ArrayList<>();
      for (int folder = 0; folder < FOLDERS; folder++) {
        commands.add("STATUS F" + folder + " (MESSAGES UIDNEXT UNSEEN)");
        checks.add(
            Check.exactly(
                "* STATUS F%d (MESSAGES %d UIDNEXT %d UNSEEN 0)"
                    .formatted(folder, SMALL, SMALL + 1)));
      }
      return client.sayAll(commands, checks);
    }

    private CompletableFuture<?> visit(int user, Tls tls) {
      return bench
          .login(stack, user, tls)
          .thenCompose(client ->
              client.say(
                  "SELECT INBOX", Check.selectOfAtLeast(Bench.MESSAGES, Mailboxes.UID_VALIDITY)))
          .thenCompose(this::fetch)
          .thenCompose(Client::logout);
    }

    /// While a message is delivered, Dovecot's Maildir sometimes has nothing to say of another one.
    private CompletableFuture<Client> fetch(Client client) {
      Check.Body once = Check.body(3, Bench.message(3)).orMissing();
      return client
          .say("UID FETCH 3 BODY.PEEK[]", once)
          .thenCompose(_ -> {
            if (!once.isMissing()) {
              return CompletableFuture.completedFuture(client);
            }
            missed.incrementAndGet();
            return client.say("UID FETCH 3 BODY.PEEK[]", Check.body(3, Bench.message(3)));
          });
    }

    private CompletableFuture<?> mail(
        int user, CompletableFuture<Long> heard, Latencies times, ExecutorService threads) {
      byte[] message = Mailboxes.message(user, Bench.MESSAGE_BYTES);
      return CompletableFuture.supplyAsync(
              () -> stack.backend().deliver(stack.user(user), message), threads)
          .whenComplete((_, failure) -> {
            if (failure != null) {
              heard.completeExceptionally(failure); // it will not come
            }
          })
          .thenCombine(
              heard,
              (sent, seen) -> {
                times.add(seen - sent);
                return seen;
              });
    }
  }
}
