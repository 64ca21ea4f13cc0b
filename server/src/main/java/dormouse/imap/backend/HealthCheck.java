package dormouse.imap.backend;

import dormouse.auth.Credentials;
import dormouse.auth.LoginResult;
import dormouse.backend.Approach;
import dormouse.backend.Backend;
import dormouse.config.HealthSettings;
import dormouse.config.HealthSettings.Check;
import dormouse.config.SecretFile;
import dormouse.directory.password.SealedPassword;
import dormouse.imap.backend.BackendLogin.Outcome;
import dormouse.ops.EventLog;
import dormouse.ops.Metrics;
import dormouse.session.Client;
import dormouse.session.Timer;
import dormouse.session.TimerWheel;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/// Tries one backend at each interval, and tells its [dormouse.backend.Health] what became of it. It does not wait at the backend's gate.
///
/// Lives on one event loop.
public final class HealthCheck implements AutoCloseable {
  private static final String PURPOSE = "health";
  private static final EventLog LOG = EventLog.of(HealthCheck.class);
  private static final InetSocketAddress US =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);

  private final Backend backend;
  private final HealthSettings settings;
  private final @Nullable SealedPassword password;
  private final EventLoop loop;
  private final TimerWheel wheel;
  private final Metrics metrics;
  private int checks;
  private @Nullable Timer timer;
  private boolean closed;

  private HealthCheck(
      Backend backend,
      @Nullable SealedPassword password,
      EventLoop loop,
      TimerWheel wheel,
      Metrics metrics) {
    this.backend = backend;
    this.settings = backend.settings().health();
    this.password = password;
    this.loop = loop;
    this.wheel = wheel;
    this.metrics = metrics;
  }

  /// The check of a backend, as its settings say; it does nothing before [#begin]. Blocks.
  ///
  /// @throws IOException if the probe's password cannot be read
  public static HealthCheck of(Backend backend, EventLoop loop, TimerWheel wheel, Metrics metrics)
      throws IOException {
    if (backend.settings().health().passwordFile() == null) {
      return new HealthCheck(backend, null, loop, wheel, metrics);
    }
    byte[] secret = SecretFile.read(backend.settings().health().passwordFile());
    try {
      return new HealthCheck(backend, SealedPassword.seal(secret), loop, wheel, metrics);
    } finally {
      Arrays.fill(secret, (byte) 0);
    }
  }

  /// Whether another one of the same backend logs in by the same password. Not after [#close].
  public boolean isLike(HealthCheck other) {
    if (password == null || other.password == null) {
      return password == null && other.password == null;
    }
    byte[] own = password.open();
    byte[] its = other.password.open();
    boolean same = MessageDigest.isEqual(own, its);
    Arrays.fill(own, (byte) 0);
    Arrays.fill(its, (byte) 0);
    return same;
  }

  /// Checks now, and then again and again. Any thread.
  public void begin() {
    if (settings.check() != Check.NONE && !backend.settings().isPattern()) {
      loop.execute(this::check);
    }
  }

  private void check() {
    if (closed) {
      return;
    }
    Client client =
        new Client("health-" + backend.name() + "." + ++checks, US, US, /* tls= */ false);
    Applicant applicant = new Applicant(client, "", credentials());
    BackendLogin.open(
            backend,
            loop,
            wheel,
            metrics,
            PURPOSE,
            applicant,
            Approach.USUAL,
            new BackendLogin.Limits(settings.timeout(), settings.timeout(), settings.check()))
        .whenComplete((ended, bug) -> {
          applicant.credentials().wipe();
          if (bug != null) {
            LOG.error(bug, "health-check-failed", "backend", backend.name());
          } else {
            judge(ended.outcome());
          }
          again();
        });
  }

  private Credentials credentials() {
    String user = settings.user();
    return user == null || password == null
        ? new Credentials("", "", new byte[0])
        : new Credentials(user, "", password.open());
  }

  private void judge(Outcome outcome) {
    switch (outcome) {
      case Outcome.LoggedIn(var connection, _) -> {
        connection.leave();
        backend.health().succeeded();
      }
      case Outcome.Failed(LoginResult.Unavailable(var cause)) ->
          backend.health().failed("check-" + cause.name().toLowerCase(Locale.ROOT));
      case Outcome.Failed(_) -> backend.health().failed("check-rejected");
    }
  }

  private void again() {
    if (closed) {
      return;
    }
    double part = ThreadLocalRandom.current().nextDouble(0.9, 1.1); // of many, never all at once
    timer =
        wheel.after(Duration.ofMillis((long) (settings.interval().toMillis() * part)), this::check);
  }

  /// Ends it. Any thread.
  @Override
  public void close() {
    loop.execute(() -> {
      closed = true;
      if (timer != null) {
        timer.cancel();
      }
      if (password != null) {
        password.wipe();
      }
    });
  }
}
