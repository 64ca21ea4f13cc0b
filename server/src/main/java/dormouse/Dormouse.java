package dormouse;

import dormouse.auth.Admins;
import dormouse.auth.Credentials;
import dormouse.auth.LoginGuard;
import dormouse.auth.LoginThrottle;
import dormouse.auth.Logins;
import dormouse.auth.MasterUser;
import dormouse.backend.Backend;
import dormouse.backend.Backends;
import dormouse.backend.Gate;
import dormouse.backend.Health;
import dormouse.backend.Names;
import dormouse.config.BackendSettings;
import dormouse.config.ListenSettings;
import dormouse.config.SaslMechanism;
import dormouse.config.Settings;
import dormouse.config.Units;
import dormouse.directory.Directory;
import dormouse.directory.password.ScramSalts;
import dormouse.directory.step.RewriteLink;
import dormouse.feed.Feeds;
import dormouse.imap.ImapDialogue;
import dormouse.imap.ImapUsers;
import dormouse.imap.backend.HealthCheck;
import dormouse.imap.canary.Canaries;
import dormouse.listen.BindAddress;
import dormouse.listen.ConnectionLimits;
import dormouse.listen.EventLoops;
import dormouse.listen.Listeners;
import dormouse.listen.SecretKeys;
import dormouse.ops.EventLog;
import dormouse.ops.Metrics;
import dormouse.park.Parkings;
import dormouse.route.Router;
import dormouse.session.SessionIds;
import dormouse.session.SteadyClock;
import dormouse.tls.BackendTrust;
import dormouse.tls.BadCertificates;
import dormouse.tls.Certificates;
import dormouse.tls.records.RecordLayer;
import io.netty.channel.EventLoop;
import io.netty.resolver.dns.DnsAddressResolverGroup;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A running front end: the parts of [Main], built from settings, changed by new ones, and stopped together.
///
/// Any thread, but none of the event loops.
public final class Dormouse implements AutoCloseable {
  private static final EventLog LOG = EventLog.of(Dormouse.class);
  private static final String STOPPING = "Dormouse is being stopped";

  private final SteadyClock clock;
  private final Path stateDir;
  private final Metrics metrics;
  private final EventLoops loops;
  private final Feeds feeds;
  private final DnsAddressResolverGroup names;
  private final Canaries canaries;
  private final Certificates certificates;
  private final ConnectionLimits limits;
  private final LoginThrottle throttle;
  private final ImapUsers users;
  private final Links links;
  private final Listeners listeners;
  private final List<AutoCloseable> parts = new ArrayList<>(); // also guards what a reload changes
  private boolean stopping;
  private Map<String, Backend> backends = Map.of();
  private @Nullable Router router;
  private List<BackendTrust> replaced = List.of();
  private Map<Backend, HealthCheck> checks = Map.of();
  private @Nullable Directory directory;
  private String linkFiles = "";
  private volatile Settings settings;
  private volatile LoginGuard guard;

  private Dormouse(Settings settings, Metrics metrics, SteadyClock clock, EventLoops loops)
      throws BadCertificates, IOException {
    this.settings = settings;
    this.stateDir = settings.runtime().stateDir();
    this.metrics = metrics;
    this.clock = clock;
    this.loops = loops;
    names = Names.resolver(settings.runtime().nameServers(), loops.epoll());
    feeds = new Feeds(loops, clock, metrics);
    certificates =
        Certificates.load(
            settings.tls(),
            stateDir,
            clock,
            RecordLayer.telling(
                settings.runtime().ownRecords(),
                (carrier, resumed) -> metrics.handshake(carrier.label(), resumed)),
            expiries -> {
              metrics.certificates(expiries.certificates());
              metrics.revocations(expiries.revocations());
              metrics.staples(expiries.staples());
            });
    SecretKeys secret = new SecretKeys();
    limits = new ConnectionLimits(settings.limits(), secret, metrics);
    throttle = new LoginThrottle(settings.throttle(), secret, clock);
    guard = guard(settings);
    users =
        new ImapUsers(
            feeds, loops, Parkings.open(loops, settings.runtime().park(), metrics), clock, metrics);
    SessionIds ids = new SessionIds();
    canaries = new Canaries(feeds, loops, metrics, ids::next);
    listeners =
        new Listeners(
            loops,
            certificates::newHandler,
            ids,
            limits,
            (at, client) -> new ImapDialogue(setup(at), client));
    parts.add(canaries);
    links = new Links(loops.epoll(), clock, metrics);
    parts.add(feeds);
    parts.add(links);
    parts.add(certificates);
    parts.add(names);
    parts.add(loops);
  }

  /// Starts with the machine's clock.
  ///
  /// @throws StartFault if a listener, a certificate or another part cannot be had
  public static Dormouse start(Settings settings, Metrics metrics) throws StartFault {
    SteadyClock clock = SteadyClock.start();
    return start(settings, metrics, clock, EventLoops.start(settings.runtime().loops(), clock));
  }

  /// Starts on loops of the caller, whose clock may be turned by hand; they are closed with the rest.
  public static Dormouse start(
      Settings settings, Metrics metrics, SteadyClock clock, EventLoops loops) throws StartFault {
    List<AutoCloseable> begun = List.of(loops);
    try {
      Dormouse dormouse = new Dormouse(settings, metrics, clock, loops);
      begun = dormouse.parts;
      dormouse.serve(settings, null);
      Duration lookEvery = settings.tls().reloadEvery();
      if (lookEvery != null) {
        dormouse.certificates.watch(lookEvery);
      }
      return dormouse;
    } catch (BadCertificates | IOException e) {
      stop(begun);
      throw new StartFault(String.valueOf(e.getMessage()), e);
    } catch (StartFault | RuntimeException | Error e) {
      stop(begun); // a loop would keep the process, which serves nobody
      throw e;
    }
  }

  /// From now on serves as these settings say: limits, routes and listeners at once, all else whoever connects from now on. Who
  /// is there stays, also on a backend or a listener that is no more. `runtime` but for `drain`, `admin`, `tls.reload-every` and the
  /// sizes of the throttle's tables stay as they were until a restart. Blocks.
  ///
  /// @throws StartFault if they cannot be served, or nothing is any more ([#close]); then nothing has changed
  public synchronized void reload(Settings next) throws StartFault {
    refuseIfStopping(null);
    Certificates.Change shown = null;
    try {
      shown = certificates.prepare(next.tls());
      serve(next, shown);
    } catch (BadCertificates | IOException e) {
      refuseIfStopping(e);
      throw new StartFault(String.valueOf(e.getMessage()), e);
    } catch (RuntimeException e) {
      refuseIfStopping(e); // what it needs has ended meanwhile
      throw e;
    }
  }

  private void refuseIfStopping(@Nullable Exception cause) throws StartFault {
    synchronized (parts) {
      if (stopping) {
        throw new StartFault(STOPPING, cause);
      }
    }
  }

  /// Takes what may fail first, so that either all of it holds or nothing. New listeners have their address, and accept nobody
  /// before all holds.
  ///
  /// @param shown the certificates, if they are not there already
  private void serve(Settings next, Certificates.@Nullable Change shown)
      throws BadCertificates, IOException, StartFault {
    Deque<Runnable> unused = new ArrayDeque<>(); // gives back what is of no use
    if (shown != null) {
      unused.push(shown::discard);
    }
    List<BackendTrust> trusts = new ArrayList<>();
    unused.push(() -> trusts.forEach(BackendTrust::close));
    Map<Backend, BackendTrust> renewed = new LinkedHashMap<>();
    Map<String, Backend> used = new LinkedHashMap<>();
    Map<String, MasterUser> masters = new LinkedHashMap<>();
    Map<String, Supplier<Credentials>> canaryLogins = new LinkedHashMap<>();
    Map<Backend, HealthCheck> checked = new LinkedHashMap<>();
    try {
      String files = Links.fingerprint(next.directory());
      Directory asked = directory(next, files);
      if (asked != directory) {
        unused.push(asked::close);
      }
      for (Map.Entry<String, BackendSettings> entry : next.backends().entrySet()) {
        Backend backend = backend(entry.getKey(), entry.getValue(), trusts, renewed);
        used.put(entry.getKey(), backend);
        checked.put(backend, check(backend));
        MasterUser master = MasterUser.load(entry.getValue().loginAs());
        if (master != null) {
          masters.put(entry.getKey(), master);
        }
        Supplier<Credentials> canary = Canaries.login(entry.getValue(), master);
        if (canary != null) {
          canaryLogins.put(entry.getKey(), canary);
        }
      }
      LoginGuard guarding = guard(next);
      Backends before = router == null ? null : router.backends();
      Router routing = new Router(new Backends(used, before), next.groups(), next.routes());
      Logins logins = new Logins(asked, routing, masters, Admins.of(next.login()), clock);
      refuseHandedPorts(next);
      Feeds.Change told =
          feeds.prepare(
              next.feeds()); // behind all that is read: where that is wrong, it is what is told
      unused.push(told::discard);
      Listeners.Change listening = listeners.prepare(next.listen());
      unused.push(listening::discard);
      keepSalts(next);
      synchronized (parts) {
        refuseIfStopping(null);
        if (shown != null) {
          unused.removeLast();
          shown.commit();
        }
        unused.clear();
        unused.push(listening::discard);
        unused.push(told::discard);
        trusts.forEach(parts::addFirst);
        renew(renewed);
        Directory asking = directory;
        renew(asked);
        linkFiles = files;
        tell(used);
        backends = used;
        settings = next;
        guard = guarding;
        router = routing;
        unused.pop();
        told.commit();
        check(checked);
        users.serve(logins, routing, masters, next.imap(), next.hibernate(), next.limits());
        if (asking != null && asking != asked) {
          asking.retire(asked);
        }
        canaries.serve(used.values(), canaryLogins);
        limits.limit(next.limits());
        throttle.change(next.throttle());
        unused.clear();
        listening.commit();
        listeners.begin(); // whom one accepts from now on is served as all the settings say
      }
    } catch (BadCertificates | IOException | StartFault | RuntimeException | Error e) {
      unused.forEach(giveBack -> {
        try {
          giveBack.run();
        } catch (RuntimeException | Error second) {
          e.addSuppressed(second);
        }
      });
      throw e;
    }
  }

  /// What a listener or a feed listens on that is to go, it gives up when all else is had: nobody can have it before.
  private void refuseHandedPorts(Settings next) throws IOException {
    refuseHanded(ofFeeds(next), ofListeners(settings), ofListeners(next), "a listener");
    refuseHanded(ofListeners(next), ofFeeds(settings), ofFeeds(next), "a feed");
  }

  private static List<InetSocketAddress> ofListeners(Settings of) {
    return of.listen().stream().map(ListenSettings::address).toList();
  }

  private static List<InetSocketAddress> ofFeeds(Settings of) {
    return of.feeds().stream().map(Feeds::address).filter(Objects::nonNull).toList();
  }

  private static void refuseHanded(
      List<InetSocketAddress> wanted,
      List<InetSocketAddress> had,
      List<InetSocketAddress> kept,
      String by)
      throws IOException {
    for (InetSocketAddress one : wanted) {
      for (InetSocketAddress other : had) {
        boolean same = one.equals(other) || BindAddress.overlap(one, other);
        if (same && one.getPort() != 0 && !kept.contains(other)) {
          throw new IOException(
              "cannot listen on %s: %s has %s until a reload is over; take that away by one first"
                  .formatted(Units.show(one), by, Units.show(other)));
        }
      }
    }
  }

  private void tell(Map<String, Backend> used) {
    backends.keySet().stream()
        .filter(name -> !used.containsKey(name))
        .forEach(metrics::backendGone);
    used.forEach((name, backend) -> {
      if (!backend.settings().isPattern()) {
        metrics.backendUp(name, backend.health().isUp());
      }
    });
  }

  private void check(Map<Backend, HealthCheck> checked) {
    checks.forEach((backend, check) -> {
      if (checked.get(backend) != check) {
        check.close();
      }
    });
    checked.forEach((backend, check) -> {
      if (checks.get(backend) != check) {
        check.begin();
      }
    });
    checks = checked;
  }

  /// Without them a restart shows who has a salt of its own, which is no reason not to serve.
  private void keepSalts(Settings of) {
    if (of.login().mechanisms().stream().noneMatch(SaslMechanism::isScram)) {
      return;
    }
    try {
      ScramSalts.keptIn(stateDir.resolve("scram-secret"));
    } catch (IOException e) {
      LOG.warn("scram-secret-not-kept", "why", e);
    }
  }

  /// The same as before, with what it has cached, unless its settings have changed, or what is in the files of its links.
  private Directory directory(Settings next, String files) throws BadCertificates, IOException {
    return directory != null
            && next.directory().equals(settings.directory())
            && files.equals(linkFiles)
        ? directory
        : Directory.of(next.directory(), links, clock, metrics);
  }

  /// One that is replaced stays a part for as long as somebody waits for its answer.
  private void renew(Directory asked) {
    parts.removeIf(part -> part instanceof Directory old && old.isClosed());
    if (asked != directory) {
      parts.addFirst(asked);
      directory = asked;
    }
  }

  /// The same as before, with its gate and all that it has learnt, unless its settings have changed.
  ///
  /// @param trusts whatever is loaded is put there
  /// @param renewed what a backend that is the same has in its files now
  private Backend backend(
      String name,
      BackendSettings wanted,
      List<BackendTrust> trusts,
      Map<Backend, BackendTrust> renewed)
      throws BadCertificates {
    BackendTrust trust = BackendTrust.load(name, wanted);
    trusts.add(trust);
    Backend before = backends.get(name);
    if (before != null && before.settings().equals(wanted)) {
      renewed.put(before, trust);
      return before;
    }
    return new Backend(
        name,
        wanted,
        trust,
        new Gate(name, wanted.gate(), clock, metrics),
        new Health(name, wanted.host() + ":" + wanted.port(), wanted.health(), metrics),
        names,
        loops.epoll());
  }

  /// What is replaced goes at the next reload only: somebody may just be making a connection with it.
  private void renew(Map<Backend, BackendTrust> renewed) {
    for (BackendTrust old : replaced) {
      parts.remove(old);
      old.close();
    }
    replaced = new ArrayList<>();
    renewed.forEach((backend, trust) -> replaced.add(backend.trust(trust)));
  }

  /// The same as before, unless the backend is another, or the probe's password.
  private HealthCheck check(Backend backend) throws IOException {
    EventLoop loop = loops.loopOf(backend.name());
    HealthCheck now = HealthCheck.of(backend, loop, loops.wheel(loop), metrics);
    HealthCheck before = checks.get(backend);
    return before != null && before.isLike(now) ? before : now;
  }

  private LoginGuard guard(Settings of) {
    return new LoginGuard(of.login(), throttle, RewriteLink.first(of.directory()));
  }

  private ImapDialogue.Setup setup(ListenSettings listen) {
    Settings now = settings;
    return new ImapDialogue.Setup(
        listen.tls(),
        certificates::newHandler,
        now.login(),
        guard,
        users,
        users.sessions().dialogues(),
        loops::wheel,
        clock,
        metrics);
  }

  /// Where clients can connect, in the order of the settings, with real ports.
  public List<InetSocketAddress> addresses() {
    return listeners.addresses();
  }

  /// Where feeds listen for events, in the order of the settings, with real ports.
  public List<InetSocketAddress> eventAddresses() {
    return feeds.addresses();
  }

  /// The event loops, for tests that turn the clock by hand.
  EventLoops loops() {
    return loops;
  }

  /// As [dormouse.imap.ImapSessions#kick]. Not from a loop.
  public int kick(String user) {
    return users.sessions().kick(user);
  }

  /// Stops to accept, says BYE to every client, waits for them as long as `runtime.drain`, and stops. A reload that is under way is not
  /// waited for: from now on each is refused.
  @Override
  public void close() {
    synchronized (parts) {
      stopping = true;
    }
    LOG.info("stop", "sessions", users.sessions().size());
    listeners.close();
    checks.values().forEach(HealthCheck::close);
    users.sessions().shutDown(settings.runtime().drain());
    stop(parts);
  }

  private static void stop(List<AutoCloseable> parts) {
    for (AutoCloseable part : List.copyOf(parts)) {
      try {
        part.close();
      } catch (Exception | Error e) { // of one: the others are closed all the same
        LOG.error(e, "stop-failed", "part", part.getClass().getSimpleName());
      }
    }
  }
}
