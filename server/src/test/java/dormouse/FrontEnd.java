package dormouse;

import dormouse.config.AdminSettings;
import dormouse.config.BackendSettings;
import dormouse.config.DovecotEventsSettings;
import dormouse.config.FeedSettings;
import dormouse.config.HealthSettings;
import dormouse.config.HibernateSettings;
import dormouse.config.ListenSettings;
import dormouse.config.ListenTls;
import dormouse.config.PoolSettings;
import dormouse.config.Protocol;
import dormouse.config.RuntimeSettings;
import dormouse.config.Settings;
import dormouse.config.SettingsFile;
import dormouse.config.SettingsRead;
import dormouse.listen.EventLoops;
import dormouse.ops.Metrics;
import dormouse.session.SteadyClock;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.Endpoint;
import dormouse.testkit.ImapClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;

/// A Dormouse for tests, on free ports before one backend: TLS at [#tls], the same without TLS or with STARTTLS
/// at [#plain].
public final class FrontEnd implements AutoCloseable {
  private static final InetSocketAddress ANY =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  private static final Path STATE = stateDir();

  /// `./test -Ddormouse.park=false` runs without parking.
  public static final boolean PARK =
      Boolean.parseBoolean(System.getProperty("dormouse.park", "true"));

  private final Metrics metrics = new Metrics();
  private final AtomicLong ahead = new AtomicLong(); // of the machine's clock, in nanoseconds
  private final EventLoops loops;
  private final Dormouse dormouse;

  private FrontEnd(Settings settings) {
    var clock = new SteadyClock(InstantSource.system(), () -> System.nanoTime() + ahead.get());
    loops = EventLoops.start(settings.runtime().loops(), clock);
    try {
      dormouse = Dormouse.start(settings, metrics, clock, loops);
    } catch (StartFault e) {
      throw new IllegalStateException(e);
    }
  }

  /// Before a backend without TLS at `port`, which is trusted; sessions sleep as soon as they can, and their connections are
  /// not kept for others.
  public static FrontEnd before(int port) {
    return before(port, hibernate -> hibernate);
  }

  /// @param change what the test wants otherwise; it begins with `after: 0s`, `quiet-after: 0s`, `keep-alive: 0s`
  public static FrontEnd before(int port, UnaryOperator<HibernateSettings> change) {
    return before(BackendSettings.inClear("127.0.0.1", port, /* trusted= */ true), change);
  }

  public static FrontEnd before(BackendSettings backend, UnaryOperator<HibernateSettings> change) {
    return before(backend, change, List.of());
  }

  /// The same with feeds.
  public static FrontEnd before(
      BackendSettings backend, UnaryOperator<HibernateSettings> change, List<FeedSettings> feeds) {
    return start(backend.withPool(PoolSettings.OFF), change, feeds, PARK);
  }

  /// The same as [#before], and sleepers keep their channels.
  public static FrontEnd unparked(int port) {
    BackendSettings backend = BackendSettings.inClear("127.0.0.1", port, /* trusted= */ true);
    return start(backend.withPool(PoolSettings.OFF), normal -> normal, List.of(), false);
  }

  /// The same as [#before], but connections to the backend are kept, as by default.
  public static FrontEnd keeping(int port, UnaryOperator<HibernateSettings> change) {
    return keeping(port, change, List.of());
  }

  public static FrontEnd keeping(
      int port, UnaryOperator<HibernateSettings> change, List<FeedSettings> feeds) {
    return start(
        BackendSettings.inClear("127.0.0.1", port, /* trusted= */ true), change, feeds, PARK);
  }

  private static FrontEnd start(
      BackendSettings backend,
      UnaryOperator<HibernateSettings> change,
      List<FeedSettings> feeds,
      boolean park) {
    HibernateSettings hibernate =
        HibernateSettings.DEFAULT
            .withAfter(Duration.ZERO)
            .withQuietAfter(Duration.ZERO)
            .withKeepAlive(Duration.ZERO);
    return new FrontEnd(
        Settings.of(
                List.of(
                    new ListenSettings(Protocol.IMAP, ANY, ListenTls.IMPLICIT),
                    new ListenSettings(Protocol.IMAP, ANY, ListenTls.OPTIONAL)),
                Map.of("mx", backend.withHealth(HealthSettings.UNCHECKED)))
            .withHibernate(change.apply(hibernate))
            .withFeeds(feeds)
            .withAdmin(new AdminSettings(null))
            .withRuntime(new RuntimeSettings(2, STATE, Duration.ofSeconds(2), park)));
  }

  /// Events of Dovecot on any free port.
  public static FeedSettings dovecotEvents() {
    DovecotEventsSettings usual = DovecotEventsSettings.DEFAULT;
    return new FeedSettings(new DovecotEventsSettings(ANY, usual.allow(), usual.backends()));
  }

  /// For [#before]: looks at sleeping mailboxes so often, and keeps its connections so long.
  public static UnaryOperator<HibernateSettings> sweeping(
      Duration sweep, Duration poll, Duration linger) {
    return from -> from.withSweep(sweep).withPoll(poll).withSyncLinger(linger);
  }

  /// For [#before]: a waking client waits so long for a backend.
  public static UnaryOperator<HibernateSettings> wakeWithin(Duration timeout) {
    return from -> from.withWakeTimeout(timeout);
  }

  /// With the settings of a file, whose state directory is [#of]'s own; TLS and plain are its first and its last listener.
  public static FrontEnd of(String file) {
    return new FrontEnd(read(file));
  }

  /// The same, with a DNS server of its own.
  public static FrontEnd askingNames(InetSocketAddress nameServer, String file) {
    return new FrontEnd(
        read(file, ", name-servers: [ \"127.0.0.1:" + nameServer.getPort() + "\" ]"));
  }

  /// From now on the settings are those of another file; a listener stays where its address is as it was in the last one, `:0` too.
  public void reload(String file) {
    try {
      dormouse.reload(read(file));
    } catch (StartFault e) {
      throw new IllegalStateException(e);
    }
  }

  private static Settings read(String file) {
    return read(file, "");
  }

  /// @param more of `runtime`
  private static Settings read(String file, String more) {
    try {
      Path written = Files.createTempFile(STATE, "dormouse", ".yaml");
      Files.writeString(
          written,
          file + "runtime: { loops: 2, state-dir: ., drain: 2s, park: " + PARK + more + " }\n");
      return switch (SettingsFile.read(written)) {
        case SettingsRead.Good(Settings settings, _) -> settings;
        case SettingsRead.Bad(var faults) -> throw new IllegalArgumentException(faults.toString());
      };
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path stateDir() {
    try {
      return Files.createTempDirectory("dormouse-test");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public Endpoint tls() {
    return Endpoint.tls(dormouse.addresses().getFirst().getPort());
  }

  public Endpoint plain() {
    return Endpoint.plain(dormouse.addresses().getLast().getPort());
  }

  /// A listener without TLS of [#of], by its place in the file.
  public Endpoint plain(int place) {
    return Endpoint.plain(dormouse.addresses().get(place).getPort());
  }

  public Endpoint startTls() {
    return Endpoint.startTls(plain().port());
  }

  /// Where its first feed listens for events.
  public int eventPort() {
    return dormouse.eventAddresses().getFirst().getPort();
  }

  /// Whether the feeds of a kind are up, of all backends.
  public boolean feedUp(String kind) {
    String gauge = "dormouse_feed_up{backend=\"mx\",feed=\"" + kind + "\"} 1.0";
    return metrics.scrape().contains(gauge);
  }

  /// What clients must trust, PEM; names `localhost` and `127.0.0.1`.
  public Path certificate() {
    return STATE.resolve("tls").resolve("self-signed.crt");
  }

  /// A client over TLS, logged in.
  public ImapClient client(String user, String password) {
    return ImapClient.connect(tls()).login(user, password);
  }

  /// Sends a user's clients away; says how many they were.
  public int kick(String user) {
    return dormouse.kick(user);
  }

  public Metrics metrics() {
    return metrics;
  }

  /// The sum of a metric over all its labels, or with its labels the metric itself; 0 if there is none.
  public double metric(String name) {
    return metrics
        .scrape()
        .lines()
        .filter(line -> line.startsWith(name + " ") || line.startsWith(name + "{"))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  public long sessions(Metrics.State state) {
    return metrics.sessions(state);
  }

  /// Waits until so many sessions sleep.
  public void awaitAsleep(long count) {
    await(() -> sessions(Metrics.State.HIBERNATED) == count, count + " sessions asleep");
  }

  /// Waits for a condition, as long as half a minute.
  public void await(BooleanSupplier condition, String what) {
    long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("not within 30 s: " + what + "\n" + metrics.scrape());
      }
      LockSupport.parkNanos(2_000_000);
    }
  }

  /// Lets Dormouse's loops end what they are at, think that so much more time has passed, and do what is due then; what waits
  /// for a backend goes on behind this.
  public void pass(Duration time) {
    loops.advance();
    ahead.addAndGet(time.toNanos());
    loops.advance();
  }

  /// Whether a user of Dovecot's is let in at [#plain].
  public boolean accepts(String user) {
    return accepts(user, DovecotServer.PASSWORD);
  }

  /// Whether whoever says this name and password is let in at [#plain].
  public boolean accepts(String user, String password) {
    try (ImapClient client = ImapClient.connect(plain())) {
      return client.command(login(user, password)).getLast().contains(" OK ");
    }
  }

  /// What a user of Dovecot's hears who is not let in at [#plain], without the tag.
  public String refusal(String user) {
    return refusal(user, DovecotServer.PASSWORD);
  }

  /// What whoever says this name and password hears, who is not let in at [#plain].
  public String refusal(String user, String password) {
    try (ImapClient client = ImapClient.connect(plain())) {
      return client.refused(login(user, password));
    }
  }

  private static String login(String user, String password) {
    return "LOGIN " + user + " " + ImapClient.quoted(password);
  }

  @Override
  public void close() {
    dormouse.close();
  }
}
