package dormouse.backend;

import dormouse.config.BackendSettings;
import dormouse.config.BackendTls;
import dormouse.proxy.ProxyHeaderWriter;
import dormouse.session.Client;
import dormouse.tls.BackendTrust;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslHandler;
import io.netty.resolver.AddressResolverGroup;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// One mail server that Dormouse stands in front of: how to reach it, and with what TLS.
///
/// Any thread.
public final class Backend {
  private final String name;
  private final BackendSettings settings;
  private final AtomicReference<BackendTrust> trust; // the same for all addresses of an entry
  private final AddressResolverGroup<InetSocketAddress> resolver;
  private final Dialer dialer;
  private final boolean epoll;
  private final Gate gate;
  private final Health health;
  private final AtomicInteger kept = new AtomicInteger();
  private volatile @Nullable String identity;

  /// @param trust makes the TLS side of a connection, for `tls` and `starttls` alike
  /// @param gate where all who log in take their turns
  /// @param resolver of host names
  /// @param epoll whether the event loops are native epoll ones
  public Backend(
      String name,
      BackendSettings settings,
      BackendTrust trust,
      Gate gate,
      Health health,
      AddressResolverGroup<InetSocketAddress> resolver,
      boolean epoll) {
    this(name, settings, new AtomicReference<>(trust), gate, health, resolver, epoll);
  }

  private Backend(
      String name,
      BackendSettings settings,
      AtomicReference<BackendTrust> trust,
      Gate gate,
      Health health,
      AddressResolverGroup<InetSocketAddress> resolver,
      boolean epoll) {
    this.name = name;
    this.settings = settings;
    this.trust = trust;
    this.gate = gate;
    this.health = health;
    this.epoll = epoll;
    this.resolver = resolver;
    this.dialer = new Dialer(settings, epoll, resolver);
  }

  /// One of the same name and kind at another address, with a gate of its own.
  Backend at(BackendSettings elsewhere) {
    return new Backend(
        name,
        elsewhere,
        trust,
        gate.another(),
        health.at(elsewhere.host() + ":" + elsewhere.port()),
        resolver,
        epoll);
  }

  /// What the server last said of itself, as `("name" "Dovecot")` of an IMAP ID response (RFC 2971); null if it has not.
  public @Nullable String identity() {
    return identity;
  }

  public void identity(String said) {
    identity = said;
  }

  /// The name that settings, log lines and metrics use.
  public String name() {
    return name;
  }

  public BackendSettings settings() {
    return settings;
  }

  /// Names the server among all that there can be: an entry can stand for many.
  public String place() {
    return name + " " + settings.host() + ":" + settings.port();
  }

  /// Whether another is the same server by the same name, though perhaps with other settings.
  public boolean isSameServer(Backend other) {
    return place().equals(other.place());
  }

  /// Where all who log in take their turns.
  public Gate gate() {
    return gate;
  }

  public Health health() {
    return health;
  }

  /// How many of its connections are kept for whoever may need them next; to be counted by those who keep them.
  public AtomicInteger kept() {
    return kept;
  }

  /// Opens a TCP connection on `loop`; with `tls: tls` the TLS handshake starts at once.
  ///
  /// The channel begins with reading switched on. The returned future fails when the host name cannot be
  /// resolved or the connection cannot be made in time; a failing handshake shows as an
  /// `SslHandshakeCompletionEvent` in the pipeline.
  ///
  /// @param loop the user's event loop; the connection lives there
  /// @param approach from where, and how long it may take
  /// @param client whom the backend is told of before anything else, if its settings want a PROXY header
  /// @param last gets the connection's events, behind the TLS handler if there is one
  public Future<Channel> dial(
      EventLoop loop, Approach approach, Client client, ChannelHandler last) {
    return dialer.dial(
        loop,
        approach,
        channel -> {
          tellOf(client, channel);
          if (settings.tls() == BackendTls.TLS) {
            channel.pipeline().addLast(tlsHandler(approach, channel));
          }
          channel.pipeline().addLast(last);
        });
  }

  private void tellOf(Client client, Channel channel) {
    switch (settings.proxyProtocol()) {
      case NONE -> {}
      case V1 -> channel.writeAndFlush(ProxyHeaderWriter.version1(client, channel.alloc()));
      case V2 -> channel.writeAndFlush(ProxyHeaderWriter.version2(client, channel.alloc()));
    }
  }

  /// The TLS handler for a channel of this backend, for STARTTLS to put first in its pipeline.
  public SslHandler tlsHandler(Approach approach, Channel channel) {
    String name = settings.tlsName();
    SslHandler handler =
        trust
            .get()
            .newHandler(channel.alloc(), name == null ? settings.host() : name, settings.port());
    Duration within = Objects.requireNonNullElse(approach.timeout(), settings.connectTimeout());
    handler.setHandshakeTimeoutMillis(within.toMillis());
    return handler;
  }

  /// From now on makes the TLS side of connections by another trust; returns the one before.
  public BackendTrust trust(BackendTrust other) {
    return trust.getAndSet(other);
  }
}
