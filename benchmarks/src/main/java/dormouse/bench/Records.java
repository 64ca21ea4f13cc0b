package dormouse.bench;

import dormouse.bench.load.Check;
import dormouse.bench.load.Client;
import dormouse.bench.load.Faults;
import dormouse.bench.load.Load;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;

/// What do TLS records of our own, and parking, cost beside Netty's SslHandler with BoringSSL?
/// ```text
/// ./bench own records [--rounds 5] [--echoes 50000] [--connections 64] [--parked 2000] [--handshakes 4000]
///   [--megabytes 1024] [--only echo,still-here,handshakes,bulk] [--kinds plain,live,light,full]
/// ```
/// - **echo**: lines of 1 to 100 bytes, each tenth of up to 16 KiB, come back as they are, from [EchoServer]: on channels, and parked. The processor time of one.
/// - **still-here**: the server says `* OK Still here` to all that are parked. The processor time of one.
/// - **handshakes**: TLS 1.3 (P-256, X25519), up to the greeting, then the client leaves; full and resumed. How many in a second of the processors.
/// - **bulk**: FETCH of a large message through two Dormice, of which one leaves the records to BoringSSL (`runtime.own-records: false`). The processor time of a GB.
///
/// The servers are processes of their own; counted is all they use, the kernel's part and the collector's with it, but for what the
/// virtual machine compiles. A round has all kinds, one behind the other, so that a busy machine troubles all alike; a ratio is that of one round. As many rounds before are not counted.
/// The suite is AES-128-GCM.
public final class Records {
  private static final int STILL_HERE_TIMES = 20;
  private static final int MESSAGE_BYTES = 64 << 20;
  private static final int AT_ONCE = 32; // handshakes

  private final RecordsOptions options;
  private final PrintStream out;

  private Records(RecordsOptions options, PrintStream out) {
    this.options = options;
    this.out = out;
  }

  public static void main(String... arguments) throws IOException {
    RecordsOptions options;
    try {
      options = RecordsOptions.of(arguments);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage() + "\n" + RecordsOptions.USAGE);
      System.exit(2);
      return;
    }
    Locale.setDefault(Locale.ROOT);
    new Records(options, System.out).run();
    System.exit(0);
  }

  private void run() throws IOException {
    if (options.only().contains("bulk")) {
      bulk();
    }
    try (EchoProcess server = EchoProcess.start();
        EchoClients clients = new EchoClients()) {
      if (options.only().contains("echo")) {
        echo(server, clients);
      }
      if (options.only().contains("still-here")) {
        stillHere(server, clients);
      }
      if (options.only().contains("handshakes")) {
        handshakes(server, clients, false);
        handshakes(server, clients, true);
      }
    }
  }

  private record Echo(EchoKind kind, EchoClients.Open open, Series micros) {}

  private static long nanosOf(long pid, Runnable work) {
    long before = CpuTime.withoutCompilers(pid).toNanos();
    work.run();
    return CpuTime.withoutCompilers(pid).toNanos() - before;
  }

  private void echo(EchoProcess server, EchoClients clients) {
    List<Echo> all =
        options.kinds().stream()
            .map(kind ->
                new Echo(
                    kind,
                    clients.open(server.port(kind), kind != EchoKind.PLAIN, options.connections()),
                    new Series()))
            .toList();
    for (int round = -options.rounds(); round < options.rounds(); round++) {
      for (Echo each : all) {
        long nanos = nanosOf(server.pid(), () -> each.open().echo(options.echoes()));
        if (round >= 0) {
          each.micros().add(nanos / 1e3 / options.echoes());
        }
      }
    }
    all.forEach(each -> each.open().close());
    say("Echo, µs of the server for a line; ratio to SslHandler");
    Series reference = new Series();
    all.stream()
        .filter(each -> each.kind() == EchoKind.ENGINE)
        .forEach(each -> reference.addAll(each.micros()));
    all.forEach(each -> row(each.kind().label, each.micros(), reference, "%.1f"));
  }

  private void stillHere(EchoProcess server, EchoClients clients) {
    Series micros = new Series();
    try (EchoClients.Open open =
        clients.open(server.port(EchoKind.LIGHT), true, options.parked())) {
      for (int round = -options.rounds(); round < options.rounds(); round++) {
        List<CompletableFuture<Void>> heard = open.expectStillHere(STILL_HERE_TIMES);
        int[] told = new int[1];
        long nanos =
            nanosOf(
                server.pid(),
                () -> {
                  told[0] = server.tell(STILL_HERE_TIMES);
                  EchoClients.await(heard);
                });
        if (told[0] < 99L * options.parked() * STILL_HERE_TIMES / 100) {
          throw new IllegalStateException("only " + told[0] + " were told");
        }
        if (round >= 0) {
          micros.add(nanos / 1e3 / told[0]);
        }
      }
    }
    say("\"* OK Still here\" to one of %,d parked, µs".formatted(options.parked()));
    say("  " + micros.text("%.1f"));
  }

  private void handshakes(EchoProcess server, EchoClients clients, boolean resumes) {
    Series engine = new Series();
    Series own = new Series();
    Map<EchoKind, Series> rates = Map.of(EchoKind.ENGINE, engine, EchoKind.LIVE, own);
    int before = clients.resumed();
    for (int round = -options.rounds(); round < options.rounds(); round++) {
      for (Map.Entry<EchoKind, Series> each : rates.entrySet()) {
        int port = server.port(each.getKey());
        long nanos =
            nanosOf(
                server.pid(),
                () -> clients.handshakes(port, options.handshakes(), AT_ONCE, resumes));
        if (round >= 0) {
          each.getValue().add(options.handshakes() / (nanos / 1e9));
        }
      }
    }
    int resumed = clients.resumed() - before;
    int all = 2 * options.rounds() * rates.size() * options.handshakes();
    if (resumed < (resumes ? all - rates.size() * AT_ONCE : 0) || (!resumes && resumed > 0)) {
      throw new IllegalStateException("%,d of %,d were resumed".formatted(resumed, all));
    }
    say(
        "%s handshakes in a second of the processors; ratio to SslHandler"
            .formatted(resumes ? "Resumed" : "Full"));
    row(EchoKind.ENGINE.label, engine, engine, "%.0f");
    row(EchoKind.LIVE.label, own, engine, "%.0f");
  }

  private void bulk() throws IOException {
    byte[] message = new byte[MESSAGE_BYTES];
    new Random(1).nextBytes(message);
    ByteBuf expected =
        Unpooled.unreleasableBuffer(Unpooled.directBuffer(MESSAGE_BYTES).writeBytes(message));
    Series engine = new Series();
    Series own = new Series();
    try (LargeMessages backend = new LargeMessages(message);
        Load load = new Load(1);
        DormouseProcess byEngine = dormouse(backend, false);
        DormouseProcess byUs = dormouse(backend, true)) {
      Faults faults = new Faults();
      Client ofEngine = client(load, byEngine, faults);
      Client ofUs = client(load, byUs, faults);
      for (int round = -options.rounds(); round < options.rounds(); round++) {
        double engineSeconds = fetch(byEngine, ofEngine, expected);
        double ownSeconds = fetch(byUs, ofUs, expected);
        if (round >= 0) {
          engine.add(engineSeconds);
          own.add(ownSeconds);
        }
      }
      long carried = byUs.metric("dormouse_tls_handshakes_total{carrier=\"own\"}");
      if (carried != 1 || byEngine.metric("dormouse_tls_handshakes_total{carrier=\"own\"}") != 0) {
        throw new IllegalStateException("not carried as it should be");
      }
    }
    say(
        "FETCH of %,d MB, s of Dormouse's for a GB; ratio to SslHandler"
            .formatted(options.megabytes()));
    row(EchoKind.ENGINE.label, engine, engine, "%.2f");
    row(EchoKind.LIVE.label, own, engine, "%.2f");
  }

  private DormouseProcess dormouse(LargeMessages backend, boolean ownRecords) throws IOException {
    return DormouseProcess.start(
        options.jar(),
        """
        backends: { mx: { address: "127.0.0.1:%d", tls: none } }
        limits: { exempt: [ 127.0.0.0/8 ] }
        """
            .formatted(backend.port()),
        "own-records: " + ownRecords);
  }

  private static Client client(Load load, DormouseProcess dormouse, Faults faults) {
    return load.connect("client", dormouse.port(), Load.Tls.FULL, faults)
        .thenCompose(client -> client.login("u", "pass"))
        .thenCompose(client -> client.select(1, LargeMessages.UID_VALIDITY))
        .join();
  }

  /// @return seconds of the processors for 10^9 bytes
  private double fetch(DormouseProcess dormouse, Client client, ByteBuf expected) {
    int times = Math.max(1, (int) ((long) options.megabytes() * (1 << 20) / MESSAGE_BYTES));
    long nanos =
        nanosOf(
            dormouse.pid(),
            () -> {
              for (int i = 0; i < times; i++) {
                client.say("UID FETCH 1 BODY.PEEK[]", Check.body(1, expected)).join();
              }
            });
    return (double) nanos / times / MESSAGE_BYTES;
  }

  private void row(String name, Series values, Series reference, String format) {
    say(
        "  %-16s %s   %s"
            .formatted(name, values.text(format), values.dividedBy(reference).text("%.2f")));
  }

  private void say(String line) {
    out.println(line);
    out.flush();
  }
}
