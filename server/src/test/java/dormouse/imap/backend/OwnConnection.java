package dormouse.imap.backend;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dormouse.backend.Approach;
import dormouse.backend.Backend;
import dormouse.backend.Gate;
import dormouse.backend.Health;
import dormouse.config.BackendSettings;
import dormouse.config.GateSettings;
import dormouse.config.HealthSettings;
import dormouse.config.TokenMechanism;
import dormouse.ops.Metrics;
import dormouse.session.HandClock;
import dormouse.session.TimerWheel;
import dormouse.tls.BackendTrust;
import dormouse.tls.BadCertificates;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.resolver.DefaultAddressResolverGroup;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// A [BackendConnection] without a network: the test is the backend. The clock is turned by hand.
public final class OwnConnection implements AutoCloseable {
  /// The one name of whoever is logged in.
  static final String NAME = "ann@example.org";

  private static final BackendTrust TRUST = trust();

  private final HandClock clock = new HandClock();
  private final TimerWheel wheel = new TimerWheel(clock);
  private final BackendConnection connection;
  private final EmbeddedChannel channel;

  /// One that has been greeted.
  public OwnConnection() {
    this(settings(1));
  }

  /// One to a backend with these settings.
  OwnConnection(BackendSettings settings) {
    connection =
        new BackendConnection(
            backend(settings, false), Approach.USUAL, "session", wheel, new Metrics());
    channel = new EmbeddedChannel(connection);
    say("* OK ready");
  }

  /// A backend without TLS at a port of this host, that answers within 30 s.
  static Backend backend(int port, boolean epoll) {
    return backend(settings(port), epoll);
  }

  /// One whose clients' tokens are shown to it.
  static Backend backend(int port, TokenMechanism tokens, boolean epoll) {
    return backend(settings(port).withTokenMechanism(tokens), epoll);
  }

  static Backend backend(BackendSettings settings, boolean epoll) {
    Gate gate = new Gate("mx", GateSettings.DEFAULT, new HandClock(), new Metrics());
    return new Backend(
        "mx",
        settings,
        TRUST,
        gate,
        new Health("mx", "", HealthSettings.UNCHECKED, new Metrics()),
        DefaultAddressResolverGroup.INSTANCE,
        epoll);
  }

  private static BackendSettings settings(int port) {
    return BackendSettings.inClear("127.0.0.1", port, /* trusted= */ false);
  }

  private static BackendTrust trust() {
    try {
      return BackendTrust.load("mx", settings(1));
    } catch (BadCertificates e) {
      throw new IllegalStateException(e);
    }
  }

  public BackendConnection connection() {
    return connection;
  }

  /// A pool of the same loop.
  ConnectionPool pool(Metrics metrics) {
    return new ConnectionPool(channel.eventLoop(), wheel, metrics);
  }

  /// The backend has accepted somebody, now.
  ///
  /// @param introduction what it was told of the client
  void loggedIn(
      ConnectionPool pool, Account account, LoginKey key, @Nullable Introduction introduction) {
    connection.loggedIn(
        pool.accepted(account, NAME, introduction, key, Capabilities.parse("IMAP4rev1")));
  }

  /// The backend says these lines.
  public void say(String... lines) {
    String text = String.join("\r\n", lines) + "\r\n";
    channel.writeInbound(Unpooled.copiedBuffer(text, ISO_8859_1));
  }

  /// What the backend has heard since the last call, CRLF as `|`.
  public String heard() {
    StringBuilder all = new StringBuilder();
    for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
      all.append(out.toString(ISO_8859_1));
      out.release();
    }
    return all.toString().replace("\r\n", "|");
  }

  public void pass(Duration time) {
    clock.turn(time);
    wheel.advance();
    channel.runPendingTasks();
  }

  /// The backend closes.
  @Override
  public void close() {
    channel.finishAndReleaseAll();
  }
}
