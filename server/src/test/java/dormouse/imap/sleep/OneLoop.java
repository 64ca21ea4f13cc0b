package dormouse.imap.sleep;

import dormouse.auth.Credentials;
import dormouse.auth.OwnStanding;
import dormouse.auth.Resumption;
import dormouse.backend.Approach;
import dormouse.backend.Backend;
import dormouse.config.HibernateSettings;
import dormouse.feed.BackendFeeds;
import dormouse.imap.backend.ConnectionPool;
import dormouse.imap.backend.OwnConnection;
import dormouse.ops.Metrics;
import dormouse.route.Route;
import dormouse.route.Wanted;
import dormouse.session.HandClock;
import dormouse.session.TimerWheel;
import io.netty.channel.embedded.EmbeddedChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Objects;

/// What a user's mailboxes stand on, on a loop that the test turns, with one backend that nobody reaches.
final class OneLoop {
  final HandClock clock = new HandClock();
  final TimerWheel wheel = new TimerWheel(clock);
  final Metrics metrics = new Metrics();
  final Backend backend = new OwnConnection().connection().backend();
  final BackendFeeds feeds = new BackendFeeds(backend.name(), clock, metrics);
  final StatusRoom room = new StatusRoom(metrics);
  final UserMailboxes.Surroundings surroundings;

  private final EmbeddedChannel channel = new EmbeddedChannel();

  OneLoop() {
    surroundings =
        new UserMailboxes.Surroundings(
            new ConnectionPool(channel.eventLoop(), wheel, metrics),
            _ -> feeds,
            channel.eventLoop(),
            wheel,
            metrics,
            new KeptBytes(1 << 20, metrics),
            HibernateSettings.DEFAULT,
            clock,
            room);
  }

  /// A user's, who has none yet.
  UserMailboxes of(UserMailboxes.Host host) {
    return new UserMailboxes(surroundings, host, backend);
  }

  /// Does what has been left to be done.
  void turn() {
    channel.runPendingTasks();
  }

  static Credentials credentials(String login) {
    return new Credentials(login, "", new byte[] {'x'});
  }

  /// The way back for one of ann's logins, of whom the directory is to be asked again.
  Grant grant(String login) {
    long longAgo = clock.millis() - HibernateSettings.DEFAULT.askAgainEvery().toMillis();
    return Objects.requireNonNull(
        Grant.of(
            credentials(login),
            backend,
            _ -> null,
            /* keepPassword= */ true,
            OwnStanding.of("ann", "here", longAgo)));
  }

  /// To the backend, under this name.
  Route route(String place) {
    return new Route(place, List.of(backend), List.of(), Approach.USUAL);
  }

  /// What the directory says of one of ann's logins that belongs there.
  Resumption goes(String login, Route to) {
    InetSocketAddress somewhere = new InetSocketAddress(InetAddress.getLoopbackAddress(), 143);
    return new Resumption.Goes(
        "ann",
        new Wanted("ann", "imap", somewhere, null, null, 0, null, Approach.USUAL),
        to,
        credentials(login),
        /* renewed= */ false,
        List.of(),
        /* refresh= */ null);
  }
}
