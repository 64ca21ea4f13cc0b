package dormouse.bench;

import dormouse.bench.stack.AtEnd;
import dormouse.bench.stack.Jvm;
import dormouse.testkit.Wait;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.ToLongFunction;

/// How much memory does a sleeping TLS client take, and is any of many lost while they are held?
/// ```text
/// ./bench own hold [--sessions 2000] [--users 200] [--minutes 10]
/// ./bench own hold --backend stand-in --sessions 15000 --users 5000 --messages 1000 --warm-up 3000 --minutes 0.2
/// ```
/// Starts a mail server, and before it a Dormouse in a process of its own; opens the clients, each of which logs in over TLS 1.3,
/// selects INBOX and idles, those of a user one behind the other; waits until Dormouse says that all sleep, and takes its [Footprint] with none, and
/// from a third of them on five times in equal steps. Holds them. Then one message comes
/// for each user, which every client must hear of, and all log out. Whoever is refused, cut off, or hears anything but what was
/// promised counts as lost; then the exit code is 1.
///
/// What a session takes is the slope of the line that comes nearest to those five (least squares): of live heap, and, as the heap has a fixed size and is
/// touched in advance, of the process' own memory. For what no session takes is not to be in it:
/// - before, `--warm-up` clients come, sleep, hear of a message and go, a few at a time; and as many again as it takes until the
///   machine code grows by less than 2 % while a tenth of all comes and goes, ten times at most;
/// - of the JVM's two compilers only the first works (`-XX:TieredStopAtLevel=1`): what the other leaves behind rises and falls by megabytes;
/// - each look waits until no compiler is at work, collects the garbage, and has the allocator give back what is free;
/// - files are left out: Pss of what the JVM has mapped in grows when another JVM of the machine ends, and falls when the kernel needs room. It is printed beside.
///
/// Then the same is measured of the 2,000 of `--ssl-handler` before another Dormouse, which leaves their records to Netty's SslHandler with BoringSSL
/// (`runtime.own-records: false`), so that they keep it, and their channel, in their sleep. The last lines have both.
public final class Hold {
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final int REPORTS = 10;
  private static final Duration ECHOES_OVER = Duration.ofSeconds(12); // of what a session did awake
  private static final int COLD_AT_ONCE = 30; // more of them it would cut off
  private static final List<String> ONE_COMPILER = List.of("-XX:TieredStopAtLevel=1");
  private static final int LOOKS = 5;
  private static final int MORE_ROUNDS = 10;
  private static final double STEADY = 1.02;

  /// Who carries the sessions' TLS 1.3.
  private enum Carrier {
    OWN("records of our own, parked"),
    SSL_HANDLER("SslHandler, BoringSSL");

    final String label;

    Carrier(String label) {
      this.label = label;
    }
  }

  /// A look at the process while so many slept.
  private record Look(int sessions, Footprint taken) {}

  /// What a session takes, in bytes: the slope of the line that comes nearest to what was seen in these looks.
  private record Cost(Carrier carrier, List<Look> by) {
    long of(ToLongFunction<Footprint> what) {
      double sessions = by.stream().mapToInt(Look::sessions).average().orElseThrow();
      double bytes =
          by.stream().mapToLong(one -> what.applyAsLong(one.taken)).average().orElseThrow();
      double with = 0;
      double squares = 0;
      for (Look one : by) {
        with += (one.sessions - sessions) * (what.applyAsLong(one.taken) - bytes);
        squares += (one.sessions - sessions) * (one.sessions - sessions);
      }
      return Math.round(with / squares);
    }

    String sessions() {
      return "%,d to %,d".formatted(by.getFirst().sessions, by.getLast().sessions);
    }
  }

  private final HoldOptions options;
  private final PrintStream out;
  private final List<Cost> costs = new ArrayList<>();

  private Hold(HoldOptions options, PrintStream out) {
    this.options = options;
    this.out = out;
  }

  public static void main(String... arguments) throws IOException, InterruptedException {
    HoldOptions options;
    try {
      options = HoldOptions.of(arguments);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage() + "\n" + HoldOptions.USAGE);
      System.exit(2);
      return;
    }
    Locale.setDefault(Locale.ROOT);
    System.exit(new Hold(options, System.out).run() ? 0 : 1);
  }

  private boolean run() throws IOException, InterruptedException {
    try (HeldBackend backend = AtEnd.close(HeldBackend.start(options))) {
      say(
          "%,d clients of %,d users before %s, %,d messages each, flags %s"
              .formatted(
                  options.sessions(),
                  options.users(),
                  backend.name(),
                  options.messages(),
                  String.join(" ", DormouseProcess.flags())));
      boolean held = hold(backend, options.sessions(), Carrier.OWN);
      if (options.sslHandler() > 0) {
        say("The same with SslHandler:");
        held &= hold(backend, options.sslHandler(), Carrier.SSL_HANDLER);
      }
      sayCosts();
      return held;
    }
  }

  private boolean hold(HeldBackend backend, int sessions, Carrier carrier)
      throws IOException, InterruptedException {
    boolean own = carrier == Carrier.OWN;
    try (DormouseProcess server =
            DormouseProcess.start(
                options.jar(), settings(backend), "own-records: " + own, ONE_COMPILER);
        IdleClients clients = new IdleClients(server.port(), perUser())) {
      warmUp(backend, server, sessions);
      measure(sessions, server, clients, carrier);
      if (server.metric("dormouse_tls_handshakes_total{carrier=\"own\"") > 0 != own) {
        throw new IllegalStateException("not carried as it should be");
      }
      return !own || toTheEnd(backend, server, clients);
    }
  }

  private int perUser() {
    return Math.ceilDiv(options.sessions(), options.users());
  }

  /// Nobody comes for what is kept of connections, and all wait until none is left.
  private String settings(HeldBackend backend) {
    return """
    backends: { mail: { address: "127.0.0.1:%d", tls: none, pool: { keep: 1s, keep-after-logout: 1s } } }
    hibernate: { after: %s%s }
    limits: { exempt: [ 127.0.0.0/8 ] }
    """
            .formatted(backend.port(), options.after(), backend.hibernate())
        + backend.settings();
  }

  /// What is loaded, compiled and allocated once shall not count as anybody's cost; and where there are events, some are heard. A few clients at a
  /// time come, sleep, hear of a message and go, so that what many take at once is still to be taken.
  private void warmUp(HeldBackend backend, DormouseProcess server, int sessions)
      throws IOException, InterruptedException {
    int come = 0;
    int all = Math.min(options.warmUp(), sessions);
    int atOnce = Math.max(COLD_AT_ONCE, sessions / 10);
    int more = 0;
    long before = 0;
    long code = new Jvm(server.pid()).codeBytes();
    while (come < all || (all > 0 && code > before * STEADY && more++ < MORE_ROUNDS)) {
      before = code;
      int count = come == 0 ? Math.min(all, COLD_AT_ONCE) : atOnce;
      come += count;
      try (IdleClients first = new IdleClients(server.port(), perUser())) {
        first.openTo(count);
        for (int i = 1; i <= Math.ceilDiv(count, perUser()); i++) {
          backend.deliver("u" + i);
        }
        IdleTally tally = first.tally();
        if (!until(() -> tally.exists() + tally.lost() >= count)) {
          say("Of %,d who warmed up %,d heard of their message".formatted(count, tally.exists()));
        }
        tally.reasons().forEach(reason -> say("  %s".formatted(reason)));
        awaitRest(count - tally.lost(), server, /* parked= */ false); // now that there are events
        first.leave();
        Wait.until("those who warmed up left", PATIENCE, () -> sessions(server) == 0);
      }
      code = new Jvm(server.pid()).codeBytes();
    }
    say("%,d have come and gone; %s of code".formatted(come, megabytes(code)));
  }

  private void measure(int sessions, DormouseProcess server, IdleClients clients, Carrier carrier)
      throws IOException, InterruptedException {
    int third = sessions / 3;
    boolean parked = carrier == Carrier.OWN;
    row("", "live heap", "its own", "Pss", "Rss", "threads", "descriptors", "watchers");
    Look none = new Look(0, Footprint.of(server.pid()));
    print(none, server);
    List<Look> looks = new ArrayList<>();
    for (int i = 0; i < LOOKS; i++) {
      int count = third + (sessions - third) * i / (LOOKS - 1);
      looks.add(new Look(count, asleep(count, server, clients, parked)));
      print(looks.getLast(), server);
    }
    costs.add(new Cost(carrier, List.of(none, looks.getLast())));
    costs.add(new Cost(carrier, looks));
  }

  private void sayCosts() {
    String format = "%-26s %16s %10s %11s %9s %11s %16s";
    say(
        "Bytes of a sleeping session: live heap, and the process' own memory beside a heap of a fixed size; Pss has files in it");
    say(
        format.formatted(
            "TLS 1.3", "", "live heap", "beside it", "together", "Pss", "kernel's for it"));
    for (int i = 0; i < costs.size(); i++) {
      Cost each = costs.get(i);
      long heap = each.of(Footprint::heap);
      long own = each.of(Footprint::own);
      say(
          format.formatted(
              i % 2 == 0 ? each.carrier().label : "",
              each.sessions(),
              "%,d".formatted(heap),
              "%,d".formatted(own),
              "%,d".formatted(heap + own),
              "%,d".formatted(each.of(Footprint::pss)),
              "%,d".formatted(each.of(Footprint::kernel) / 2))); // the client's end is here too
    }
  }

  private boolean toTheEnd(HeldBackend backend, DormouseProcess server, IdleClients clients)
      throws IOException, InterruptedException {
    IdleTally tally = clients.tally();
    if (!options.held().isZero()) {
      holdOn(server, tally);
    }
    print(new Look(options.sessions(), Footprint.of(server.pid())), server);

    int held = options.sessions() - tally.lost();
    long before = tally.exists();
    deliverAll(backend);
    boolean heard = until(() -> tally.exists() - before >= held - tally.lost());
    say(
        "One message for each user: %,d of %,d clients heard of it"
            .formatted(tally.exists() - before, held));
    int lost = tally.lost();
    clients.leave();
    boolean left = until(() -> tally.gone() + tally.lost() >= options.sessions());
    say(
        "Held %,d for %s; lost %,d, then %,d at the end; logged out %,d; heard Still here %,d times"
            .formatted(
                held, options.held(), lost, tally.lost() - lost, tally.gone(), tally.stillHere()));
    tally.reasons().forEach(reason -> say("  %s".formatted(reason)));
    return tally.lost() == 0 && heard && left;
  }

  private Footprint asleep(int count, DormouseProcess server, IdleClients clients, boolean parked)
      throws IOException, InterruptedException {
    clients.openTo(count);
    awaitRest(count - clients.tally().lost(), server, parked);
    boolean _ = new CountDownLatch(1).await(ECHOES_OVER.toMillis(), TimeUnit.MILLISECONDS);
    awaitRest(count - clients.tally().lost(), server, parked);
    return Footprint.of(server.pid());
  }

  /// @param parked whether their users come to be folded, where nothing needs a connection
  private void awaitRest(int expected, DormouseProcess server, boolean parked) {
    int users = Math.ceilDiv(expected, perUser());
    int connections = options.backend() == HoldOptions.Backend.STAND_IN ? 0 : users;
    int folded = parked && connections == 0 ? users : 0;
    if (!until(
        () ->
            server.metric("dormouse_sessions{state=\"hibernated\"}") >= expected
                && server.metric("dormouse_backend_connections{") <= connections
                && server.metric("dormouse_folded_users ") >= folded)) {
      say("Not all of them have come to rest");
    }
  }

  private void holdOn(DormouseProcess server, IdleTally tally) throws InterruptedException {
    CountDownLatch never = new CountDownLatch(1);
    for (int i = 1; i <= REPORTS; i++) {
      boolean _ = never.await(options.held().toMillis() / REPORTS, TimeUnit.MILLISECONDS);
      say(
          "%4ds  asleep %,d  lost %,d  backend connections %,d  Still here %,d"
              .formatted(
                  options.held().toSeconds() * i / REPORTS,
                  server.metric("dormouse_sessions{state=\"hibernated\"}"),
                  tally.lost(),
                  server.metric("dormouse_backend_connections{"),
                  tally.stillHere()));
    }
  }

  private static long sessions(DormouseProcess server) {
    return server.metric("dormouse_sessions{");
  }

  private static boolean until(BooleanSupplier condition) {
    try {
      Wait.until("", PATIENCE, condition);
      return true;
    } catch (AssertionError _) {
      return false;
    }
  }

  private void deliverAll(HeldBackend backend) {
    for (int i = 1; i <= options.users(); i++) {
      backend.deliver("u" + i);
    }
  }

  private void print(Look look, DormouseProcess server) {
    Footprint taken = look.taken();
    row(
        "%,d asleep".formatted(look.sessions()),
        megabytes(taken.heap()),
        megabytes(taken.own()),
        megabytes(taken.pss()),
        megabytes(taken.rss()),
        Long.toString(taken.threads()),
        Long.toString(taken.descriptors()),
        Long.toString(server.metric("dormouse_backend_connections{")));
  }

  private static String megabytes(long bytes) {
    return "%.2f MB".formatted(bytes / 1e6);
  }

  private void row(Object... cells) {
    say("%14s %11s %11s %11s %11s %8s %12s %9s".formatted(cells));
  }

  private void say(String line) {
    out.println(line);
    out.flush();
  }
}
