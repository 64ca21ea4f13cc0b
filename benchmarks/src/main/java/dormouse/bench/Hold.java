package dormouse.bench;

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

/// How much memory does a sleeping TLS client take, and is any of many lost while they are held?
/// ```text
/// ./bench own hold [--sessions 2000] [--users 200] [--minutes 10]
/// ./bench own hold --backend stand-in --sessions 15000 --users 5000 --messages 1000 --warm-up 3000 --minutes 0.2
/// ```
/// Starts a mail server, and before it a Dormouse in a process of its own; opens the clients, each of which logs in over TLS 1.3,
/// selects INBOX and idles, those of a user one behind the other; waits until Dormouse says that all sleep, and takes its [Footprint] with none, a third
/// and all of them; its heap is of a fixed size, so that Pss grows by what lies outside. Holds them. Then one message comes
/// for each user, which every client must hear of, and all log out. Whoever is refused, cut off, or hears anything but what was
/// promised counts as lost; then the exit code is 1.
///
/// Then the same is measured of the 2,000 of `--ssl-handler` before another Dormouse, which leaves their records to Netty's SslHandler with BoringSSL
/// (`runtime.own-records: false`), so that they keep it, and their channel, in their sleep. The last lines have both.
public final class Hold {
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final int REPORTS = 10;
  private static final Duration ECHOES_OVER = Duration.ofSeconds(12); // of what a session did awake
  private static final int COLD_AT_ONCE = 30; // more of them it would cut off

  /// Who carries the sessions' TLS 1.3.
  private enum Carrier {
    OWN("records of our own, parked"),
    SSL_HANDLER("SslHandler, BoringSSL");

    final String label;

    Carrier(String label) {
      this.label = label;
    }
  }

  /// What a session takes, in bytes, as the mean of some that came in one go.
  private record Cost(Carrier carrier, int sessions, long heap, long outside, long kernel) {
    static Cost of(Carrier carrier, Footprint from, Footprint to, int sessions) {
      return new Cost(
          carrier,
          sessions,
          (to.heap() - from.heap()) / sessions,
          (to.pss() - from.pss()) / sessions,
          (to.kernel() - from.kernel()) / sessions / 2); // the client's end is here too
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
    try (HeldBackend backend = HeldBackend.start(options)) {
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
            DormouseProcess.start(options.jar(), settings(backend), "own-records: " + own);
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

  private String settings(HeldBackend backend) {
    return """
    backends: { mail: { address: "127.0.0.1:%d", tls: none } }
    hibernate: { after: %s }
    limits: { exempt: [ 127.0.0.0/8 ] }
    """
            .formatted(backend.port(), options.after())
        + backend.settings();
  }

  /// What is loaded, compiled and allocated once shall not count as anybody's cost; and where there are events, some are heard. A few clients at a
  /// time come, sleep, hear of a message and go, so that what many take at once is still to be taken.
  private void warmUp(HeldBackend backend, DormouseProcess server, int sessions)
      throws IOException, InterruptedException {
    int come = 0;
    int all = Math.min(options.warmUp(), sessions);
    int atOnce = Math.max(COLD_AT_ONCE, sessions / 10);
    while (come < all) {
      int count = Math.min(all - come, come == 0 ? COLD_AT_ONCE : atOnce);
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
    }
  }

  private void measure(int sessions, DormouseProcess server, IdleClients clients, Carrier carrier)
      throws IOException, InterruptedException {
    int third = sessions / 3;
    boolean parked = carrier == Carrier.OWN;
    Footprint none = Footprint.of(server.pid());
    row("", "live heap", "Pss", "Rss", "threads", "descriptors", "watchers");
    print(0, none, server);
    Footprint some = asleep(third, server, clients, parked);
    print(third, some, server);
    Footprint all = asleep(sessions, server, clients, parked);
    print(sessions, all, server);
    costs.add(Cost.of(carrier, none, all, sessions));
    costs.add(Cost.of(carrier, some, all, sessions - third));
  }

  private void sayCosts() {
    String format = "%-26s %14s %10s %9s %9s %16s";
    say(
        "Bytes of a sleeping session, of all and of those that came last; Pss beside a heap of a fixed size");
    say(format.formatted("TLS 1.3", "", "live heap", "Pss", "together", "kernel's for it"));
    for (int i = 0; i < costs.size(); i++) {
      Cost each = costs.get(i);
      say(
          format.formatted(
              i % 2 == 0 ? each.carrier().label : "",
              "%s %,d".formatted(i % 2 == 0 ? "all" : "the last", each.sessions()),
              "%,d".formatted(each.heap()),
              "%,d".formatted(each.outside()),
              "%,d".formatted(each.heap() + each.outside()),
              "%,d".formatted(each.kernel())));
    }
  }

  private boolean toTheEnd(HeldBackend backend, DormouseProcess server, IdleClients clients)
      throws IOException, InterruptedException {
    IdleTally tally = clients.tally();
    if (!options.held().isZero()) {
      holdOn(server, tally);
    }
    print(options.sessions(), Footprint.of(server.pid()), server);

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

  private void print(int sessions, Footprint taken, DormouseProcess server) {
    row(
        "%,d asleep".formatted(sessions),
        megabytes(taken.heap()),
        megabytes(taken.pss()),
        megabytes(taken.rss()),
        Long.toString(taken.threads()),
        Long.toString(taken.descriptors()),
        Long.toString(server.metric("dormouse_backend_connections{")));
  }

  private static String megabytes(long bytes) {
    return "%.1f MB".formatted(bytes / 1e6);
  }

  private void row(Object... cells) {
    say("%14s %11s %10s %10s %8s %12s %9s".formatted(cells));
  }

  private void say(String line) {
    out.println(line);
    out.flush();
  }
}
