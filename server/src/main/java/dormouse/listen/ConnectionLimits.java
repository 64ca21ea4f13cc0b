package dormouse.listen;

import dormouse.config.LimitsSettings;
import dormouse.config.Network;
import dormouse.ops.EventLog;
import dormouse.ops.Metrics;
import dormouse.session.Client;
import io.netty.channel.Channel;
import java.net.InetAddress;
import java.util.LinkedHashSet;
import java.util.SequencedSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// How many connections each address, network and listener has, awake and asleep, how many wait for their login, and who may
/// have one more. Only what is alive is counted, so what is kept grows and shrinks with the connections. Any thread; a short lock.
public final class ConnectionLimits {
  private static final EventLog LOG = EventLog.of(ConnectionLimits.class);

  private final SecretKeys secret;
  private final Metrics metrics;
  private final SequencedSet<Channel> notLoggedIn = new LinkedHashSet<>();
  private final AtomicInteger listeners = new AtomicInteger();
  private final LiveCounts awake = new LiveCounts();
  private final LiveCounts asleep = new LiveCounts();
  private volatile LimitsSettings settings;

  public ConnectionLimits(LimitsSettings settings, SecretKeys secret, Metrics metrics) {
    this.settings = settings;
    this.secret = secret;
    this.metrics = metrics;
  }

  /// New limits, for whoever comes next.
  public void limit(LimitsSettings changed) {
    settings = changed;
  }

  /// What tells a new listener from the others.
  long newListener() {
    return secret.listener(listeners.incrementAndGet());
  }

  /// Counts a connection until its channel closes or [Presence#leave], if it may come in; else closes the channel.
  ///
  /// @param listener of [#newListener]
  /// @return whether it may
  boolean admit(Channel channel, Client client, long listener) {
    LimitsSettings limits = settings;
    InetAddress address = client.remote().getAddress();
    Presence presence = presence(address, listener, !Network.contain(limits.exempt(), address));
    String reached = enter(presence, limits);
    if (reached != null) {
      refuse(channel, client, reached, null);
      return false;
    }
    channel.attr(Presence.OF).set(presence);
    channel
        .closeFuture()
        .addListener(_ -> {
          loggedIn(channel);
          leave(presence);
        });
    Channel oldest = queue(channel, limits.beforeLogin());
    if (oldest != null) {
      oldest.pipeline().fireUserEventTriggered(CrowdedOut.BY_NEWCOMERS);
    }
    return true;
  }

  Presence presence(InetAddress address, long listener, boolean counted) {
    return new Presence(
        this,
        counted ? secret.address(address) : 0,
        counted ? secret.network(address) : 0,
        listener);
  }

  Presence.@Nullable Place sleepsOn(Presence presence, InetAddress client) {
    boolean counted = presence.address != 0;
    boolean same =
        !counted
            || (presence.address == secret.address(client)
                && presence.network == secret.network(client));
    synchronized (this) {
      if (!same || presence.left || !presence.asleep) {
        return null;
      }
      presence.left = true;
    }
    return new Presence.Place(this, presence.listener, counted);
  }

  /// Closes a connection to which nothing was said yet.
  ///
  /// @param reason for log and metrics
  /// @param why more about it, if there is more to say
  void refuse(Channel channel, Client client, String reason, @Nullable String why) {
    metrics.refusedConnection(reason);
    LOG.info(
        "refused", "reason", reason, "client", client.remote(), "at", client.local(), "why", why);
    channel.close();
  }

  /// Lets one more wait for its login; beyond the limit the one that has waited longest has to go.
  private synchronized @Nullable Channel queue(Channel channel, int limit) {
    notLoggedIn.add(channel);
    return limit > 0 && notLoggedIn.size() > limit ? notLoggedIn.removeFirst() : null;
  }

  synchronized void loggedIn(Channel channel) {
    notLoggedIn.remove(channel);
  }

  private synchronized @Nullable String enter(Presence presence, LimitsSettings limits) {
    if (reached(limits.perListener(), awake.of(presence.listener))) {
      return "per-listener";
    }
    if (presence.address != 0) {
      if (reached(limits.perAddress(), awake.of(presence.address))) {
        return "per-address";
      }
      if (reached(limits.perNetwork(), awake.of(presence.network))) {
        return "per-network";
      }
      if (reached(limits.asleepPerAddress(), asleep.of(presence.address))) {
        return "asleep-per-address";
      }
      if (reached(limits.asleepPerNetwork(), asleep.of(presence.network))) {
        return "asleep-per-network";
      }
    }
    awake.add(presence.listener);
    count(awake, presence, 1);
    return null;
  }

  private static boolean reached(int limit, int count) {
    return limit > 0 && count >= limit;
  }

  private static void count(LiveCounts counts, Presence presence, int change) {
    if (presence.address == 0) {
      return;
    }
    if (change > 0) {
      counts.add(presence.address);
      counts.add(presence.network);
    } else {
      counts.remove(presence.address);
      counts.remove(presence.network);
    }
  }

  synchronized void leave(Presence presence) {
    if (presence.left) {
      return;
    }
    presence.left = true;
    awake.remove(presence.listener);
    count(presence.asleep ? asleep : awake, presence, -1);
  }

  synchronized void sleep(Presence presence, boolean sleeps) {
    if (presence.asleep != sleeps && !presence.left) {
      count(sleeps ? awake : asleep, presence, -1);
      count(sleeps ? asleep : awake, presence, 1);
      presence.asleep = sleeps;
    }
  }
}
