package dormouse.bench;

import dormouse.testkit.AuthDaemon;
import dormouse.testkit.LoginBackend;
import dormouse.testkit.NginxMailServer;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// How many TLS logins does a front end do in a second of the processors, beside nginx?
/// ```text
/// ./bench own login [--logins 10000] [--clients 64] [--rounds 3] [--only plain,keep-alive,cache,pool]
/// ```
/// One auth daemon and one backend, in this process; before them nginx's mail proxy and Dormouse, in processes of their own,
/// with the same certificate and as many workers as loops. A round is that many users who log in once each; by turns nginx and
/// each Dormouse, so that a busy machine troubles all alike. Counted is what the processes of the front end use of the processors,
/// their kernel's part with it. The first four rounds of each are not counted: compilers and pools warm up
/// (a method that runs once a login is compiled for good after 5,000 to 15,000 of them).
///
/// Dormouse comes as nginx is (a connection to the daemon each), with `keep-alive`, with `cache`, where the first
/// round has filled it, and with the pool beside it, where who comes again within nine minutes is lent the backend connection that he left.
public final class Login {
  private static final int WARM_ROUNDS = 4;
  private static final String CACHE = ", cache: 1h, cache-entries: 1000000";
  private static final String NO_POOL = "{ per-user: 0 }";
  private static final String POOL = "{ per-user: 1, keep-after-logout: 9m, max: 1000000 }";
  private static final int WORKERS = Runtime.getRuntime().availableProcessors();

  /// A front end that is measured.
  private record FrontEnd(String name, int port, List<Long> pids, List<Double> rates) {}

  private record Named(String name, DormouseProcess process) {}

  /// Those that run, to be stopped together.
  private static final class Dormice extends ArrayList<Named> implements AutoCloseable {
    private static final long serialVersionUID = 1;

    @Override
    public void close() {
      forEach(each -> each.process().close());
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
    try (LoginBackend backend = LoginBackend.start();
        AuthDaemon daemon = AuthDaemon.start(request -> answer(request, backend.port()));
        NginxMailServer nginx =
            NginxMailServer.start(WORKERS, "auth_http 127.0.0.1:" + daemon.port() + "/auth;");
        Dormice dormice = new Dormice()) {
      for (String kind : options.only()) {
        dormice.add(
            switch (kind) {
              case "keep-alive" ->
                  new Named(
                      "Dormouse, keep-alive",
                      dormouse(nginx, daemon, ", keep-alive: 64", "", NO_POOL));
              case "cache" ->
                  new Named("Dormouse, cache", dormouse(nginx, daemon, "", CACHE, NO_POOL));
              case "pool" ->
                  new Named("Dormouse, cache and pool", dormouse(nginx, daemon, "", CACHE, POOL));
              default -> new Named("Dormouse", dormouse(nginx, daemon, "", "", NO_POOL));
            });
      }
      out.printf(
          "%,d logins by %d clients at a time, %d workers and loops%n",
          options.logins(), options.clients(), WORKERS);
      for (boolean resumes : new boolean[] {false, true}) {
        List<FrontEnd> all = new ArrayList<>();
        all.add(new FrontEnd("nginx", nginx.tlsPort(), nginx.pids(), new ArrayList<>()));
        dormice.forEach(each -> all.add(frontEnd(each)));
        measure(all, resumes, daemon, backend);
        report(all, resumes ? "resumed" : "full handshakes");
      }
    }
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

  private DormouseProcess dormouse(
      NginxMailServer nginx, AuthDaemon daemon, String http, String link, String pool)
      throws IOException {
    return DormouseProcess.start(
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
                daemon.port(),
                http,
                link));
  }

  private static FrontEnd frontEnd(Named dormouse) {
    return new FrontEnd(
        dormouse.name(),
        dormouse.process().port(),
        List.of(dormouse.process().pid()),
        new ArrayList<>());
  }

  private void measure(List<FrontEnd> all, boolean resumes, AuthDaemon daemon, LoginBackend backend)
      throws InterruptedException {
    for (int round = 0; round < WARM_ROUNDS + options.rounds(); round++) {
      for (FrontEnd each : all) {
        LoginStorm storm = new LoginStorm(each.port(), options.clients(), resumes);
        Duration before = CpuTime.of(each.pids());
        storm.run(options.logins());
        Duration used = CpuTime.of(each.pids()).minus(before);
        int expected = resumes ? options.logins() - options.clients() : 0;
        if (Math.abs(storm.resumed() - expected) > options.logins() / 10) {
          throw new IllegalStateException(each.name() + " has resumed " + storm.resumed());
        }
        if (round >= WARM_ROUNDS) {
          each.rates().add(options.logins() / (used.toMillis() / 1000.0));
        }
        daemon.takeRequests();
        backend.takeLogins();
      }
    }
  }

  private void report(List<FrontEnd> all, String what) {
    out.printf(
        "%nLogins in a CPU-second, %s: min, median, max of %d rounds%n", what, options.rounds());
    double beside = median(all.getFirst().rates());
    for (FrontEnd each : all) {
      double[] sorted = sorted(each.rates());
      out.printf(
          "%-22s %,7.0f %,7.0f %,7.0f   %.2f of nginx%n",
          each.name(),
          sorted[0],
          median(each.rates()),
          sorted[sorted.length - 1],
          median(each.rates()) / beside);
    }
    out.flush();
  }

  private static double median(List<Double> rates) {
    double[] sorted = sorted(rates);
    return sorted[sorted.length / 2];
  }

  private static double[] sorted(List<Double> rates) {
    double[] sorted = rates.stream().mapToDouble(Double::doubleValue).toArray();
    Arrays.sort(sorted);
    return sorted;
  }
}
