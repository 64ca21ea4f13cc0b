package dormouse.bench;

import dormouse.bench.load.Client;
import dormouse.bench.load.ClosedLoop;
import dormouse.bench.load.Faults;
import dormouse.bench.load.Latencies;
import dormouse.bench.load.Load;
import dormouse.bench.stack.AtEnd;
import dormouse.testkit.AuthDaemon;
import dormouse.testkit.LoginBackend;
import dormouse.testkit.NginxMailServer;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// How many TLS logins does a front end do in a second of the processors, beside nginx?
/// ```text
/// ./bench own login [--logins 10000] [--clients 64] [--rounds 3] [--only plain,keep-alive,cache,pool] [--until login|greeting]
/// ```
/// Nginx's mail proxy and Dormouse, in processes of their own, with the same certificate and as many workers as loops; behind each, in this process, an auth
/// daemon and a backend that nobody else connects to: what one of them has open takes ports from none of the others, whose kernel would have to look for free ones. A round is that many users who log in once each and leave without a word; or, `--until greeting`, before they
/// log in, which tells what a TLS connection takes by itself. By turns nginx and
/// each Dormouse, so that a busy machine troubles all alike. Counted is what the processes of the front end use of the processors,
/// their kernel's part with it, in steps of 10 ms. No round counts before none of them has used less for two rounds in turn, or sixteen have gone by: compilers
/// and pools warm up. What was just started is told by its first round.
///
/// Dormouse comes as nginx is (a connection to the daemon each), with `keep-alive`, with `cache`, where the first
/// round has filled it, and with the pool beside it, where who comes again with the same password within an hour needs no backend to be let in.
public final class Login {
  private static final int MOST_WARM_ROUNDS = 16;
  private static final int STEADY = 2;
  private static final int LOOPS = 2;
  private static final Duration LONG = Duration.ofMinutes(10);
  private static final double NO_LESS = 0.97;
  private static final String CACHE = ", cache: 1h, cache-entries: 1000000";
  private static final String NO_POOL = "{ per-user: 0 }";
  private static final String POOL =
      "{ per-user: 1, keep-after-logout: 9m, trust-password: 1h, max: 1000000 }";
  private static final int WORKERS = Runtime.getRuntime().availableProcessors();

  /// A front end that is measured.
  private static final class FrontEnd {
    final String name;
    final int port;
    final List<Long> pids;
    final Behind behind;
    final List<Double> rates = new ArrayList<>();
    double first;
    private double most;
    private int steady; // rounds in turn in which it did no more logins than before

    FrontEnd(String name, int port, List<Long> pids, Behind behind) {
      this.name = name;
      this.port = port;
      this.pids = pids;
      this.behind = behind;
    }

    void warmedUp(double rate) {
      first = most == 0 ? rate : first;
      steady = rate * NO_LESS <= most ? steady + 1 : 0;
      most = Math.max(most, rate);
    }

    boolean isSteady() {
      return steady >= STEADY;
    }
  }

  /// What a front end asks: an auth daemon, and the backend that it names.
  private record Behind(LoginBackend backend, AuthDaemon daemon) implements AutoCloseable {
    static Behind start() {
      LoginBackend backend = LoginBackend.start();
      return new Behind(backend, AuthDaemon.start(request -> answer(request, backend.port())));
    }

    void forget() {
      daemon.takeRequests();
      backend.takeLogins();
    }

    @Override
    public void close() {
      daemon.close();
      backend.close();
    }
  }

  private record Named(String name, DormouseProcess process, Behind behind) {}

  /// Those that run, to be stopped together.
  private static final class Dormice extends ArrayList<Named> implements AutoCloseable {
    private static final long serialVersionUID = 1;

    @Override
    public void close() {
      forEach(each -> {
        each.process().close();
        each.behind().close();
      });
    }
  }

  private final LoginOptions options;
  private final PrintStream out;

  private Login(LoginOptions options, PrintStream out) {
    this.options = options;
    this.out = out;
  }

  public static void main(String... arguments) throws IOException, InterruptedException {
    LoginOptions options;
    try {
      options = LoginOptions.of(arguments);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage() + "\n" + LoginOptions.USAGE);
      System.exit(2);
      return;
    }
    Locale.setDefault(Locale.ROOT);
    new Login(options, System.out).run();
    System.exit(0);
  }

  private void run() throws IOException, InterruptedException {
    try (Behind behindNginx = Behind.start();
        NginxMailServer nginx =
            AtEnd.close(
                NginxMailServer.start(
                    WORKERS, "auth_http 127.0.0.1:" + behindNginx.daemon().port() + "/auth;"));
        Load load = new Load(LOOPS);
        Dormice dormice = new Dormice()) {
      for (String kind : options.only()) {
        dormice.add(
            switch (kind) {
              case "keep-alive" ->
                  dormouse("Dormouse, keep-alive", nginx, ", keep-alive: 64", "", NO_POOL);
              case "cache" -> dormouse("Dormouse, cache", nginx, "", CACHE, NO_POOL);
              case "pool" -> dormouse("Dormouse, cache and pool", nginx, "", CACHE, POOL);
              default -> dormouse("Dormouse", nginx, "", "", NO_POOL);
            });
      }
      out.printf(
          "%,d %s by %d clients at a time, %d workers and loops%n",
          options.logins(), what(), options.clients(), WORKERS);
      for (boolean resumes : new boolean[] {false, true}) {
        List<FrontEnd> all = new ArrayList<>();
        all.add(new FrontEnd("nginx", nginx.tlsPort(), nginx.pids(), behindNginx));
        dormice.forEach(each -> all.add(frontEnd(each)));
        measure(all, resumes, load);
        report(all, resumes ? "resumed" : "full handshakes");
      }
    }
  }

  private String what() {
    return options.alone() ? "connections" : "logins";
  }

  private static AuthDaemon.Answer answer(AuthDaemon.Request request, int port) {
    String[] headers = {
      "Auth-Status: OK",
      "Auth-Server: 127.0.0.1",
      "Auth-Port: " + port,
      "Auth-Pass: of-the-backend" // the pool lends nobody a connection by a password of his own
    };
    return request.text().startsWith("GET /auth HTTP/1.1\r\n")
        ? AuthDaemon.Answer.kept(headers)
        : AuthDaemon.Answer.of(headers);
  }

  private Named dormouse(String name, NginxMailServer nginx, String http, String link, String pool)
      throws IOException {
    Behind behind = Behind.start();
    DormouseProcess process =
        DormouseProcess.start(
            options.jar(),
            """
            tls: { certificates: [ { certificate: %s, key: %s } ] }
            backends:
              any:
                address: "*"
                tls: none
                gate: { logins-per-second: 100000, burst: 100000, concurrent-logins: 1000, queue: 100000 }
                pool: %s
            directory:
              - { http: { url: "http://127.0.0.1:%d/auth"%s }%s }
            limits: { exempt: [ 127.0.0.0/8 ] }
            """
                .formatted(
                    nginx.certificate().certificate(),
                    nginx.certificate().key(),
                    pool,
                    behind.daemon().port(),
                    http,
                    link));
    return new Named(name, process, behind);
  }

  private static FrontEnd frontEnd(Named dormouse) {
    return new FrontEnd(
        dormouse.name(),
        dormouse.process().port(),
        List.of(dormouse.process().pid()),
        dormouse.behind());
  }

  private void measure(List<FrontEnd> all, boolean resumes, Load load) {
    if (resumes) {
      all.forEach(each -> logIn(each, Load.Tls.RESUMED, load)); // who has no session to resume yet
    }
    int warm = 0;
    while (warm < MOST_WARM_ROUNDS && !all.stream().allMatch(FrontEnd::isSteady)) {
      for (FrontEnd each : all) {
        each.warmedUp(round(each, resumes, load));
      }
      warm++;
    }
    out.printf("%n%d rounds before it counts%n", warm);
    for (int round = 0; round < options.rounds(); round++) {
      for (FrontEnd each : all) {
        each.rates.add(round(each, resumes, load));
      }
    }
  }

  /// Logins in a second of the processors.
  private double round(FrontEnd each, boolean resumes, Load load) {
    long before = load.resumed();
    Duration begin = CpuTime.of(each.pids);
    logIn(each, resumes ? Load.Tls.RESUMED : Load.Tls.FULL, load);
    Duration used = CpuTime.of(each.pids).minus(begin);
    long resumed = load.resumed() - before;
    int expected = resumes ? options.logins() : 0;
    if (Math.abs(resumed - expected) > options.logins() / 10) {
      throw new IllegalStateException(each.name + " has resumed " + resumed);
    }
    each.behind.forget();
    return rate(options.logins(), used.toMillis() / 1000.0);
  }

  /// Logins in a second; without bound where they took no step of the clock.
  static double rate(int logins, double seconds) {
    return seconds > 0 ? logins / seconds : Double.POSITIVE_INFINITY;
  }

  /// Each user once.
  private void logIn(FrontEnd each, Load.Tls tls, Load load) {
    AtomicInteger next = new AtomicInteger();
    Faults faults = new Faults();
    ClosedLoop.run(
        options.clients(),
        options.logins(),
        LONG,
        faults,
        new Latencies(),
        _ -> {
          String user = "u" + next.getAndIncrement();
          return load.connect(user, each.port, tls, faults)
              .thenCompose(client ->
                  options.alone()
                      ? client.closed()
                      : client.login(user, "secret").thenCompose(Client::closed));
        });
    if (faults.count() + faults.lateCount() > 0) {
      throw new IllegalStateException(
          "%s: %s %s".formatted(each.name, faults.first(), faults.firstLate()));
    }
  }

  private void report(List<FrontEnd> all, String what) {
    out.printf(
        "%nOf these in a CPU-second, %s: the first round, and min, median, max of %d later ones; to nginx's of the same round%n",
        what, options.rounds());
    List<Double> beside = all.getFirst().rates;
    for (FrontEnd each : all) {
      out.println(line(each.name, each.first, each.rates, beside));
    }
    out.flush();
  }

  /// What is told of one front end; no ratio where a round of it or of nginx is below the noise.
  static String line(String name, double first, List<Double> rates, List<Double> beside) {
    double[] sorted = sorted(rates.stream());
    double[] ratios =
        sorted(IntStream.range(0, beside.size()).mapToObj(i -> rates.get(i) / beside.get(i)));
    boolean measured = Stream.concat(rates.stream(), beside.stream()).allMatch(Double::isFinite);
    return "%-24s %7s   %7s %7s %7s   %s"
        .formatted(
            name,
            figure(first),
            figure(sorted[0]),
            figure(median(sorted)),
            figure(sorted[sorted.length - 1]),
            measured
                ? "%.2f %.2f %.2f of nginx"
                    .formatted(ratios[0], median(ratios), ratios[ratios.length - 1])
                : "no ratio to nginx");
  }

  private static String figure(double rate) {
    return Double.isFinite(rate) ? "%,.0f".formatted(rate) : "below the noise";
  }

  private static double median(double[] sorted) {
    return sorted[sorted.length / 2];
  }

  private static double[] sorted(Stream<Double> numbers) {
    return numbers.mapToDouble(Double::doubleValue).sorted().toArray();
  }
}
