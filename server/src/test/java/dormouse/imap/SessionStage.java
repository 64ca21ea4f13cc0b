package dormouse.imap;

import static java.nio.charset.StandardCharsets.UTF_8;

import dormouse.Dormouse;
import dormouse.FrontEnd;
import dormouse.StartFault;
import dormouse.config.AdminSettings;
import dormouse.config.AuthUrl;
import dormouse.config.BackendSettings;
import dormouse.config.GateSettings;
import dormouse.config.HealthSettings;
import dormouse.config.HibernateSettings;
import dormouse.config.HttpLinkSettings;
import dormouse.config.ImapSettings;
import dormouse.config.LinkSettings;
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
import dormouse.testkit.AuthDaemon;
import dormouse.testkit.FreePort;
import dormouse.testkit.TrustingTls;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
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

  private final Echo echo = new Echo();
  private final HandClock clock = new HandClock();
  private final EventLoops loops = EventLoops.untimed(1, clock.steady());
  private final Dormouse dormouse;
  private final List<SpokenLines> clients = new ArrayList<>();
  private final List<SpokenLines> connections = new ArrayList<>();
  private boolean cameEarly; // the last connection was taken before anybody asked for it
  private @Nullable ServerSocket backend;
  private final int backendPort;
  private final @Nullable ServerSocket
      elsewhere; // a second backend, for whom the directory sends there
  private final Set<Integer> cameElsewhere = new HashSet<>();
  private final @Nullable AuthDaemon daemon;
  private CompletableFuture<AuthDaemon.Answer> awaited =
      new CompletableFuture<>(); // of the directory
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
    ServerSocket listening = listen(FreePort.next()); // nobody else's while it refuses
    this.backend = listening;
    this.backendPort = listening.getLocalPort();
    this.elsewhere = asked ? listen(0) : null;
    this.daemon = asked ? AuthDaemon.start(_ -> AuthDaemon.Answer.accept(backendPort)) : null;
    Map<String, BackendSettings> backends = new LinkedHashMap<>();
    backends.put("mx", backend(backendPort, trusted, gate, pool, watch));
    if (elsewhere != null) {
      backends.put("mx2", backend(elsewhere.getLocalPort(), trusted, gate, pool, watch));
    }
    Settings settings =
        Settings.of(List.of(new ListenSettings(Protocol.IMAP, ANY, tls(carrier))), backends)
            .withImap(imap)
            .withHibernate(hibernate)
            .withFeeds(fed ? List.of(FrontEnd.dovecotEvents()) : List.of())
            .withDirectory(daemon == null ? List.of() : List.of(link(daemon)))
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

  private static LinkSettings link(AuthDaemon daemon) {
    return LinkSettings.of(
        new HttpLinkSettings(
            new AuthUrl(false, "127.0.0.1", daemon.port(), "/auth"),
            List.of(),
            /* passClientCertificate= */ false,
            /* keepAlive= */ 0,
            /* extended= */ true,
            /* resume= */ true,
            /* ca= */ null));
  }

  /// What the directory's daemon answers from now on.
  ///
  /// @param status as in its header; `OK` accepts, `elsewhere` accepts and sends to the second backend
  void directorySays(String status) {
    AuthDaemon.Answer answer =
        switch (status) {
          case "OK" -> AuthDaemon.Answer.accept(backendPort);
          case "elsewhere" ->
              AuthDaemon.Answer.accept(Objects.requireNonNull(elsewhere).getLocalPort());
          default -> AuthDaemon.Answer.of("Auth-Status: " + status);
        };
    theDaemon().script(_ -> answer);
    awaited.complete(answer);
  }

  /// Whoever asks has no answer before [#directorySays].
  void directoryWaits() {
    CompletableFuture<AuthDaemon.Answer> answer = new CompletableFuture<>();
    awaited = answer;
    theDaemon().script(_ -> answer.join());
  }

  void directoryRefuses() {
    theDaemon().refuse();
  }

  void directoryListens() {
    theDaemon().listen();
  }

  private AuthDaemon theDaemon() {
    return Objects.requireNonNull(daemon, "no `@ directory` at the top");
  }

  private static Path stateDir() {
    try {
      return Files.createTempDirectory("dormouse-transcripts");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static ServerSocket listen(int port) {
    try {
      ServerSocket socket = ServerSocketChannel.open().socket();
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      return socket;
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

  /// Takes the next connection to the backend; returns its number from 1, or 0 if none comes.
  int accept() {
    if (cameEarly) {
      cameEarly = false;
      return connections.size();
    }
    return accept(CONNECT_MILLIS);
  }

  /// Whether a connection waits to be taken.
  boolean connectionWaits() {
    return accept(1) > 0;
  }

  /// The same at the second backend.
  int acceptElsewhere() {
    return cameEarly ? accept() : accept(elsewhere, CONNECT_MILLIS);
  }

  /// Whether a connection reached the second backend.
  boolean isElsewhere(int number) {
    return cameElsewhere.contains(number);
  }

  private int accept(int withinMillis) {
    int number = accept(backend, withinMillis);
    return number > 0 || elsewhere == null ? number : accept(elsewhere, 1);
  }

  private int accept(@Nullable ServerSocket listening, int withinMillis) {
    if (listening == null) {
      return 0;
    }
    try {
      listening.setSoTimeout(withinMillis);
      connections.add(new SpokenLines(listening.accept()));
      if (listening.equals(elsewhere)) {
        cameElsewhere.add(connections.size());
      }
      return connections.size();
    } catch (SocketTimeoutException _) {
      return 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  SpokenLines connection(int number) {
    if (number > connections.size()) {
      throw new AssertionError("there is no connection " + number + " yet");
    }
    return connections.get(number - 1);
  }

  List<SpokenLines> everybody() {
    List<SpokenLines> all = new ArrayList<>(clients);
    all.addAll(connections);
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

  void refuseConnections() {
    if (backend != null) {
      close(backend);
    }
    backend = null;
  }

  private static void close(ServerSocket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void takeConnections() {
    backend = listen(backendPort);
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

  /// What was said reaches the other end, for the kernel keeps the order of what one thread sends; then the loop looks at its
  /// sockets, and runs this.
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
    passUntil(this::connectionWaits, most);
    return connections.size();
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
    connection(number).close();
    if (!left) {
      await(
          () -> metrics.backendConnections() < before || comesAnew(), "the end of the connection");
    }
    settle();
  }

  private boolean comesAnew() {
    cameEarly = cameEarly || connectionWaits();
    return cameEarly;
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
    refuseConnections();
    if (daemon != null) {
      daemon.close();
    }
    if (elsewhere != null) {
      close(elsewhere);
    }
    echo.close();
  }

  /// A byte through the kernel and back to the thread that sent it.
  private static final class Echo implements Runnable, AutoCloseable {
    private final Socket near = new Socket();
    private final Socket far;

    Echo() {
      try (ServerSocket between = listen(0)) {
        near.connect(between.getLocalSocketAddress(), CONNECT_MILLIS);
        far = between.accept();
        near.setTcpNoDelay(true);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void run() {
      try {
        near.getOutputStream().write('.');
        if (far.getInputStream().read() != '.') {
          throw new IllegalStateException("no echo");
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void close() {
      try {
        near.close();
        far.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
