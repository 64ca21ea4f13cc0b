package dormouse;

import dormouse.auth.LoginGuard;
import dormouse.auth.LoginThrottle;
import dormouse.backend.Backend;
import dormouse.backend.Gate;
import dormouse.config.BackendSettings;
import dormouse.config.ListenSettings;
import dormouse.config.Settings;
import dormouse.imap.ImapDialogue;
import dormouse.imap.ImapUsers;
import dormouse.listen.ConnectionLimits;
import dormouse.listen.EventLoops;
import dormouse.listen.Listener;
import dormouse.listen.SecretKeys;
import dormouse.ops.EventLog;
import dormouse.ops.Metrics;
import dormouse.session.SessionIds;
import dormouse.tls.BackendTrust;
import dormouse.tls.BadCertificates;
import dormouse.tls.Certificates;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A running front end: the parts of [Main], built from settings and stopped together.
///
/// Any thread, but none of the event loops.
public final class Dormouse implements AutoCloseable {
  private static final EventLog LOG = EventLog.of(Dormouse.class);

  private final Settings settings;
  private final EventLoops loops;
  private final ImapUsers users;
  private final List<AutoCloseable> parts;
  private final List<Listener> listeners;

  private Dormouse(
      Settings settings,
      EventLoops loops,
      ImapUsers users,
      List<AutoCloseable> parts,
      List<Listener> listeners) {
    this.settings = settings;
    this.loops = loops;
    this.users = users;
    this.parts = parts;
    this.listeners = listeners;
  }

  /// Starts with the system's clock.
  ///
  /// @throws StartFault if a listener, a certificate or another part cannot be had
  public static Dormouse start(Settings settings, Metrics metrics) throws StartFault {
    InstantSource clock = InstantSource.system();
    return start(settings, metrics, clock, EventLoops.start(settings.runtime().loops(), clock));
  }

  /// Starts on loops of the caller, whose clock may be turned by hand; they are closed with the rest.
  public static Dormouse start(
      Settings settings, Metrics metrics, InstantSource clock, EventLoops loops) throws StartFault {
    List<AutoCloseable> parts = new ArrayList<>();
    parts.add(loops);
    try {
      Certificates certificates =
          Certificates.load(
              settings.tls(), settings.runtime().stateDir(), clock, metrics::certificates);
      parts.addFirst(certificates);
      Duration lookEvery = settings.tls().reloadEvery();
      if (lookEvery != null) {
        certificates.watch(lookEvery);
      }
      Map<String, Backend> backends = new LinkedHashMap<>();
      for (Map.Entry<String, BackendSettings> entry : settings.backends().entrySet()) {
        BackendTrust trust = BackendTrust.load(entry.getKey(), entry.getValue());
        parts.addFirst(trust);
        Gate gate = new Gate(entry.getKey(), entry.getValue().gate(), clock, metrics);
        backends.put(
            entry.getKey(),
            new Backend(entry.getKey(), entry.getValue(), trust, gate, loops.epoll()));
      }
      ImapUsers users =
          new ImapUsers(backends, loops, settings.hibernate(), settings.limits(), clock, metrics);
      List<Listener> listeners = new ArrayList<>();
      SecretKeys secret = new SecretKeys();
      ConnectionLimits limits = new ConnectionLimits(settings.limits(), secret, metrics);
      LoginThrottle throttle = new LoginThrottle(settings.throttle(), secret, clock);
      LoginGuard guard = new LoginGuard(settings.login(), throttle);
      SessionIds ids = new SessionIds();
      for (ListenSettings listen : settings.listen()) {
        ImapDialogue.Setup setup =
            new ImapDialogue.Setup(
                listen.tls(),
                certificates::newHandler,
                settings.login(),
                guard,
                users,
                loops::wheel,
                clock,
                metrics);
        Listener listener =
            Listener.bind(
                listen,
                loops,
                certificates::newHandler,
                ids,
                limits,
                client -> new ImapDialogue(setup, client));
        parts.addFirst(listener);
        listeners.add(listener);
        LOG.info("listen", "protocol", "imap", "address", listener.address(), "tls", listen.tls());
      }
      return new Dormouse(settings, loops, users, parts, listeners);
    } catch (BadCertificates | IOException e) {
      stop(parts);
      throw new StartFault(String.valueOf(e.getMessage()), e);
    }
  }

  /// Where clients can connect, in the order of the settings, with real ports.
  public List<InetSocketAddress> addresses() {
    return listeners.stream().map(Listener::address).toList();
  }

  /// The event loops, for tests that turn the clock by hand.
  EventLoops loops() {
    return loops;
  }

  /// Stops to accept, says BYE to every client, waits for them as long as `runtime.drain`, and stops.
  @Override
  public void close() {
    LOG.info("stop", "sessions", users.size());
    listeners.forEach(Listener::close);
    users.shutDown(settings.runtime().drain());
    stop(parts);
  }

  private static void stop(List<AutoCloseable> parts) {
    for (AutoCloseable part : parts) {
      try {
        part.close();
      } catch (Exception e) {
        LOG.error(e, "stop-failed", "part", part.getClass().getSimpleName());
      }
    }
  }
}
