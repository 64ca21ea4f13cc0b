package dormouse.imap;

import static java.nio.charset.StandardCharsets.UTF_8;

import dormouse.Dormouse;
import dormouse.FrontEnd;
import dormouse.StartFault;
import dormouse.config.AdminSettings;
import dormouse.config.BackendSettings;
import dormouse.config.GateSettings;
import dormouse.config.HealthSettings;
import dormouse.config.HibernateSettings;
import dormouse.config.ImapSettings;
import dormouse.config.LimitsSettings;
import dormouse.config.ListenSettings;
import dormouse.config.ListenTls;
import dormouse.config.PoolSettings;
import dormouse.config.Protocol;
import dormouse.config.RuntimeSettings;
import dormouse.config.Settings;
import dormouse.config.Watch;
import dormouse.listen.EventLoops;
import dormouse.ops.Metrics;
import dormouse.session.HandClock;
import dormouse.testkit.TrustingTls;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A whole Dormouse on one event loop between clients and a backend that both say what the test wants, by plain sockets on
/// loopback. Its clock is turned by hand. For one thread.
final class SessionStage implements AutoCloseable {
  private static final InetSocketAddress ANY =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  /// What carries a client's bytes.
  enum Carrier {
    IN_THE_CLEAR,
    OWN_RECORDS,
    ENGINE
  }

  /// At the end of a line: its CRLF is not said yet.
  private static final String MORE = "{more}";

  private static final Duration TICK = Duration.ofMillis(100);
  private static final Duration STRIDE = Duration.ofSeconds(1);
  private static final Duration FULL = Duration.ofMillis(500);
  private static final Duration LONG = Duration.ofMinutes(1);
  private static final Duration DRAIN = Duration.ofSeconds(10);
  private static final int CONNECT_MILLIS = 10_000;
  private static final Path STATE = stateDir();

  private final KernelEcho echo = new KernelEcho();
  private final HandClock clock = new HandClock();
  private final EventLoops loops = EventLoops.untimed(1, clock.steady());
  private final Dormouse dormouse;
  private final List<SpokenLines> clients = new ArrayList<>();
  final StageBackends backends;
  private final @Nullable StageDirectory directory;
  private final Carrier carrier;
  private final boolean byteByByte;
  private @Nullable Thread ending; // Dormouse
  private long relayed; // what clients have said since they logged in
  final Metrics metrics = new Metrics();

  /// @param watch how sleepers are watched
  /// @param fed whether a feed may tell of changes
  /// @param asked whether a daemon is asked who clients are, and again at a wake
  /// @param carrier of what clients say and hear
  /// @param byteByByte whether what client and backend say is written one byte at a time
  SessionStage(
      ImapSettings imap,
      HibernateSettings hibernate,
      LimitsSettings limits,
      GateSettings gate,
      PoolSettings pool,
      boolean trusted,
      Watch watch,
      boolean fed,
      boolean asked,
      Carrier carrier,
      boolean byteByByte) {
    this.carrier = carrier;
    this.byteByByte = byteByByte;
    this.backends = new StageBackends(/* elsewhere= */ asked);
    this.directory = asked ? new StageDirectory(backends) : null;
    Map<String, BackendSettings> backendSettings = new LinkedHashMap<>();
    backendSettings.put("mx", backend(backends.port(), trusted, gate, pool, watch));
    if (backends.hasSecond()) {
      backendSettings.put("mx2", backend(backends.portElsewhere(), trusted, gate, pool, watch));
    }
    Settings settings =
        Settings.of(List.of(new ListenSettings(Protocol.IMAP, ANY, tls(carrier))), backendSettings)
            .withImap(imap)
            .withHibernate(hibernate)
            .withLimits(limits)
            .withFeeds(fed ? List.of(FrontEnd.dovecotEvents()) : List.of())
            .withDirectory(directory == null ? List.of() : List.of(directory.link()))
            .withAdmin(new AdminSettings(null))
            .withRuntime(runtime(carrier));
    synchronized (STATE) { // the first makes the certificate there
      try {
        dormouse = Dormouse.start(settings, metrics, clock.steady(), loops);
      } catch (StartFault e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private static ListenTls tls(Carrier carrier) {
    return carrier == Carrier.IN_THE_CLEAR ? ListenTls.NONE : ListenTls.IMPLICIT;
  }

  private static RuntimeSettings runtime(Carrier carrier) {
    return new RuntimeSettings(
        1, STATE, DRAIN, FrontEnd.PARK, /* ownRecords= */ carrier != Carrier.ENGINE, List.of());
  }

  private static BackendSettings backend(
      int port, boolean trusted, GateSettings gate, PoolSettings pool, Watch watch) {
    return BackendSettings.inClear("127.0.0.1", port, trusted)
        .withGate(gate)
        .withPool(pool)
        .withWatch(watch)
        .withHealth(HealthSettings.UNCHECKED);
  }

  /// Who is asked who clients are.
  StageDirectory directory() {
    return Objects.requireNonNull(directory, "no `@ directory` at the top");
  }

  private static Path stateDir() {
    try {
      return Files.createTempDirectory("dormouse-transcripts");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// One more client; returns its number, from 1.
  int connect() {
    try {
      Socket socket = new Socket();
      socket.connect(dormouse.addresses().getFirst(), CONNECT_MILLIS);
      clients.add(
          carrier == Carrier.IN_THE_CLEAR
              ? new SpokenLines(socket)
              : new SpokenLines(TrustingTls.over(socket, "localhost"), socket));
      return clients.size();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  SpokenLines client(int number) {
    return clients.get(number - 1);
  }

  List<SpokenLines> everybody() {
    List<SpokenLines> all = new ArrayList<>(clients);
    all.addAll(backends.connections());
    return all;
  }

  /// A feed tells that a mailbox of a user has changed.
  ///
  /// @param mailbox null: it does not say which
  void tellOfChange(String user, @Nullable String mailbox) {
    String named =
        mailbox == null ? "" : ",\"cmd_name\":\"APPEND\",\"mailbox\":\"" + mailbox + "\"";
    String event =
        "{\"event\":\"push_notification_finished\",\"fields\":{\"user\":\"%s\"%s}}"
            .formatted(user, named);
    try (Socket socket = new Socket()) {
      socket.connect(dormouse.eventAddresses().getFirst(), CONNECT_MILLIS);
      String head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + event.length() + "\r\n\r\n";
      socket.getOutputStream().write((head + event).getBytes(UTF_8));
      if (socket.getInputStream().read() < 0) {
        throw new AssertionError("the feed does not answer");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    settle();
  }

  /// Says lines, in one write or byte by byte, and waits until they are read.
  ///
  /// @param counted whether a client says it that is logged in
  void say(SpokenLines speaker, List<String> lines, boolean counted) {
    byte[] bytes = (String.join("\r\n", lines) + "\r\n").replace(MORE + "\r\n", "").getBytes(UTF_8);
    if (byteByByte) {
      for (int i = 0; i < bytes.length; i++) {
        speaker.say(bytes, i, i + 1);
        turn();
      }
    } else {
      speaker.say(bytes, 0, bytes.length);
    }
    if (counted) {
      relayed += bytes.length;
      await(() -> relayedBytes() >= relayed, "the end of what the client says");
    }
    settle();
  }

  private long relayedBytes() {
    return (long) counter("dormouse_relayed_bytes_total{direction=\"client-to-backend\"}");
  }

  /// The value of a metric; 0 if there is none.
  double counter(String name) {
    return metrics
        .scrape()
        .lines()
        .filter(line -> line.startsWith(name + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
        .sum();
  }

  /// Waits until a metric has come to a value.
  void awaitCounter(String name, double least) {
    await(() -> counter(name) >= least, name);
  }

  /// Lets Dormouse deal with what was said.
  void settle() {
    for (int i = 0; i < 3; i++) {
      turn();
    }
  }

  /// Waits until the kernel has sent a client that does not read all that it will: the last of it by a timer of its own, after 200 ms.
  void fill(SpokenLines client) {
    int before;
    do {
      before = client.waitingBytes();
      LockSupport.parkNanos(FULL.toNanos());
    } while (client.waitingBytes() > before);
  }

  /// What was said reaches the other end; then the loop looks at its sockets, and runs this.
  private void turn() {
    echo.run();
    for (EventLoop loop : loops.all()) {
      try {
        loop.submit(() -> {}).syncUninterruptibly();
      } catch (RejectedExecutionException _) {
        // it has ended
      }
    }
  }

  /// Time passes tick by tick; long times in seconds.
  void pass(Duration time) {
    settle();
    Duration step = time.compareTo(LONG) > 0 ? STRIDE : TICK;
    Duration passed = Duration.ZERO;
    while (passed.compareTo(time) < 0) {
      clock.turn(step);
      loops.advance();
      passed = passed.plus(step);
    }
    settle();
  }

  /// Somebody sets the clock back.
  void setBack(Duration by) {
    settle();
    clock.set(by.negated());
    loops.advance();
  }

  /// Time passes until a connection to the backend says something.
  void passUntilHeard(SpokenLines connection, Duration most) {
    passUntil(connection::hasSpoken, most);
  }

  /// Time passes until the next connection reaches the backend, and is taken; returns its number from 1, or 0.
  int passUntilAccepted(Duration most) {
    passUntil(backends::acceptsAtOnce, most);
    return backends.count();
  }

  private void passUntil(BooleanSupplier happened, Duration most) {
    Duration passed = Duration.ZERO;
    while (!happened.getAsBoolean() && passed.compareTo(most) < 0) {
      pass(STRIDE);
      passed = passed.plus(STRIDE);
    }
  }

  /// A client closes, and Dormouse has noticed.
  void closeClient(int number) {
    long before = sessions();
    client(number).close();
    await(() -> sessions() < before, "the end of the client's session");
    settle();
  }

  private long sessions() {
    return Stream.of(Metrics.State.values()).mapToLong(metrics::sessions).sum();
  }

  /// The backend closes a connection, and Dormouse has noticed if it had not left by itself: it has one less, or comes anew.
  void closeConnection(int number, boolean left) {
    long before = metrics.backendConnections();
    backends.connection(number).close();
    if (!left) {
      await(
          () -> metrics.backendConnections() < before || backends.acceptsEarly(),
          "the end of the connection");
    }
    settle();
  }

  private static void await(BooleanSupplier condition, String what) {
    long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError(what + " does not come");
      }
      LockSupport.parkNanos(50_000);
    }
  }

  /// Sends a user away.
  void kick(String user) {
    dormouse.kick(user);
  }

  /// Tells Dormouse to end while the clients are there; they know when this returns.
  void shutDown() {
    tellToEnd();
    settle();
  }

  /// The same while its loop is busy, which hears of it when so much time has passed.
  ///
  /// @param meanwhile is done before the loop looks at anything
  void shutDown(Duration busy, Runnable meanwhile) {
    CountDownLatch done = new CountDownLatch(1);
    loops.all().getFirst().execute(() -> awaitThat(done));
    tellToEnd();
    meanwhile.run();
    clock.turn(busy);
    done.countDown();
    settle();
  }

  private void tellToEnd() {
    Thread thread = Thread.ofPlatform().start(dormouse::close);
    ending = thread;
    await(
        () ->
            switch (thread.getState()) {
              case TIMED_WAITING, TERMINATED -> true; // for them, or without
              default -> false;
            },
        "the drain");
  }

  private static void awaitThat(CountDownLatch done) {
    try {
      done.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private void awaitEnd() {
    Thread thread = ending;
    if (thread == null) {
      dormouse.close();
      return;
    }
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    everybody().forEach(SpokenLines::close);
    awaitEnd();
    backends.close();
    if (directory != null) {
      directory.close();
    }
    echo.close();
  }
}
