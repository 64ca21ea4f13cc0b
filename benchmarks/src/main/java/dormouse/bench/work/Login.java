package dormouse.bench.work;

import dormouse.bench.load.Client;
import dormouse.bench.load.ClosedLoop;
import dormouse.bench.load.Latencies;
import dormouse.bench.load.Load.Tls;
import dormouse.bench.stack.Stack;
import dormouse.bench.stack.StackKind;
import dormouse.bench.stack.Usage;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/// What does a login cost? See [#question].
final class Login implements Workload {
  private static final String NAME = "login";
  private static final int AT_ONCE = 32;
  private static final int USERS = 100;
  private static final int FIRST_LOGINS = 70; // the fewer, the more each has of what comes once
  private static final Measure FIRST =
      Measure.less(NAME, "full TLS, just started: front's CPU", "ms");

  private static final Duration LONG = Duration.ofMinutes(10);
  private static final long A_MOMENT = 200_000_000;

  /// What is measured of each way to connect.
  private record Measures(
      Measure front,
      Measure kernel,
      Measure compilers,
      Measure all,
      Measure rate,
      Measure median,
      Measure high,
      Measure resumed) {
    static Measures of(Tls tls) {
      String what = title(tls);
      return new Measures(
          Measure.less(NAME, what + ": front's CPU", "ms"),
          Measure.aside(NAME, what + ": of it the kernel's", "ms"),
          Measure.less(NAME, what + ": of it a virtual machine's compilers'", "ms"),
          Measure.less(NAME, what + ": CPU of front and back", "ms"),
          Measure.more(NAME, what + ": logins a second", ""),
          Measure.less(NAME, what + ": connect to logout, median", "ms"),
          Measure.less(NAME, what + ": connect to logout, 99 %", "ms"),
          Measure.more(NAME, what + ": share that resumed", "%"));
    }
  }

  private static final List<Tls> WAYS = List.of(Tls.FULL, Tls.RESUMED, Tls.NONE);

  private static String title(Tls tls) {
    return switch (tls) {
      case NONE -> "plain";
      case FULL -> "full TLS";
      case RESUMED -> "resumed TLS";
    };
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String question() {
    return String.format(
        Locale.ROOT,
        """
        Users connect, log in and out, %d at a time, each at once after the last, over TLS 1.3 with a full handshake, with a resumed one, and in the clear. \
        CPU is for each login, what of it is the kernel's to 10 ms of a round; most of the back's, where it is asked, is Dovecot's, which starts a process for each. What was just started has a row of its own, its first %d logins. Then each has, alone, and Dormouse before a Dovecot whose processes serve one session after the other, which is quicker, logins of each kind that do not count, until they take no less of its front's CPU \
        any more and nothing is compiled; before resumed ones count, each user has had one. Dormouse that trusts has asked the backend by then, and does not again.\
        """,
        AT_ONCE,
        FIRST_LOGINS);
  }

  @Override
  public List<StackKind> stacks() {
    return List.of(
        StackKind.DOVECOT,
        StackKind.NGINX,
        StackKind.DOVECOT_PROXY,
        StackKind.PERDITION,
        StackKind.HAPROXY,
        StackKind.DORMOUSE,
        StackKind.DORMOUSE_TRUSTING);
  }

  @Override
  public Rounds prepare(Bench bench, Stack stack) {
    bench.mailboxes(stack, 0, USERS);
    AtomicInteger next = new AtomicInteger(); // user, however many come at a time
    return new Rounds() {
      @Override
      public void warmUp() {
        first(bench, stack, next);
        stack.quickBackend(true);
        for (Tls tls : WAYS.reversed()) { // the cheapest first: most of the code is that of all
          bench.untilSteady(
              NAME,
              stack,
              title(tls),
              time -> run(bench, stack, tls, Long.MAX_VALUE, time, new Latencies(), next));
        }
        stack.quickBackend(false);
        run(bench, stack, Tls.RESUMED, USERS, LONG, new Latencies(), next);
      }

      @Override
      public void round() {
        WAYS.forEach(tls -> measure(bench, stack, tls, next));
      }

      @Override
      public void close() {}
    };
  }

  /// Before anything is compiled or believed.
  private static void first(Bench bench, Stack stack, AtomicInteger next) {
    if (stack.proxied()) {
      stack.restart(); // clients have come already
    }
    stack.awaitCompilers();
    Usage before = stack.usage();
    long count = run(bench, stack, Tls.FULL, FIRST_LOGINS, LONG, new Latencies(), next).count();
    stack.awaitCompilers(); // which are at work for these logins yet
    if (stack.proxied() && stack.kind() != StackKind.DORMOUSE_TRUSTING) { // who trusts nobody yet
      bench.add(FIRST, stack, stack.usage().minus(before).front() * 1e3 / count);
    }
  }

  private static void measure(Bench bench, Stack stack, Tls tls, AtomicInteger next) {
    Measures measures = Measures.of(tls);
    Latencies latencies = new Latencies();
    LockSupport.parkNanos(A_MOMENT); // what is left of others ends
    long resumed = bench.load().resumed();
    Usage before = stack.usage();
    ClosedLoop.Outcome outcome =
        run(bench, stack, tls, bench.size().logins(), LONG, latencies, next);
    LockSupport.parkNanos(A_MOMENT);
    Usage used = stack.usage().minus(before);
    if (stack.proxied()) {
      bench.add(measures.front(), stack, used.front() * 1e3 / outcome.count());
      bench.add(measures.kernel(), stack, used.kernel() * 1e3 / outcome.count());
    }
    if (stack.kind().isDormouse()) {
      bench.add(measures.compilers(), stack, used.compilers() * 1e3 / outcome.count());
    }
    bench.add(measures.all(), stack, used.sum() * 1e3 / outcome.count());
    bench.add(measures.rate(), stack, outcome.perSecond());
    bench.add(measures.median(), measures.high(), stack, latencies);
    if (tls == Tls.RESUMED) {
      double share = (bench.load().resumed() - resumed) * 100.0 / outcome.count();
      bench.add(measures.resumed(), stack, share);
    }
  }

  private static ClosedLoop.Outcome run(
      Bench bench,
      Stack stack,
      Tls tls,
      long most,
      Duration time,
      Latencies latencies,
      AtomicInteger next) {
    return ClosedLoop.run(
        AT_ONCE,
        most,
        time,
        bench.faults(stack),
        latencies,
        _ -> bench.login(stack, next.getAndIncrement() % USERS, tls).thenCompose(Client::logout));
  }
}
